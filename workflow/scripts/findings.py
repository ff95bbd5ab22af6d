"""Decide the findings of the paper."""

from pathlib import Path

from pickbench.findings.report import write_findings
from pickbench.joblog import logged
from pickbench.metrics.table import read_collected

with logged(snakemake.log[0]):
    params, out = snakemake.params, snakemake.output
    write_findings(
        read_collected(*snakemake.input.metrics),
        params.models,
        params.datasets,
        snakemake.input.claims,
        Path(out.json),
        Path(out.tables[0]).with_suffix(""),
    )
