"""Write the table of what other rates bring."""

from pathlib import Path

from pickbench.joblog import logged
from pickbench.rates.choice import read_rates
from pickbench.rates.table import write_rate_table

with logged(snakemake.log[0]):
    params, stem = snakemake.params, Path(snakemake.output[0]).with_suffix("")
    write_rate_table(read_rates(*snakemake.input.metrics), params.models, params.datasets, stem)
