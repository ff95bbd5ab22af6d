"""What results depend on, and what they were made on, for the records beside a picker and its predictions."""

import platform
import subprocess
from collections.abc import Sequence
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


def commit(folder: str | Path | None = None) -> dict | None:
    """Say what a git repository is at.

    Parameters
    ----------
    folder
        The root of a working tree; None for that which this package is run from.

    Returns
    -------
    dict or None
        `commit`, and `changed` for whether files differ from it or are new; None without a repository or without git.
    """
    folder = Path(__file__).resolve().parents[2] if folder is None else Path(folder)
    if not (folder / ".git").exists():  # An installed package may lie below somebody else's.
        return None
    try:
        said = [
            subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, check=True).stdout.strip()
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain"])
        ]
    except (OSError, subprocess.CalledProcessError):
        return None
    return {"commit": said[0], "changed": bool(said[1])}


def answering_device(model: dict) -> str:
    """What a model answers windows on, cpu or cuda: a GPU where there is one and the model has a network for it.

    Parameters
    ----------
    model
        The model's settings.
    """
    # What only asks for versions needs neither.
    from pickbench.models import load_adapter

    if not load_adapter(model).networks():
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
