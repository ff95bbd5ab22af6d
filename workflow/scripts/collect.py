"""Collect the metrics of all pickers."""

from pathlib import Path

from pickbench.joblog import logged
from pickbench.metrics.table import collect

with logged(snakemake.log[0]):
    collect(
        [Path(path) for path in snakemake.input.metrics], Path(snakemake.output.csv), Path(snakemake.output.parquet)
    )
