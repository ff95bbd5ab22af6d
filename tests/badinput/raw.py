"""A raw dataset in which all is well, ways to spoil it, or any file, and what reads it: stages and `validate`."""

from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from pickbench.validation import Overview, validate
from pickbench.windows.rules import WindowRules, write_windows
from tests.unit.conftest import run_prepare, run_split, write_raw

Spoil = Callable[[Path], object]
#: Of every three traces the last is noise.
TRACES, NPTS = 18, 1200
NAMES = [f"bucket0${row},:3,:{NPTS}" for row in range(TRACES)]
#: An event's row, and what its trace is called.
ROW = 4
NAME = NAMES[ROW]


def write_good(folder: Path) -> Path:
    """Write 18 traces of 12 s: picks, coordinates and a split, nothing to complain about."""
    rng = np.random.default_rng(11)
    event = np.arange(TRACES) % 3 != 2
    table = {
        "trace_name": NAMES,
        "trace_sampling_rate_hz": "100.0",
        "trace_component_order": "ZNE",
        "trace_start_time": "2020-01-01T00:00:00Z",
        "trace_P_arrival_sample": np.where(event, "400.0", ""),
        "trace_S_arrival_sample": np.where(event, "700.0", ""),
        "trace_P_polarity": "up",
        "source_id": np.where(event, [f"event{row}" for row in range(TRACES)], ""),
        "source_latitude_deg": "35.6",
        "source_longitude_deg": "139.7",
        "station_latitude_deg": "35.5",
        "station_longitude_deg": "139.6",
        "station_code": [f"ST{row}" for row in range(TRACES)],
        "split": [("train", "dev", "test")[row // 3 % 3] for row in range(TRACES)],
    }
    waveforms = [rng.standard_normal((3, NPTS)).astype(np.float32) for _ in range(TRACES)]
    return write_raw(folder, waveforms, table)


def data_job(raw: Path, into: Path, mapping: dict[str, str] | None = None, **how: object) -> Callable[[], None]:
    """Prepare, split and draw the windows of task 1, as their rules do."""

    def work() -> None:
        outputs = run_prepare(raw, into=into, arrival_columns=mapping)
        run_split([outputs], into, **how)
        write_windows(into, [1], WindowRules(), mapping, into / "windows" / "task1.csv", None)

    return work


def looked_over(raw: Path, **about: object) -> Overview:
    """What `snakemake validate` says of it."""
    about = {"source": {"path": str(raw)}, "arrival_columns": None, "split": "own", "windows": [], **about}
    return validate({}, {"mine": about}, [], {})


def faults(raw: Path, **about: object) -> list[str]:
    return looked_over(raw, **about).faults


def table(change: Callable[[pd.DataFrame], pd.DataFrame | None]) -> Spoil:
    """Change the table."""

    def spoil(raw: Path) -> None:
        path = raw / "metadata.csv"
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        changed = change(rows)
        (rows if changed is None else changed).to_csv(path, index=False)

    return spoil


def cell(column: str, value: str, rows: Sequence[int] | slice = (ROW,)) -> Spoil:
    """Write a value into a column, in one row if nothing else is said."""

    def change(found: pd.DataFrame) -> None:
        found.loc[found.index[rows if isinstance(rows, slice) else list(rows)], column] = value

    return table(change)


def text(change: Callable[[str], str | bytes]) -> Spoil:
    """Change the text of the table."""

    def spoil(raw: Path) -> None:
        path = raw / "metadata.csv"
        changed = change(path.read_text(encoding="utf-8"))
        path.write_bytes(changed if isinstance(changed, bytes) else changed.encode())

    return spoil


def line(number: int, change: Callable[[str], str]) -> Spoil:
    """Change one line of it, counted from 1."""

    def changed(content: str) -> str:
        lines = content.splitlines()
        lines[number - 1] = change(lines[number - 1])
        return "\n".join(lines) + "\n"

    return text(changed)


def hdf5(change: Callable[[h5py.File], object]) -> Spoil:
    """Change the waveform file."""

    def spoil(raw: Path) -> None:
        with h5py.File(raw / "waveforms.hdf5", "a") as file:
            change(file)

    return spoil


def put(path: str, value: object) -> Spoil:
    """Put something into the waveform file, in place of what is there."""

    def change(file: h5py.File) -> None:
        if path in file:
            del file[path]
        file[path] = value

    return hdf5(change)


def waveform(change: Callable[[np.ndarray], object]) -> Spoil:
    """Change the samples of one trace, (3, npts)."""

    def spoil(file: h5py.File) -> None:
        samples = file["data/bucket0"][ROW]
        change(samples)
        file["data/bucket0"][ROW] = samples

    return hdf5(spoil)


def file(name: str, content: Callable[[bytes], bytes] | bytes) -> Spoil:
    """Write a file of a folder, from what it was."""

    def spoil(folder: Path) -> None:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content(path.read_bytes()))

    return spoil
