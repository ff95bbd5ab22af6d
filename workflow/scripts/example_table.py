"""Write the table of example windows."""

from pathlib import Path

from pickbench.joblog import logged
from pickbench.tables.examples import write_example_table

with logged(snakemake.log[0]):
    params = snakemake.params
    names = {
        dataset: {(model, source): name for model, source, name in pickers} for dataset, pickers in params.names.items()
    }
    write_example_table(snakemake.input.csvs, names, params.datasets, Path(snakemake.output.tables[0]).with_suffix(""))
