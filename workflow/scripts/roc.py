"""Draw ROC curves in-domain."""

from pickbench.figures.roc import read_curve, roc_panels
from pickbench.figures.style import model_looks, save
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    panels, out = snakemake.params.panels, snakemake.output
    curves = {(model, dataset): read_curve(folder) for model, dataset, folder in panels["folders"]}
    looks = model_looks(snakemake.params.controls)
    figure = roc_panels(curves, panels["models"], panels["datasets"], looks, title=panels["title"])
    save(figure, out.pdf, out.png)
