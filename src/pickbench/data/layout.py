"""SeisBench's on-disk layout: chunk names, the `data_format` group and the positions in a trace name.

Raw and prepared datasets share it, so both readers take their file names, open files and error messages from here.
The rules are those of seisbench.data.WaveformDataset, without loading any metadata.
"""

import re
from pathlib import Path

import h5py
import numpy as np

from pickbench.errors import InputError

#: Text that stands for a missing number in a table.
NO_NUMBER = ("", "nan", "NaN", "NA", "N/A", "None", "NULL", "null", "<NA>")
#: A row, or a slice that goes forwards.
INDEX = re.compile(r"\d{1,18}|(-?\d{1,18})?:(-?\d{1,18})?(:([1-9]\d{0,17})?)?")
#: Names of chunks: part of a file's name, and never a way out of its folder.
CHUNK = re.compile(r"[\w.-]+")


def chunk_names(directory: str | Path) -> list[str]:
    """Names of a dataset's chunks, sorted; `[""]` for a dataset that has none.

    They come from the file `chunks`, else from the file names, as SeisBench takes them.

    Raises
    ------
    InputError
        When the directory is missing, its file `chunks` is none, or a chunk lacks its metadata or its waveforms.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise InputError(f"{directory}: no such directory; a dataset is a directory in SeisBench format")
    chunks = _listed_chunks(directory / "chunks")
    if not chunks and (directory / "waveforms.hdf5").is_file():
        chunks = [""]
    if not chunks:
        tables = {path.name[len("metadata") : -len(".csv")] for path in directory.glob("metadata*.csv")}
        arrays = {path.name[len("waveforms") : -len(".hdf5")] for path in directory.glob("waveforms*.hdf5")}
        chunks = sorted(tables | arrays) or [""]
    for chunk in chunks:
        for path in (metadata_path(directory, chunk), waveforms_path(directory, chunk)):
            if not path.is_file():
                raise InputError(f"{path}: missing; SeisBench format wants metadata*.csv and waveforms*.hdf5")
    return sorted(chunks)


def _listed_chunks(path: Path) -> list[str]:
    """Read a file `chunks`, if there is one."""
    if not path.is_file():
        return []
    try:
        chunks = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as UTF-8 text, a name of a chunk in each line ({error})") from error
    for chunk in chunks:
        if not CHUNK.fullmatch(chunk):
            raise InputError(f"{path}: {chunk!r} is no chunk; a name has letters, digits, _, - and . and no folder")
        if chunks.count(chunk) > 1:
            raise InputError(f"{path}: chunk {chunk!r} stands there twice; each is read once")
    return chunks


def metadata_path(directory: str | Path, chunk: str) -> Path:
    """Path of a chunk's metadata table."""
    return Path(directory) / f"metadata{chunk}.csv"


def waveforms_path(directory: str | Path, chunk: str) -> Path:
    """Path of a chunk's waveforms."""
    return Path(directory) / f"waveforms{chunk}.hdf5"


def open_waveforms(path: str | Path) -> h5py.File:
    """Open a waveform file for reading; a damaged one, or one without the group `data`, is an InputError."""
    try:
        file = h5py.File(path, "r")
        data = file.get("data")
    except (OSError, RuntimeError) as error:
        raise InputError(f"{path}: not readable as HDF5, is it truncated? ({error})") from error
    if not isinstance(data, h5py.Group):
        file.close()
        raise InputError(f"{path}: has no group 'data'; waveforms in SeisBench format have one")
    return file


def data_format(file: h5py.File) -> dict:
    """Content of the group `data_format` as Python values, empty when there is no such group."""
    try:
        group = file.get("data_format", {})
        if isinstance(group, h5py.Dataset):
            raise InputError(f"{file.filename}: data_format is a dataset, expected a group of them")
        return {key: _plain(item[()]) for key, item in group.items() if isinstance(item, h5py.Dataset)}
    except (OSError, RuntimeError) as error:
        raise InputError(f"{file.filename}: data_format is not readable, is the file damaged? ({error})") from error


def parse_trace_name(name: str) -> tuple[str, tuple[int | slice, ...]]:
    """Take a trace name apart into its block and the position in it, as SeisBench reads it.

    `bucket0$3,:3,:6000` is row 3 of block bucket0, three channels, 6000 samples; a name without `$` is a whole block.

    Raises
    ------
    ValueError
        When what follows the `$` is not a list of integers and of slices that go forwards.
    """
    block, dollar, position = name.partition("$")
    if not dollar:
        return block, ()
    parts = position.replace(" ", "").split(",")
    if not all(INDEX.fullmatch(part) for part in parts):
        raise ValueError(f"{position[:40]!r} is no position in a block, such as 3,:3,:6000")
    return block, tuple(_index(part) for part in parts)


def _index(text: str) -> int | slice:
    parts = text.split(":")
    if len(parts) == 1:
        return int(parts[0])
    return slice(*(int(part) if part else None for part in parts))


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    return value.item() if isinstance(value, np.generic) else value
