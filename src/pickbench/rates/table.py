"""The table of what other rates bring: test results at the data's own rate and at the rate that dev chose."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.metrics.registry import METRICS
from pickbench.protocol import FEWEST_WINDOWS, RATE_HZ
from pickbench.rates.study import rate_id
from pickbench.tables.content import format_number, in_order
from pickbench.tables.formats import EN_DASH, Cell, Column, Matrix, Page, Row, write_page

SHORT = {"auc": "AUC", "mcc": "MCC", "mean_s": "mean", "rmse_s": "RMSE", "mae_s": "MAE"}
# (metric, phase), as in the paper.
MEASURES = [("auc", ""), ("mcc", ""), *((name, phase) for phase in "PS" for name in ("mean_s", "rmse_s", "mae_s"))]
CELL = ["model", "source", "target", "seed", "metric", "phase"]
OWN, CHOSEN, CHOSEN_HZ, TEST_N, DEV_N = "at_100_hz", "at_selected", "selected_hz", "n", "dev_n"
NOTES = [
    "Test split. The rate was chosen on the target's dev split, for each answer by itself: by AUC, MCC, or the RMSE of "
    "the phase. It stands in brackets, in Hz. MCC is at the threshold from the target's dev.",
    f"Where there are {FEWEST_WINDOWS} or more test windows (n), the better one of the two is bold. A mean residual is"
    " better nearer to 0.",
    f"{EN_DASH} no result: the dataset does not pose the task, the model has no such answer, or there are no dev"
    " windows to choose a rate on.",
]


def rate_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Put the test results at both rates side by side.

    Parameters
    ----------
    metrics
        As `pickbench.rates.choice.read_rates` gives them.

    Returns
    -------
    DataFrame
        One row a picker, target and measure: `CELL`, the values at 100 Hz and at the selected rate, that rate (Hz), and
        the numbers of test windows and of those on dev. Without any on dev no rate is selected.
    """
    test = metrics[(metrics["split"] == "test") & (metrics["threshold_from"] != "source")]
    parts = [test[(test["metric"] == name) & (test["phase"] == phase)] for name, phase in MEASURES]
    test = pd.concat(parts)
    own = test[test["rate_hz"] == RATE_HZ].rename(columns={"value": OWN})[[*CELL, OWN, TEST_N]]
    chosen = test[test["selected"]].rename(columns={"value": CHOSEN, "rate_hz": CHOSEN_HZ})
    table = own.merge(chosen[[*CELL, CHOSEN, CHOSEN_HZ]], on=CELL, how="left", validate="one_to_one")
    on_dev = metrics[(metrics["split"] == "dev") & (metrics["threshold_from"] != "source")]
    on_dev = on_dev[on_dev["rate_hz"] == RATE_HZ].rename(columns={"n": DEV_N})
    table = table.merge(on_dev[[*CELL, DEV_N]], on=CELL, how="left", validate="one_to_one")
    return table.assign(**{DEV_N: table[DEV_N].fillna(0).astype(int)})


def write_rate_table(
    metrics: pd.DataFrame, models: Mapping[str, Mapping], datasets: Mapping[str, Mapping], stem: Path
) -> None:
    """Write the table as CSV with ids and numbers in full, as TeX and as HTML with means over seeds.

    Parameters
    ----------
    metrics
        As for `rate_table`.
    models
        Model id -> {"title": ..., "control": bool}, in the order to show them in.
    datasets
        Dataset id -> {"title": ..., "region": ...}, likewise. Sources that are no dataset follow under their id.
    stem
        Path of the files without their suffix.
    """
    table = rate_table(metrics)
    matrices = []
    for target, of_target in _parts(table, "target", datasets):
        about = datasets[target]
        for model, part in _parts(of_target, "model", models):
            rows = [
                row
                for source, of_source in _parts(part, "source", datasets)
                for row in _rows(of_source, datasets.get(source, {}).get("title", source), models[model]["control"])
            ]
            columns = [Column(_heading(*measure), _windows(_of(part, *measure))) for measure in MEASURES]
            caption = f"{about['title']} ({about['region']})"
            matrices.append(Matrix(caption, models[model]["title"], "Source, rate", columns, rows))
    seeds = ", ".join(map(str, sorted(set(table["seed"]))))
    notes = [*NOTES, f"Means over the seeds {seeds}."] if "," in seeds else NOTES
    page = Page("Waveforms played at other sampling rates", matrices, notes)
    write_page(table, page, stem)


def _parts(table: pd.DataFrame, column: str, known: Mapping) -> list[tuple[str, pd.DataFrame]]:
    """The parts of a table by an id, in the order of the configuration."""
    return [(name, table[table[column] == name]) for name in in_order(table[column], known)]


def _of(part: pd.DataFrame, metric: str, phase: str) -> pd.DataFrame:
    return part[(part["metric"] == metric) & (part["phase"] == phase)]


def _windows(part: pd.DataFrame) -> str:
    return f"n {part[TEST_N].max()}" if len(part) else ""


def _heading(metric: str, phase: str) -> str:
    unit = f" ({METRICS[metric].unit})" if METRICS[metric].unit else ""
    return f"{phase} {SHORT[metric]}{unit}".strip()


def _rows(part: pd.DataFrame, source: str, control: bool) -> list[Row]:
    """The row of the data's own rate, and that of the selected ones, of one picker (all its seeds) on one target."""
    own, chosen = [], []
    for name, phase in MEASURES:
        here = _of(part, name, phase)
        values = here[OWN].mean(), here[CHOSEN].mean()
        enough = here[TEST_N].max() >= FEWEST_WINDOWS
        before, after = ({"higher": -v, "lower": v, "zero": abs(v)}[METRICS[name].best] for v in values)
        rates = "/".join(rate_id(rate) for rate in sorted(set(here[CHOSEN_HZ].dropna())))
        in_brackets = "" if np.isnan(values[1]) else f" ({rates})"
        own.append(Cell(format_number(values[0]), "best" if enough and before < after else ""))
        chosen.append(Cell(format_number(values[1]) + in_brackets, "best" if enough and after < before else ""))
    return [Row(f"{source}, {rate_id(RATE_HZ)} Hz", control, own), Row(f"{source}, selected", control, chosen)]
