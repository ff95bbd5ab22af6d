"""Draw the losses of a model's trainings."""

from pickbench.figures.losses import draw_losses
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    panels, given, out = snakemake.params.panels, snakemake.input, snakemake.output
    files = zip(given.histories, given.runs, strict=True)
    trainings = {tuple(key): pair for key, pair in zip(panels["trainings"], files, strict=True)}
    draw_losses(trainings, panels["sources"], out.pdf, out.png, title=panels["title"])
