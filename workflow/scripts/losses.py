"""Draw the losses of a model's trainings."""

from pathlib import Path

from pickbench.figures.losses import draw_losses
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    panels, out = snakemake.params.panels, snakemake.output
    folders = {(source, rate): Path(folder) for source, rate, folder in panels["folders"]}
    draw_losses(folders, panels["sources"], out.pdf, out.png, title=panels["title"])
