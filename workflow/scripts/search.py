"""Draw the searches of a model."""

from pickbench.figures.search import read_errors, search_figure
from pickbench.figures.style import save
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    params, out = snakemake.params, snakemake.output
    errors = [(source, read_errors(histories)) for source, histories in params.panels]
    save(search_figure(errors, params.title), out.pdf, out.png)
