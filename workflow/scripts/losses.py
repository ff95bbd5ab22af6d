"""Draw the losses of a model's trainings."""

from pickbench.figures.losses import draw_losses
from pickbench.figures.style import save
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    panels, out = snakemake.params.panels, snakemake.output
    trainings = {(source, lr): (history, run) for source, lr, history, run in panels["trainings"]}
    save(draw_losses(trainings, panels["sources"], title=panels["title"]), out.pdf, out.png)
