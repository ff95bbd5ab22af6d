"""Draw a matrix of residual histograms."""

from pathlib import Path

from pickbench.figures.residuals import draw_residuals
from pickbench.figures.style import save
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    panels = snakemake.params.panels
    figure = draw_residuals(
        {(row, column): Path(file) for row, column, file in panels["files"]},
        snakemake.wildcards.phase,
        panels["rows"],
        panels["columns"],
        snakemake.params.regions,
        title=panels["title"],
    )
    save(figure, snakemake.output.pdf, snakemake.output.png)
