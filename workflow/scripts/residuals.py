"""Draw matrices of residual histograms, one for each phase."""

from pathlib import Path

from pickbench.figures.residuals import draw_residuals
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    params, out = snakemake.params, snakemake.output
    files = {(row, column): Path(file) for row, column, file in params.panels["files"]}
    for phase, pdf, png in zip(params.phases, out.pdf, out.png, strict=True):
        title = f"{phase} {params.panels['title']}"
        rows, columns = params.panels["rows"], params.panels["columns"]
        draw_residuals(files, phase, rows, columns, params.regions, pdf, png, title=title)
