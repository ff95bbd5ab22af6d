"""Collect the metrics of all pickers at all rates."""

from pathlib import Path

from pickbench.joblog import logged
from pickbench.rates.choice import collect_rates

with logged(snakemake.log[0]):
    out = snakemake.output
    collect_rates([Path(path) for path in snakemake.input.metrics], Path(out.csv), Path(out.parquet))
