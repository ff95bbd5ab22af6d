"""Draw box plots of residuals across domains."""

from pathlib import Path

from pickbench.figures.boxes import draw_boxes
from pickbench.figures.style import model_looks, save
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    panels, out = snakemake.params.panels, snakemake.output
    figure = draw_boxes(
        {(model, source, target): Path(file) for model, source, target, file in panels["files"]},
        snakemake.wildcards.phase,
        panels["models"],
        panels["sources"],
        panels["targets"],
        snakemake.params.regions,
        model_looks(snakemake.params.controls),
        title=panels["title"],
    )
    save(figure, out.pdf, out.png)
