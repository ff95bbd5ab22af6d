"""Draw the residuals on a dataset against a condition."""

from pickbench.figures.conditions import draw_conditions
from pickbench.figures.style import save
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    panels, facts, out = snakemake.params.panels, snakemake.input, snakemake.output
    figure = draw_conditions(
        panels["files"],
        snakemake.wildcards.phase,
        snakemake.wildcards.condition,
        panels["models"],
        (facts.traces, facts.picks),
        title=panels["title"],
    )
    save(figure, out.pdf, out.png)
