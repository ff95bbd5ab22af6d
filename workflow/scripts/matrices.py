"""Draw matrices of a metric across domains."""

from pickbench.figures.matrices import draw_matrices
from pickbench.figures.style import save
from pickbench.joblog import logged
from pickbench.metrics.table import read_collected

with logged(snakemake.log[0]):
    panels, out = snakemake.params.panels, snakemake.output
    figure = draw_matrices(
        read_collected(*snakemake.input.metrics),
        snakemake.wildcards.matrix,
        panels["seed"],
        panels["models"],
        panels["sources"],
        panels["targets"],
        title=panels["title"],
    )
    save(figure, out.pdf, out.png)
