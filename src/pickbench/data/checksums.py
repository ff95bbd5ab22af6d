"""Checksums of a prepared dataset, by which trainings and predictions say what they were made from."""

from collections.abc import Iterable
from pathlib import Path

from pickbench.files import sha256, write_json


def write_checksums(files: Iterable[Path], output: Path) -> None:
    """Write the SHA-256 of each file, by name."""
    write_json(output, {path.name: sha256(path) for path in files})
