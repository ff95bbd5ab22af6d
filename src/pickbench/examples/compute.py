"""Computing what is shown of a dataset: the chosen windows, their waveforms, and the curves of the selected weights."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.data.facts import KEY, read_facts
from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.examples.choice import choose_examples, missing, read_windows_and_picks
from pickbench.examples.files import COLUMNS, CURVE_NAMES, Examples
from pickbench.metrics.residuals import residual_limit_s
from pickbench.models import load_adapter
from pickbench.models.base import CURVES, Curve
from pickbench.prediction import Picker, check_rows, finished_cells, questions
from pickbench.protocol import RATE_HZ

# On either side of the label, or as far as a window reaches and a second more.
HALF_S, BEYOND_S = 15.0, 1.0
STATION = ("station_network_code", "station_code")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExamplePicker:
    """A picker whose curves and picks stand in the examples.

    Attributes
    ----------
    picker
        The picker.
    source
        What it learned from.
    cells
        Its finished predictions, cells.json.
    """

    picker: Picker
    source: str
    cells: Path

    def predictions(self, dataset: str) -> Path:
        """Its answers to the test windows of a dataset.

        Raises
        ------
        InputError
            When they are not there, or not as they were written.
        """
        folders = finished_cells(self.cells)
        if dataset not in folders:
            raise InputError(f"{self.cells}: has no predictions on {dataset}; delete it to have them made")
        return folders[dataset] / "test_task23.parquet"


def make_examples(
    dataset_id: str, dataset_dir: Path, picks: str | Path, pickers: Sequence[ExamplePicker], region: str
) -> Examples:
    """Choose the examples of a dataset, and compute what is shown of them.

    Parameters
    ----------
    dataset_id, dataset_dir
        The prepared dataset.
    picks
        Its table of picks (`pickbench.data.facts`).
    pickers
        The pickers, in their order in the figure.
    region
        local, regional or teleseismic, which says when a pick is an outlier.

    Raises
    ------
    InputError
        When predictions, facts or weights are not those of this dataset or cannot be read.
    """
    windows, picked = read_windows_and_picks([each.predictions(dataset_id) for each in pickers])
    chosen, picked = choose_examples(windows, picked, residual_limit_s(region))
    for line in missing(chosen):
        log.info(line)
    dataset = PreparedDataset(dataset_dir, columns=STATION)
    check_rows(dataset, chosen)
    first, length = frame(chosen)
    waveforms, valid = dataset.crop(chosen["trace_idx"].to_numpy(), first, length)
    sample = np.arange(length)
    inside = (sample >= valid[:, :1]) & (sample < valid[:, 1:])
    curves = np.full((len(chosen), len(pickers), len(CURVE_NAMES), length), np.nan, dtype=np.float32)
    for number, each in enumerate(pickers if len(chosen) else []):
        log.info("%s from %s: computing curves", each.picker.model["id"], each.source)
        for example, of_window in enumerate(curves_of(each.picker, dataset, chosen)):
            for name, curve in of_window.items():
                curves[example, number, CURVE_NAMES.index(name)] = within(curve, first[example], length)
    # Networks answer padding as well.
    curves[np.broadcast_to(~inside[:, None, None], curves.shape)] = np.nan
    chosen["station"] = stations(dataset.metadata.iloc[chosen["trace_idx"]])
    names = [(each.picker.model["id"], each.source) for each in pickers]
    return Examples(
        table=long_table(dataset_id, chosen, picked, names, curves, first),
        pickers=names,
        first=first,
        waveforms=np.where(inside[:, None], waveforms, np.float32(np.nan)),
        curves=curves,
        labels=labels_within(read_facts(picks), chosen, first, length),
    )


def frame(chosen: pd.DataFrame) -> tuple[np.ndarray, int]:
    """First sample of what is shown, (n,), and its length: the label in the middle, all of the window inside."""
    label = np.floor(chosen["phase_onset"].to_numpy(np.float64)).astype(np.int64)
    reach = [label - chosen["start_sample"].to_numpy(), chosen["end_sample"].to_numpy() - label]
    half = max(HALF_S, np.max(reach, initial=0) / RATE_HZ + BEYOND_S)
    samples = ceil(half * RATE_HZ)
    return label - samples, 2 * samples + 1


def curves_of(picker: Picker, dataset: PreparedDataset, rows: pd.DataFrame) -> list[dict[str, Curve]]:
    """Compute a picker's curves over windows, each by the weights that were selected for what is read out of it.

    Parameters
    ----------
    picker, dataset, rows
        As for `pickbench.prediction.answer_rows`.

    Returns
    -------
    list of dict
        As of `pickbench.models.base.Adapter.curves`.
    """
    adapter, found = load_adapter(picker.model), [{} for _ in range(len(rows))]
    wanted = [column for column in CURVES if column in picker.weights_files]
    for question, weights in questions(picker, dataset, rows, wanted):
        found = [before | now for before, now in zip(found, adapter.curves(question, weights), strict=True)]
    return found


def within(curve: Curve, first: int, length: int) -> np.ndarray:
    """The part of a curve from a sample of the trace on, (length,) float32, NaN where it does not reach."""
    values = np.full(length, np.nan, dtype=np.float32)
    begin = curve.first - first
    low, high = max(begin, 0), min(begin + len(curve.values), length)
    if low < high:
        values[low:high] = curve.values[low - begin : high - begin]
    return values


def stations(metadata: pd.DataFrame) -> list[str]:
    """Network and station code of each trace as far as they are known, (n,) such as CX.PB01."""
    codes = metadata.reindex(columns=STATION).fillna("")
    return [".".join(filter(None, pair)) for pair in codes.itertuples(index=False, name=None)]


def long_table(
    dataset: str,
    chosen: pd.DataFrame,
    picks: np.ndarray,
    pickers: Sequence[tuple[str, str]],
    curves: np.ndarray,
    first: np.ndarray,
) -> pd.DataFrame:
    """One row an example and picker (`pickbench.examples.files.COLUMNS`).

    Parameters
    ----------
    dataset
        Its id.
    chosen
        The examples, as `choose_examples` gives them, and their stations.
    picks
        (examples, pickers) in samples of the trace, NaN where there is none.
    pickers
        (model, source).
    curves, first
        As of `pickbench.examples.files.Examples`.
    """
    rows = []
    for number, window in enumerate(chosen.to_dict("records")):
        of_phase = curves[number, :, CURVE_NAMES.index(window["phase"])]
        about = {**window, "dataset": dataset, "example": number, "label_sample": window["phase_onset"]}
        for (model, source), pick, curve in zip(pickers, picks[number], of_phase, strict=True):
            residual = (pick - window["phase_onset"]) / window["sampling_rate"]
            score = _at(curve, pick - first[number])
            answer = {"pick_sample": pick, "residual_s": residual, "score": score}
            rows.append({**about, "model": model, "source": source, **answer})
    return pd.DataFrame(rows, columns=COLUMNS)


def _at(curve: np.ndarray, sample: float) -> float:
    """The value of a curve at a sample of it; NaN beyond."""
    if not 0 <= sample < len(curve):
        return float("nan")
    return float(curve[int(sample)])


def labels_within(picks: pd.DataFrame, chosen: pd.DataFrame, first: np.ndarray, length: int) -> pd.DataFrame:
    """The labels that lie in what is shown: example, phase, sample (of the trace), by example and sample.

    Parameters
    ----------
    picks
        All labels of the dataset: trace_name, trace_chunk, phase, sample.
    chosen
        The examples.
    first, length
        What is shown of them.
    """
    frames = chosen[KEY].assign(example=np.arange(len(chosen)), first=first)
    found = frames.merge(picks[[*KEY, "phase", "sample"]], on=KEY)
    place = found["sample"] - found["first"]
    found = found[(place >= 0) & (place < length)].sort_values(["example", "sample"], kind="stable")
    return found[["example", "phase", "sample"]].reset_index(drop=True)
