"""Draw what a dataset consists of."""

from pickbench.figures.overview import draw_overview
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    facts, params, out = snakemake.input, snakemake.params, snakemake.output
    draw_overview(facts.traces, facts.picks, out.pdf, out.png, title=params.title, about=params.about)
