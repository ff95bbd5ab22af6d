"""Write all tables."""

from pathlib import Path

from pickbench.joblog import logged
from pickbench.metrics.table import read_collected
from pickbench.tables.content import write_tables

with logged(snakemake.log[0]):
    metrics = read_collected(*snakemake.input.metrics)
    write_tables(metrics, snakemake.params.models, snakemake.params.datasets, Path(snakemake.output.tables[0]).parent)
