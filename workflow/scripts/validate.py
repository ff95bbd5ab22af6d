"""Look over models, data and published weights."""

import sys

from pickbench.joblog import logged
from pickbench.validation import validate

with logged(snakemake.log[0]):
    params = snakemake.params
    findings = validate(params.models, params.datasets, params.published, snakemake.config["model_options"])
    for line in findings.faults:
        print(f"error: {line}")
    if findings.faults:
        sys.exit(1)
print("\n".join([*findings.remarks, "configuration, data and published weights: no fault found"]))
