"""Checksums of a prepared dataset: what trainings and predictions were made from, and whether it still is the same."""

from collections.abc import Iterable
from pathlib import Path

from pickbench.files import sha256, write_json


def write_checksums(files: Iterable[Path], output: Path) -> None:
    """Write the SHA-256 of each file, by name."""
    write_json(output, {path.name: sha256(path) for path in files})
