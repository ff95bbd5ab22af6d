"""Look over models, data, and published windows, weights and figures."""

import sys

from pickbench.joblog import logged
from pickbench.validation import looked_at, validate

with logged(snakemake.log[0]):
    params = snakemake.params
    given = params.models, params.datasets, params.published
    overview = validate(*given, snakemake.config["model_options"], params.figures)
    for line in overview.faults:
        print(f"error: {line}")
    if overview.faults:
        sys.exit(1)
print("\n".join([looked_at(*given, params.figures), *overview.remarks, "no fault found"]))
