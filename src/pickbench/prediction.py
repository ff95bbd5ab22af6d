"""Applying pickers to targets: the prediction files of every cell, each column from the weights selected for it.

One job does all the targets of a picker, because starting a process costs more than a small cell. A cell's key is made
of the checksums of all that it follows from, so a job that was killed, or that meets one new target, leaves the
finished cells as they are.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.files import digest, not_as_written, read_json, remedy, replacing, sha256, write_json
from pickbench.grid import columns_of
from pickbench.metrics.registry import ANSWERS
from pickbench.models import load_adapter
from pickbench.models.base import Adapter, Question, Weights, load_weights
from pickbench.protocol import EVALUATED_SPLITS
from pickbench.provenance import made_here, versions
from pickbench.stages import VERSIONS
from pickbench.windows.tables import read_windows

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

    @classmethod
    def of(cls, files: Mapping) -> "Target":
        """The target of a `data` folder and `windows` files by name."""
        return cls(Path(files["data"]), {name: Path(path) for name, path in files["windows"].items()})


def check_rows(dataset: PreparedDataset, rows: pd.DataFrame) -> None:
    """Refuse windows of another dataset.

    Parameters
    ----------
    dataset
        The target.
    rows
        Windows, as `pickbench.windows.tables.read_windows` gives them.

    Raises
    ------
    InputError
        When a window does not lie in a trace of this dataset.
    """
    beyond = ~rows["trace_idx"].between(0, len(dataset) - 1) | (rows["start_sample"] < 0)
    if not beyond.any():
        traces = dataset.metadata.iloc[rows["trace_idx"]].reset_index(drop=True)
        same = (traces["trace_name"] == rows["trace_name"]) & (traces["trace_chunk"] == rows["trace_chunk"])
        beyond = ~same | (rows["end_sample"] > traces["trace_npts"])
    if beyond.any():
        row = rows.loc[beyond].iloc[0]
        raise InputError(
            f"{dataset.path}: window {row['start_sample']}..{row['end_sample']} of trace {row['trace_name']} does not "
            f"lie in this dataset; {remedy('its windows files')}"
        )


def answer_windows(adapter: Adapter, question: Question, weights: Weights) -> pd.DataFrame:
    """Answer windows after checking that they lie in their traces.

    Parameters
    ----------
    adapter
        The model.
    question, weights
        As for `pickbench.models.base.Adapter.answer`.

    Raises
    ------
    InputError
        When a window is not one of this dataset.
    """
    check_rows(question.dataset, question.windows)
    return adapter.answer(question, weights)


def write_answers(path: Path, rows: pd.DataFrame, answers: pd.DataFrame) -> None:
    """Write a prediction file: the windows and every answer column, NaN where there is no answer."""
    table = rows.copy()
    for column in ANSWERS:
        table[column] = answers[column].astype(float) if column in answers else float("nan")
    with replacing(path, sealed=True) as temporary:
        table.to_parquet(temporary, index=False)


@dataclass(frozen=True)
class Picker:
    """A model with the weights selected for each answer.

    Attributes
    ----------
    model
        The model's settings.
    weights_files
        Answer column -> weights file.
    seed
        The picker's seed.
    batch_size
        Windows at a time.
    """

    model: dict
    weights_files: dict[str, Path]
    seed: int
    batch_size: int

    @classmethod
    def from_selection(cls, model: dict, selected: Path, batch_size: int) -> "Picker":
        """Read what `pickbench.selection.select` wrote."""
        choice = read_json(selected)
        files = {column: Path(answer["weights"]) for column, answer in choice["answers"].items()}
        return cls(model, files, choice["seed"], batch_size)


def answer_rows(picker: Picker, dataset: PreparedDataset, rows: pd.DataFrame, windows_file: str) -> pd.DataFrame:
    """Answer windows, each answer by the weights selected for it.

    Parameters
    ----------
    picker
        The picker.
    dataset
        What to apply it to.
    rows
        Windows of it.
    windows_file
        task1 or task23: which answers are asked for.

    Returns
    -------
    DataFrame
        One row a window, one column an answer.
    """
    adapter, wanted = load_adapter(picker.model), columns_of(windows_file, list(picker.weights_files))
    answers = pd.DataFrame(index=rows.index)
    for question, weights in questions(picker, dataset, rows, wanted):
        answers[question.columns] = answer_windows(adapter, question, weights)
    return answers


def questions(
    picker: Picker, dataset: PreparedDataset, rows: pd.DataFrame, columns: list[str]
) -> Iterator[tuple[Question, Weights]]:
    """Put a picker's answers to windows as one question to each set of weights that some were selected from.

    Parameters
    ----------
    picker, dataset, rows
        As for `answer_rows`.
    columns
        Answers that the picker gives.

    Yields
    ------
    Question, Weights
        As `pickbench.models.base.Adapter.answer` takes them.
    """
    for weights_file in dict.fromkeys(picker.weights_files[column] for column in columns):
        of_file = [column for column in columns if picker.weights_files[column] == weights_file]
        yield Question(dataset, rows, of_file, picker.seed, picker.batch_size), load_weights(weights_file)


def predict_file(picker: Picker, dataset: PreparedDataset, windows: Path, split: str, output: Path) -> None:
    """Write one prediction file of a picker.

    Parameters
    ----------
    picker
        The picker.
    dataset
        What to apply it to.
    windows
        Its windows file, task1.csv or task23.csv.
    split
        dev or test.
    output
        The Parquet file.
    """
    rows = read_windows(windows, split)
    write_answers(output, rows, answer_rows(picker, dataset, rows, windows.stem))


def predict_cells(picker: Picker, targets: dict[str, Target], output: Path) -> list[dict]:
    """Apply a picker to targets, leaving cells that are finished and up to date.

    Parameters
    ----------
    picker
        The picker.
    targets
        What to apply it to, by id.
    output
        The picker's folder of predictions; each target gets a folder in it.

    Returns
    -------
    list of dict
        A record a cell, see `finish_cell`.
    """
    weights = checksums_of(picker)
    return [
        finish_cell(picker, output, name, cell_key(picker, weights, target), partial(_predict_target, picker, target))
        for name, target in targets.items()
    ]


def finish_cell(picker: Picker, output: Path, name: str, key: str, predict: Callable[[Path], list[Path]]) -> dict:
    """Make a cell, or leave it as it is where it is finished and up to date.

    Parameters
    ----------
    picker
        The picker.
    output
        The picker's folder of predictions.
    name
        The cell's folder in it.
    key
        What `cell_key` gave.
    predict
        Writes the cell's files into a folder, and gives them.

    Returns
    -------
    dict
        Its record: target (its name), key, the checksums of its files, and what made them: device, and what
        `pickbench.provenance.made_here` gives.
    """
    record = _finished(output / name, key)
    if record is not None:
        log.info("%s: up to date", name)
        return record
    log.info("%s: predicting", name)
    files = {file.name: sha256(file) for file in predict(output / name)}
    made = {"device": load_adapter(picker.model).device(), **made_here()}
    record = {"target": name, "key": key, "files": files, **made}
    write_json(output / name / "cell.json", record)
    return record


def _predict_target(picker: Picker, target: Target, folder: Path) -> list[Path]:
    """Write the prediction files of a cell."""
    files, dataset = [], PreparedDataset(target.dataset, columns=[])
    for name, windows in target.windows.items():
        for split in EVALUATED_SPLITS:
            files.append(folder / f"{split}_{name}.parquet")
            predict_file(picker, dataset, windows, split, files[-1])
    return files


def checksums_of(picker: Picker) -> dict[str, str]:
    """Checksums of a picker's weights by answer column."""
    return {column: sha256(path) for column, path in picker.weights_files.items()}


def cell_key(picker: Picker, weights: dict[str, str], target: Target, **how: object) -> str:
    """A checksum of all that a cell follows from.

    Parameters
    ----------
    picker, target
        What is applied to what.
    weights
        What `checksums_of` gave for the picker.
    how
        What else its predictions follow from.
    """
    return digest(
        {
            "version": VERSIONS["predict"],
            "packages": versions(),
            "model": picker.model,
            "weights": weights,
            "seed": picker.seed,
            "windows": {name: sha256(path) for name, path in target.windows.items()},
            "data": sha256(target.dataset / "checksums.json"),
            **how,
        }
    )


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
        folder = folders[record["target"]] = cells.parent / record["target"]
        for name, checksum in record["files"].items():
            if not (folder / name).exists():
                raise InputError(f"{folder / name}: missing; {remedy(cells)}")
            if sha256(folder / name) != checksum:
                raise not_as_written(folder / name, f"{cells.name} says", cells)
    return folders
