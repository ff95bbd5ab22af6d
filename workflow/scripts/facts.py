"""Gather the facts of a dataset."""

from pathlib import Path

from pickbench.data.facts import write_facts
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    dataset, out = Path(snakemake.input.data[0]).parent, snakemake.output
    write_facts(dataset, snakemake.params.arrival_columns, out.traces, out.picks)
