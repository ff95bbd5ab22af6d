"""Collect the metrics of all pickers at all rates, and what was measured of the study's jobs."""

from pathlib import Path

from pickbench.joblog import logged
from pickbench.rates.choice import collect_rates
from pickbench.tables.benchmarks import gather_benchmarks

with logged(snakemake.log[0]):
    out = snakemake.output
    collect_rates([Path(path) for path in snakemake.input.metrics], Path(out.csv), Path(out.parquet))
    gather_benchmarks(snakemake.params.benchmarks, Path(out.benchmarks))
