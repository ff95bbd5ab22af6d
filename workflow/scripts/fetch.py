"""Find a dataset's raw data, downloading them if need be, and note where they lie."""

from pathlib import Path

from pickbench.data.fetch import fetch
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    fetch(snakemake.wildcards.dataset, snakemake.params.source, Path(snakemake.output.manifest))
