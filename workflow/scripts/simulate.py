"""Make a synthetic twin, and its manifest."""

from pathlib import Path

from pickbench.data.fetch import manifest
from pickbench.joblog import logged
from pickbench.simulation import simulate

with logged(snakemake.log[0]):
    data = Path(snakemake.output.data)
    simulate(snakemake.params.source["simulate"], data, seed=snakemake.params.seed)
    dataset = snakemake.wildcards.dataset
    manifest(dataset, [{"name": dataset, "path": str(data.resolve())}], Path(snakemake.output.manifest))
