"""What is kept of examples: a long CSV to read, and an archive of arrays to draw from.

The CSV has one row an example and picker. Figures and tables are made from these two files alone, on a machine that
has neither data nor weights.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from pickbench.errors import InputError
from pickbench.files import checked, remedy, replacing

#: Of the CSV; samples are those of the trace, and `score` is the curve of the phase at the pick.
COLUMNS = [
    "dataset", "example", "phase", "rule", "median_error_s", "trace_name", "trace_chunk", "station", "sampling_rate",
    "start_sample", "end_sample", "label_sample", "model", "source", "pick_sample", "residual_s", "score",
]  # fmt: skip
TEXTS = ("dataset", "phase", "rule", "trace_name", "trace_chunk", "station", "model", "source")
#: Order of the curves in the archive.
CURVE_NAMES = ("detection", "P", "S")


@dataclass(frozen=True)
class Examples:
    """Examples of one dataset; L samples of each are shown.

    Attributes
    ----------
    table
        `COLUMNS`.
    pickers
        (model, source) of those that are shown.
    first
        (examples,) first sample shown, of the trace; it may be negative.
    waveforms
        (examples, 3, L) float32 in ZNE, NaN beyond the trace.
    curves
        (examples, pickers, 3, L) float32 in the order of `CURVE_NAMES`, NaN where a picker has none.
    labels
        All picks of the analysts that are in the picture: example, phase, sample.
    """

    table: pd.DataFrame
    pickers: Sequence[tuple[str, str]]
    first: np.ndarray
    waveforms: np.ndarray
    curves: np.ndarray
    labels: pd.DataFrame

    def __len__(self) -> int:
        return len(self.first)


def write_examples(examples: Examples, csv: str | Path, npz: str | Path) -> None:
    """Write both files, each whole or not at all; the same examples give the same bytes."""
    models, sources = (np.array([picker[i] for picker in examples.pickers], dtype=np.str_) for i in (0, 1))
    labels = {f"label_{name}": examples.labels[name].to_numpy() for name in ("example", "sample")}
    labels["label_phase"] = examples.labels["phase"].to_numpy(dtype=np.str_)
    arrays = {name: getattr(examples, name) for name in ("first", "waveforms", "curves")}
    with replacing(npz, sealed=True) as temporary, open(temporary, "wb") as stream:
        np.savez_compressed(stream, models=models, sources=sources, **arrays, **labels)
    with replacing(csv, sealed=True) as temporary:
        examples.table[COLUMNS].to_csv(temporary, index=False, lineterminator="\n")


def read_example_table(csv: str | Path) -> pd.DataFrame:
    """Read the CSV.

    Raises
    ------
    InputError
        When it cannot be read, or is not as it was written.
    """
    csv = checked(csv)
    try:
        # A station may be called NA.
        numbers = {name: [""] for name in COLUMNS if name not in TEXTS}
        table = pd.read_csv(
            csv,
            dtype=dict.fromkeys(TEXTS, str),
            keep_default_na=False,
            na_values=numbers,
            float_precision="round_trip",
        )
        return table[COLUMNS]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{csv}: not a table of examples ({error}); {remedy('it')}") from None


def read_examples(csv: str | Path, npz: str | Path) -> Examples:
    """Read both files.

    Raises
    ------
    InputError
        When one of them cannot be read, or they are not of the same examples.
    """
    table, npz = read_example_table(csv), checked(npz)
    try:
        with np.load(npz, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        labels = pd.DataFrame({name: arrays.pop(f"label_{name}") for name in ("example", "phase", "sample")})
        pickers = list(zip(arrays.pop("models").tolist(), arrays.pop("sources").tolist(), strict=True))
        examples = Examples(table, pickers, labels=labels, **arrays)
        shapes = examples.waveforms.shape[0], *examples.curves.shape[:2]
    except (OSError, ValueError, EOFError, KeyError, TypeError, IndexError, BadZipFile, zlib.error) as error:
        raise InputError(f"{npz}: not an archive of examples ({error}); {remedy('it')}") from None
    rows = [(number, *picker) for number in range(len(examples)) for picker in pickers]
    there = list(table[["example", "model", "source"]].itertuples(index=False, name=None))
    if shapes != (len(examples), len(examples), len(pickers)) or rows != there:
        raise InputError(
            f"{csv}, {npz}: they are not of the same examples; delete both to have them made again, or copy both again"
        )
    return examples
