"""Draw box plots of residuals across domains."""

from pickbench.figures.boxes import box_panels, read_boxes
from pickbench.figures.style import model_looks, save
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    panels, out = snakemake.params.panels, snakemake.output
    files = {(model, source, target): file for model, source, target, file in panels["files"]}
    figure = box_panels(
        read_boxes(files, snakemake.wildcards.phase),
        panels["models"],
        panels["sources"],
        panels["targets"],
        snakemake.params.regions,
        model_looks(snakemake.params.controls),
        title=panels["title"],
    )
    save(figure, out.pdf, out.png)
