"""What Snakemake has measured of jobs: its benchmark files, gathered into one that is kept beside the metrics."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from pickbench.files import checked, replacing

NAN = float("nan")


@dataclass(frozen=True)
class Job:
    """What a benchmark file says: seconds, CPU seconds, and the largest memory in MiB; NaN where not measured."""

    seconds: float = NAN
    cpu_s: float = NAN
    peak_mb: float = NAN


def read_benchmark(path: str | Path) -> Job | None:
    """Read a benchmark file of Snakemake; None where there is none or it holds no row.

    A job that is over before it is measured has a memory of 0 or a word for it, which counts as not measured.
    """
    try:
        table = pd.read_csv(path, sep="\t")
        columns = [pd.to_numeric(table[name], errors="coerce") for name in ("s", "cpu_time", "max_rss")]
    except (OSError, ValueError, KeyError):
        return None
    if table.empty:
        return None
    seconds, cpu_s, peak_mb = columns
    peak = float(peak_mb.max())
    return Job(float(seconds.sum()), float(cpu_s.sum(min_count=1)), peak if peak > 0 else NAN)


def gather_benchmarks(paths: Iterable[str | Path], target: Path) -> None:
    """Write those of these benchmark files that are there into one table: file, seconds, cpu_s, peak_mb."""
    jobs = {str(path): read_benchmark(path) for path in paths}
    rows = [{"file": path, **asdict(job)} for path, job in sorted(jobs.items()) if job]
    with replacing(target, sealed=True) as temporary:
        pd.DataFrame(rows, columns=["file", *Job.__annotations__]).to_csv(temporary, index=False)


def read_benchmarks(*paths: str | Path) -> dict[str, Job]:
    """Read what `gather_benchmarks` wrote, by benchmark file."""
    tables = [pd.read_csv(checked(path), index_col="file") for path in paths]
    return {file: Job(*map(float, row)) for table in tables for file, *row in table.itertuples()}


def benchmarks_of_others(folder: Path, stages: Iterable[str]) -> dict[str, Job]:
    """Read the benchmark files below `folder` that lie in none of the folders of these stages, by path."""
    stages = set(stages)
    paths = (path for path in sorted(folder.rglob("*.tsv")) if path.relative_to(folder).parts[0] not in stages)
    return {str(path): job for path in paths if (job := read_benchmark(path))}
