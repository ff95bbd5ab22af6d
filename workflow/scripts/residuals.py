"""Draw matrices of residual histograms, one for each phase."""

from pathlib import Path

from pickbench.figures.residuals import draw_residuals
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    panels, regions, out = snakemake.params.panels, snakemake.params.regions, snakemake.output
    files = {(row, column): Path(file) for row, column, file in panels["files"]}
    for (phase, rows), pdf, png in zip(panels["rows"].items(), out.pdf, out.png, strict=True):
        title = f"{phase} {panels['title']}"
        draw_residuals(files, phase, rows, panels["columns"], regions, pdf, png, title=title)
