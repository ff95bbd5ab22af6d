"""Draw what a dataset consists of."""

from pickbench.data.facts import read_facts
from pickbench.figures.overview import overview
from pickbench.figures.style import save
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    facts, params, out = snakemake.input, snakemake.params, snakemake.output
    figure = overview(read_facts(facts.traces), read_facts(facts.picks), title=params.title, about=params.about)
    save(figure, out.pdf, out.png)
