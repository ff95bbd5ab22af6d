"""Draw the losses of a model's trainings."""

from pickbench.figures.losses import draw_losses
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    panels, out = snakemake.params.panels, snakemake.output
    files = {(source, rate): path for source, rate, path in panels["files"]}
    draw_losses(files, panels["sources"], out.pdf, out.png, title=panels["title"])
