"""Metrics of a picker on all its targets."""

from pathlib import Path

from pickbench.joblog import logged
from pickbench.metrics.cells import evaluate_picker
from pickbench.metrics.table import write_metrics
from pickbench.prediction import finished_cells
from pickbench.selection import selection_to_judge

with logged(snakemake.log[0]):
    metrics = evaluate_picker(
        finished_cells(Path(snakemake.input.cells)),
        snakemake.params.datasets,
        model=snakemake.wildcards.model,
        source=snakemake.wildcards.source,
        seed=int(snakemake.wildcards.seed),
        **selection_to_judge(Path(snakemake.input.selected)),
    )
    write_metrics(metrics, Path(snakemake.output.metrics))
