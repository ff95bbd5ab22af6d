"""Applying pickers to targets: the prediction files of every cell, each column from the weights selected for it.

One job does all the targets of a picker, because starting a process costs more than a small cell. A cell's key is made
of the checksums of all that it follows from, so a job that was killed, or that meets one new target, leaves the
finished cells as they are.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.files import read_json, replacing, sha256, write_json
from pickbench.grid import SPLITS, columns_of
from pickbench.metrics.registry import ANSWERS
from pickbench.models import load_adapter
from pickbench.models.base import Adapter, Weights, load_weights
from pickbench.stages import VERSIONS

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """What a picker is applied to.

    Attributes
    ----------
    dataset
        Folder of the prepared dataset.
    windows
        Its windows files by name (task1, task23).
    """

    dataset: Path
    windows: dict[str, Path]


def answer_windows(
    adapter: Adapter,
    dataset: PreparedDataset,
    rows: pd.DataFrame,
    weights: Weights,
    columns: Sequence[str],
    seed: int,
    batch_size: int,
) -> pd.DataFrame:
    """Answer windows after checking that they lie in their traces.

    Raises
    ------
    InputError
        When a window is not one of this dataset.
    """
    beyond = (rows["trace_idx"] >= len(dataset)) | (rows["start_sample"] < 0)
    if not beyond.any():
        names = dataset.metadata["trace_name"].to_numpy()[rows["trace_idx"]]
        npts = dataset.metadata["trace_npts"].to_numpy()[rows["trace_idx"]]
        beyond = (names != rows["trace_name"].to_numpy()) | (rows["end_sample"].to_numpy() > npts)
    if beyond.any():
        row = rows.loc[beyond].iloc[0]
        raise InputError(
            f"window {row['start_sample']}..{row['end_sample']} of trace {row['trace_name']} does not lie in this "
            f"dataset: make the windows again"
        )
    return adapter.answer(dataset, rows, weights, list(columns), seed=seed, batch_size=batch_size)


def write_answers(path: Path, rows: pd.DataFrame, answers: pd.DataFrame) -> None:
    """Write a prediction file: the windows and every answer column, NaN where there is no answer."""
    table = rows.copy()
    for column in ANSWERS:
        table[column] = answers[column].astype(float) if column in answers else float("nan")
    with replacing(path) as temporary:
        table.to_parquet(temporary, index=False)


def predict_cells(
    model: dict,
    selected: Path,
    targets: dict[str, Target],
    output: Path,
    *,
    batch_size: int,
) -> list[dict]:
    """Apply a picker to targets, leaving cells that are finished and up to date.

    Parameters
    ----------
    model
        The model's settings.
    selected
        The picker's selection: which weights give which answer.
    targets
        What to apply it to, by id.
    output
        The picker's folder of predictions; each target gets a folder in it.
    batch_size
        Windows at a time.

    Returns
    -------
    list of dict
        A record a cell: target, key, and the checksums of its files.
    """
    choice = read_json(selected)
    weights_files = {column: Path(answer["weights"]) for column, answer in choice["answers"].items()}
    checksums = {column: sha256(path) for column, path in weights_files.items()}
    adapter = load_adapter(model)
    records = []
    for target_id, target in targets.items():
        folder = output / target_id
        key = _key(model, checksums, choice["seed"], target)
        record = _finished(folder, key)
        if record is None:
            log.info("%s: predicting", target_id)
            record = _predict_cell(adapter, weights_files, choice["seed"], target, folder, batch_size)
            record = {"target": target_id, "key": key, "files": record}
            write_json(folder / "cell.json", record)
        else:
            log.info("%s: up to date", target_id)
        records.append(record)
    return records


def _key(model: dict, weights: dict[str, str], seed: int, target: Target) -> str:
    """A checksum of all that a cell follows from."""
    parts = {
        "version": VERSIONS["predict"],
        "model": {name: model.get(name) for name in ("adapter", "architecture", "settings")},
        "weights": weights,
        "seed": seed,
        "windows": {name: sha256(path) for name, path in target.windows.items()},
        "data": sha256(target.dataset / "checksums.json"),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _finished(folder: Path, key: str) -> dict | None:
    """The record of a cell whose files are whole and made from the same inputs."""
    try:
        record = read_json(folder / "cell.json")
        whole = all(sha256(folder / name) == checksum for name, checksum in record["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return record if whole and record["key"] == key else None


def finished_cells(cells: Path) -> dict[str, Path]:
    """The folders of a picker's cells, after a look that their files are the ones the prediction job wrote.

    Parameters
    ----------
    cells
        The picker's cells.json.

    Returns
    -------
    dict
        Folder by target.

    Raises
    ------
    InputError
        When a file is missing or not as it was written.
    """
    folders = {}
    for record in read_json(cells)["cells"]:
        folder = cells.parent / record["target"]
        if _finished(folder, record["key"]) != record:
            raise InputError(
                f"{folder}: the predictions are not as they were written; delete {cells} to make them again"
            )
        folders[record["target"]] = folder
    return folders


def _predict_cell(
    adapter: Adapter, weights_files: dict[str, Path], seed: int, target: Target, folder: Path, batch_size: int
) -> dict[str, str]:
    dataset = PreparedDataset(target.dataset, columns=[])
    written = {}
    for name, path in target.windows.items():
        rows = pd.read_csv(path)
        wanted = columns_of(name, list(weights_files))
        answers = pd.DataFrame(index=rows.index)
        for weights_file in dict.fromkeys(weights_files[column] for column in wanted):
            columns = [column for column in wanted if weights_files[column] == weights_file]
            weights = load_weights(weights_file)
            answers[columns] = answer_windows(adapter, dataset, rows, weights, columns, seed, batch_size)
        for split in SPLITS:
            of_split = rows["trace_split"] == split
            file = folder / f"{split}_{name}.parquet"
            write_answers(file, rows[of_split], answers[of_split])
            written[file.name] = sha256(file)
    return written
