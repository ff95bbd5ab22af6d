"""SeisBench's weight files: a pair of a .pt file with the arrays and a .json file that says how to use them.

Nothing in a .pt file but plain arrays is ever unpickled, since unpickling can run what it finds.
"""

import json
import pickle
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from pickbench.errors import InputError
from pickbench.files import replacing, write_json

State = Mapping[str, torch.Tensor]
# What a damaged or hostile file may make torch raise.
UNREADABLE = (
    pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, LookupError, TypeError, AttributeError,
    struct.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
# What torch calls a class or function that it does not let a file have.
REFUSED = re.compile(r"GLOBAL (\S{1,80})")


@dataclass(frozen=True)
class WeightFiles:
    """A pair of files.

    Attributes
    ----------
    weights
        NAME.pt.vVERSION.
    metadata
        NAME.json.vVERSION.
    """

    weights: Path
    metadata: Path


def seisbench_files(architecture: type, name: str) -> WeightFiles:
    """Find published weights in SeisBench's cache, after SeisBench has downloaded what is not in there.

    Parameters
    ----------
    architecture
        Class in `seisbench.models`.
    name
        NAME or NAME@VERSION; without a version the newest in the cache, or in the repository if the cache has none.

    Raises
    ------
    InputError
        When there are no such weights, or they are not in the cache and cannot be downloaded.
    """
    import seisbench

    name, _, version = name.partition("@")
    # SeisBench ends by loading what it has found: it is to hand over the place instead.
    place = {"load": classmethod(lambda cls, path, version_str: (path, version_str))}
    finder = type(architecture.__name__, (architecture,), place)
    try:
        path, version = finder.from_pretrained(name, version_str=version or "latest")
    except (OSError, ValueError) as error:
        raise InputError(
            f"weights '{name}' of {architecture.__name__} could not be had from {seisbench.remote_model_root} "
            f"({type(error).__name__}: {error}); fetch them on a machine with a network, put them into SeisBench's "
            f"cache, {seisbench.cache_model_root} (set by SEISBENCH_CACHE_ROOT), or name a pair of files"
        ) from None
    return WeightFiles(path.with_name(f"{name}.pt.v{version}"), path.with_name(f"{name}.json.v{version}"))


def read_metadata(path: Path) -> dict:
    """Read the .json file.

    Raises
    ------
    InputError
        When it is not a JSON object with an object, or nothing, as `model_args`, `default_args` and `pickbench`.
    """
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a readable JSON file ({error})") from None
    parts = {"itself": metadata}
    if isinstance(metadata, dict):
        parts = {key: metadata.get(key, {}) for key in ("model_args", "default_args", "pickbench")}
    for key, part in parts.items():
        if not isinstance(part, dict):
            raise InputError(f"{path}: {key} is {type(part).__name__}, expected an object of keys and values")
    return metadata


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def read_state(path: Path) -> State:
    """Read the .pt file, which may hold arrays by name and nothing else.

    Raises
    ------
    InputError
        When the file is damaged or holds anything else.
    """
    try:
        damaged = _damaged_part(path)
        state = None if damaged else torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        raise InputError(f"{path}: {_fault(error)}") from None
    if damaged:
        raise InputError(f"{path}: is damaged, its part {damaged} is not what its checksum says; get it again")
    if not isinstance(state, dict) or not all(isinstance(array, torch.Tensor) for array in state.values()):
        raise InputError(f"{path}: holds something else than arrays by name")
    return state


def _damaged_part(path: Path) -> str | None:
    """The first part that fails its checksum, which torch does not look at; the older form has none."""
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as parts:
        return parts.testzip()


def _fault(error: Exception) -> str:
    """What is wrong with a file that torch does not load."""
    if isinstance(error, FileNotFoundError | IsADirectoryError | PermissionError):
        return f"cannot be read ({error.strerror})"
    if isinstance(error, pickle.UnpicklingError) and (refused := REFUSED.search(str(error))):
        return f"holds more than tensors (refused: only plain tensors are read, not {refused[1]})"
    return f"is truncated or not a PyTorch file ({type(error).__name__})"


def write_pair(files: WeightFiles, state: State, metadata: dict) -> None:
    """Write both files, each whole or not at all."""
    with replacing(files.weights) as temporary:
        torch.save(state, temporary)
    write_json(files.metadata, metadata)
