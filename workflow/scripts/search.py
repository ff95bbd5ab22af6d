"""Draw the searches of a model."""

from pickbench.figures.search import draw_search
from pickbench.figures.style import save
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    params, out = snakemake.params, snakemake.output
    save(draw_search(params.panels, params.title), out.pdf, out.png)
