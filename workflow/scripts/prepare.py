"""Prepare one chunk of a dataset."""

from pathlib import Path

from pickbench.data.prepare import prepare
from pickbench.joblog import logged

with logged(snakemake.log[0]):
    chunk, chunks = snakemake.params.chunk
    prepare(
        Path(snakemake.input.manifest),
        Path(snakemake.output.waveforms),
        Path(snakemake.output.metadata),
        Path(snakemake.output.dropped),
        arrival_columns=snakemake.params.arrival_columns,
        chunk=chunk,
        chunks=chunks,
    )
