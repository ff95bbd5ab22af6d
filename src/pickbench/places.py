"""Paths that YAML files name: relative ones start at the repository's root."""

import os
from collections.abc import Mapping
from pathlib import Path

from pickbench.errors import InputError
from pickbench.protocol import TASK_FILES


def located(path: str | Path, root: Path) -> Path:
    """A path out of a YAML file: relative ones start at the repository's root.

    It is given as seen from the working directory, so that a repository that moves keeps its paths.
    """
    path = Path(path).expanduser()
    return path if path.is_absolute() else Path(os.path.relpath(root / path))


def place_of(path: str, root: Path, where: str) -> Path:
    """A path that a file names under a key, refused where none could be what it says, there or not."""
    try:
        place = located(path, root)
        os.stat(place)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass
    except (OSError, RuntimeError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        raise InputError(f"{where} is {path!r}, which can be no path: {why}") from None
    return place


def source_at(source: Mapping, root: Path) -> dict:
    """Where a dataset comes from, as its file says it; a path as seen from here."""
    return {**source, "path": str(located(source["path"], root))} if "path" in source else dict(source)


def weights_at(weights: str | Mapping[str, str], root: Path) -> str | dict[str, str]:
    """Published weights as the configuration says them, a name or a pair of files; paths as seen from here."""
    return weights if isinstance(weights, str) else {kind: str(located(path, root)) for kind, path in weights.items()}


def published_windows(settings: dict, root: Path) -> list[Path]:
    """The files of the published windows that a dataset names, those that its tasks need; none without such windows."""
    if settings["windows"] is None:
        return []
    needed = [name for name, tasks in TASK_FILES.items() if set(tasks) & set(settings["tasks"])]
    return [located(settings["windows"], root) / f"{name}.csv" for name in needed]
