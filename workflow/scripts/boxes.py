"""Draw box plots of residuals across domains."""

from pathlib import Path

from pickbench.figures.boxes import draw_boxes
from pickbench.figures.style import model_looks
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    panels, out = snakemake.params.panels, snakemake.output
    draw_boxes(
        {(model, source, target): Path(file) for model, source, target, file in panels["files"]},
        snakemake.wildcards.phase,
        panels["models"],
        panels["sources"],
        panels["targets"],
        snakemake.params.regions,
        model_looks(snakemake.params.controls),
        out.pdf,
        out.png,
        title=panels["title"],
    )
