"""Whether two runs came to the same results: what tests and `tests.soak.kill_demo` hold runs against each other by."""

from pathlib import Path

# The tables that tell times, hosts and checksums of files in which those are. All others follow from the configuration
# alone, on one machine and on CPU, whatever came in between. The README names them as well.
OF_ITS_OWN = ("demand", "demand-stages", "provenance")


def compared(folder: Path) -> set[Path]:
    """The results that have to be the same to the byte: the metrics and the tables."""
    tables = (path for path in (folder / "results" / "tables").rglob("*") if path.is_file())
    return {
        Path("results/metrics.csv"),
        *(path.relative_to(folder) for path in tables if path.stem not in OF_ITS_OWN),
    }


def first_difference(folder: Path, whole: Path) -> str | None:
    """The first file of a run that is missing, too many, or not as the other run's; None if there is none."""
    for path in sorted(compared(folder) | compared(whole)):
        ours, theirs = folder / path, whole / path
        if not (ours.exists() and theirs.exists()) or ours.read_bytes() != theirs.read_bytes():
            return str(path)
    return None
