"""Metrics of a picker at all rates, and the rates that dev chooses."""

from pathlib import Path

from pickbench.joblog import logged
from pickbench.metrics.table import write_metrics
from pickbench.prediction import finished_cells
from pickbench.protocol import RATE_HZ
from pickbench.rates.choice import evaluate_rates
from pickbench.rates.study import cell_name
from pickbench.selection import selection_to_judge

with logged(snakemake.log[0]):
    targets = snakemake.params.targets
    prepared, played = (finished_cells(Path(path)) for path in (snakemake.input.cells, snakemake.input.rates))
    folders = {RATE_HZ: {target: prepared[target] for target in targets}}
    for rate_hz in snakemake.params.rates_hz:
        folders[rate_hz] = {target: played[cell_name(target, rate_hz)] for target in targets}
    metrics = evaluate_rates(
        folders,
        snakemake.params.datasets,
        model=snakemake.wildcards.model,
        source=snakemake.wildcards.source,
        seed=int(snakemake.wildcards.seed),
        **selection_to_judge(Path(snakemake.input.selected)),
    )
    write_metrics(metrics, Path(snakemake.output.metrics))
