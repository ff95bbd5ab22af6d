"""Draw the residuals of a model at the data's own rate and at the selected one."""

from pathlib import Path

from pickbench.figures.style import save
from pickbench.joblog import logged
from pickbench.rates.choice import read_rates
from pickbench.rates.figure import draw_rates

with logged(snakemake.log[0]):
    panels, out = snakemake.params.panels, snakemake.output
    figure = draw_rates(
        read_rates(*snakemake.input.metrics),
        {source: (Path(prepared), Path(played)) for source, prepared, played in panels["folders"]},
        snakemake.wildcards.phase,
        panels["sources"],
        panels["targets"],
        model=snakemake.wildcards.model,
        seed=panels["seed"],
        title=panels["title"],
    )
    save(figure, out.pdf, out.png)
