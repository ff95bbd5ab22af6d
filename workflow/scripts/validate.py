"""Look over models, data, and published windows, weights and figures."""

import sys
from pathlib import Path

from pickbench.joblog import logged
from pickbench.validation import looked_at, to_look_over, validate

with logged(snakemake.log[0]):
    given = to_look_over(snakemake.params.project, Path(snakemake.params.root))
    overview = validate(**given)
    for line in overview.faults:
        print(f"error: {line}")
    if overview.faults:
        sys.exit(1)
print("\n".join([looked_at(given), *overview.remarks, "no fault found"]))
