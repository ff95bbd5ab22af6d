"""Write the tables of what the run took."""

from pathlib import Path

from pickbench.joblog import logged
from pickbench.tables.benchmarks import benchmarks_of_others, read_benchmarks
from pickbench.tables.demand import SHOWING, JobFiles, write_demand

with logged(snakemake.log[0]):
    params = snakemake.params
    measured = read_benchmarks(*snakemake.input.benchmarks)
    # Of what shows results no list is kept: that is made anew wherever results are copied to.
    showing = benchmarks_of_others(Path(params.benchmarks), params.stages)
    stages = {stage: [JobFiles(**files) for files in jobs] for stage, jobs in params.stages.items()}
    stages[SHOWING] = [JobFiles(path) for path in showing]
    write_demand(stages, measured | showing, params.models, params.datasets, Path(snakemake.output[0]).parent)
