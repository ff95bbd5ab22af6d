"""Draw what a dataset consists of."""

from pickbench.figures.overview import draw_overview
from pickbench.figures.style import save
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    facts, params, out = snakemake.input, snakemake.params, snakemake.output
    figure = draw_overview(facts.traces, facts.picks, title=params.title, about=params.about)
    save(figure, out.pdf, out.png)
