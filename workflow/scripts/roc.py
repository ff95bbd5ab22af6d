"""Draw ROC curves in-domain."""

from pathlib import Path

from pickbench.figures.roc import draw_roc
from pickbench.figures.style import model_looks, save
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    panels, out = snakemake.params.panels, snakemake.output
    folders = {(model, dataset): Path(folder) for model, dataset, folder in panels["folders"]}
    looks = model_looks(snakemake.params.controls)
    figure = draw_roc(folders, panels["models"], panels["datasets"], looks, title=panels["title"])
    save(figure, out.pdf, out.png)
