"""Draw the losses of a model's trainings."""

from pickbench.figures.losses import draw_losses
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    panels, out = snakemake.params.panels, snakemake.output
    trainings = {(source, lr): (history, run) for source, lr, history, run in panels["trainings"]}
    draw_losses(trainings, panels["sources"], out.pdf, out.png, title=panels["title"])
