"""A job as a rule's script runs it, and what its user is left with: the exit status and the log."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pickbench.joblog import logged


class Ended(NamedTuple):
    """How a job ended.

    Attributes
    ----------
    status
        Exit status.
    log
        Its log, which Snakemake shows when the job fails.
    """

    status: int
    log: str

    def said_one_line(self, *words: object) -> None:
        """Assert that the job has failed with one line that holds all these words, and no traceback."""
        errors = [line for line in self.log.splitlines() if line.startswith("error: ")]
        assert self.status == 1 and len(errors) == 1, self.log
        assert "Traceback" not in self.log and self.log.splitlines()[-1] == errors[0], self.log
        assert len(errors[0]) < 700 and not [word for word in words if str(word) not in errors[0]], errors[0]


def run(folder: Path, work: Callable[[], object]) -> Ended:
    """Do the work of a job with its log in `folder`."""
    path, status = folder / "job.log", 0
    try:
        with logged(path):
            work()
    except SystemExit as left:
        status = left.code
    return Ended(status, path.read_text(encoding="utf-8"))
