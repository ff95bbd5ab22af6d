"""Write the tables of what the run took."""

from pathlib import Path

from pickbench.joblog import logged
from pickbench.tables.benchmarks import read_benchmarks
from pickbench.tables.demand import PickerFiles, write_demand

with logged(snakemake.log[0]):
    params = snakemake.params
    write_demand(
        [PickerFiles(**picker) for picker in params.pickers],
        params.stages,
        read_benchmarks(snakemake.input.benchmarks),
        params.models,
        params.datasets,
        Path(snakemake.output[0]).parent,
    )
