"""What results depend on, and what they were made on, for the records beside a picker and its predictions."""

import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pickbench import __version__

PACKAGES = (
    *("torch", "pytorch-lightning", "seisbench", "obspy", "numpy", "pandas", "scipy"),
    *("scikit-optimize", "scikit-learn"),
)
# What reads, writes and shows them, and runs it all.
OTHER_PACKAGES = ("h5py", "pyarrow", "matplotlib", "jinja2", "snakemake")


def versions(others: Sequence[str] = ()) -> dict[str, str]:
    """Versions of pickbench, Python, the packages that results depend on, and others."""
    found = {"pickbench": __version__, "python": platform.python_version()}
    for name in (*PACKAGES, *others):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def checkout() -> dict[str, str | bool] | None:
    """The git commit of this package, and whether package or workflow have changed since (`dirty`).

    Returns
    -------
    dict or None
        None where the package lies in no git checkout, also when it is installed within that of something else.
    """
    folder = Path(__file__).parent
    try:
        # An error unless this very file is in the repository.
        _git(folder, "ls-files", "--error-unmatch", Path(__file__).name)
        return {
            "commit": _git(folder, "rev-parse", "HEAD"),
            "dirty": bool(_git(folder, "status", "--porcelain", "--", ":/src", ":/workflow")),
        }
    except (OSError, subprocess.SubprocessError):
        return None


def made_here() -> dict[str, object]:
    """Where, when and by which code something was made, as `host`, `finished` and `git`, for the record beside it."""
    return {"host": platform.node(), "finished": time_of(datetime.now(UTC).timestamp()), "git": _checkout_of_process()}


@cache
def _checkout_of_process() -> dict[str, str | bool] | None:
    """That of the code which this process runs: asked for once, not once a cell."""
    return checkout()


def time_of(seconds: float) -> str:
    """A time for records and people, of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()
