"""Split a dataset."""

from pathlib import Path

from pickbench.data.checksums import write_checksums
from pickbench.data.split import split
from pickbench.joblog import logged


def paths(files) -> list[Path]:
    """One path or several, as a list."""
    return [Path(path) for path in ([files] if isinstance(files, str) else files)]


with logged(snakemake.log[0]):
    out = snakemake.output
    split(
        paths(snakemake.input.prepared),
        paths(snakemake.input.dropped),
        paths(out.metadata),
        Path(out.dropped),
        Path(out.report),
        Path(out.chunks) if out.chunks else None,
        mode=snakemake.params.mode,
        seed=snakemake.params.seed,
        expected_traces=snakemake.params.expected_traces,
    )
    write_checksums([*paths(out.metadata), *paths(snakemake.input.waveforms)], Path(out.checksums))
