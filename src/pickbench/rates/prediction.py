"""Applying pickers to targets at other rates: prediction files of the usual columns, in samples at that rate.

One job does all targets and rates of a picker, and leaves finished cells as they are. What pickers answer at the rate
of the prepared data is there already, in their ordinary predictions.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from pickbench.data.prepared import PreparedDataset
from pickbench.prediction import (
    Picker,
    Target,
    answer_rows,
    cell_key,
    check_rows,
    checksums_of,
    finish_cell,
    write_answers,
)
from pickbench.protocol import EVALUATED_SPLITS
from pickbench.rates.played import PlayedDataset
from pickbench.rates.study import cell_name
from pickbench.stages import VERSIONS
from pickbench.windows.tables import read_windows


def predict_rates(picker: Picker, targets: dict[str, Target], rates_hz: Iterable[float], output: Path) -> list[dict]:
    """Apply a picker to targets at other rates, leaving cells that are finished and up to date.

    Parameters
    ----------
    picker
        The picker.
    targets
        What to apply it to, by id.
    rates_hz
        Rates to resample to, Hz.
    output
        The picker's folder; each target and rate gets a folder in it (`pickbench.rates.study.cell_name`).

    Returns
    -------
    list of dict
        A record a cell, as of `pickbench.prediction.predict_cells`.
    """
    weights, records = checksums_of(picker), []
    for target_id, target in targets.items():
        for rate_hz in rates_hz:
            key = cell_key(picker, weights, target, rate_hz=rate_hz, rates_version=VERSIONS["rates"])
            predict = partial(_predict_played, picker, target, rate_hz)
            records.append(finish_cell(picker, output, cell_name(target_id, rate_hz), key, predict))
    return records


def _predict_played(picker: Picker, target: Target, rate_hz: float, folder: Path) -> list[Path]:
    """Write the prediction files of a cell."""
    files, dataset = [], PreparedDataset(target.dataset, columns=[])
    played = PlayedDataset(dataset, rate_hz)
    for name, windows in target.windows.items():
        for split in EVALUATED_SPLITS:
            rows = read_windows(windows, split)
            check_rows(dataset, rows)
            rows = played.rows_to_ask(rows)
            answered = rows.join(answer_rows(picker, played, rows, name))
            answered = played.true_positions(answered)
            files.append(folder / f"{split}_{name}.parquet")
            write_answers(files[-1], answered[rows.columns], answered)
    return files
