"""Set published figures beside ours."""

from pathlib import Path

from pickbench.joblog import logged
from pickbench.metrics.table import read_collected
from pickbench.tables.published import write_published

with logged(snakemake.log[0]):
    params = snakemake.params
    stem = Path(snakemake.output.tables[0]).with_suffix("")
    metrics = read_collected(*snakemake.input.metrics)
    write_published(metrics, snakemake.input.published, params.models, params.datasets, stem)
