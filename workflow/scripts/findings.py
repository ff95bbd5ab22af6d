"""Decide the findings of the paper."""

from pathlib import Path

from pickbench.findings.estimates import Results
from pickbench.findings.reading import read_findings
from pickbench.findings.report import write_findings
from pickbench.findings.trainings import failures
from pickbench.joblog import logged
from pickbench.metrics.table import read_collected

with logged(snakemake.log[0]):
    params, given, out = snakemake.params, snakemake.input, snakemake.output
    findings = read_findings(given.claims, given.form, **params.known)
    failed = failures(params.selected, params.networks)
    results = Results(read_collected(*given.metrics), params.models, params.datasets, failed)
    write_findings(findings, results, Path(out.json), Path(out.tables[0]).with_suffix(""))
