"""Take over published weights."""

from pathlib import Path

from pickbench.adoption import adopt
from pickbench.joblog import logged

with logged(snakemake.log[0], snakemake.config["model_options"]):
    params, out = snakemake.params, snakemake.output
    adopt(params.model, params.published, params.columns, params.seed, Path(out.weights), Path(out.selected))
