"""Write what the run was made with and from."""

from pathlib import Path

from pickbench.joblog import logged
from pickbench.tables.provenance import RunFiles, write_provenance

with logged(snakemake.log[0]):
    params, out = snakemake.params, snakemake.output
    write_provenance(
        RunFiles(snakemake.input.metrics, **params.files),
        params.settings,
        out.json,
        Path(out.tables[0]).with_suffix(""),
    )
