"""Draw a dataset's example waveforms."""

from pickbench.figures.examples import draw_examples
from pickbench.figures.style import save
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    panels, files, out = snakemake.params.panels, snakemake.input, snakemake.output
    names = {(model, source): name for model, source, name in panels["names"]}
    save(draw_examples(files.csv, files.npz, names, title=panels["title"]), out.pdf, out.png)
