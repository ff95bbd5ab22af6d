"""Residuals of a picker at the data's own rate and at the rate that dev chose, side by side for every target."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from pickbench.figures.residuals import read_residuals, residual_matrix
from pickbench.figures.style import Names
from pickbench.protocol import RATE_HZ
from pickbench.rates.study import cell_name, rate_id

# Half the axis, seconds; of all panels, so that they compare.
LIMIT_S = 1.5
FILE = "test_task23.parquet"


def selected_rate_hz(
    metrics: pd.DataFrame, model: str, source: str, target: str, seed: int, phase: str
) -> float | None:
    """The rate (Hz) that dev chose for the onsets of a phase; None where there was nothing to choose by."""
    here = metrics[metrics["selected"] & (metrics["task"] == 3) & (metrics["phase"] == phase)]
    for column, value in {"model": model, "source": source, "target": target, "seed": seed}.items():
        here = here[here[column] == value]
    return float(here["rate_hz"].iloc[0]) if len(here) else None


def draw_rates(
    metrics: pd.DataFrame,
    folders: Mapping[str, tuple[Path, Path]],
    phase: str,
    sources: Names,
    targets: Names,
    *,
    model: str,
    seed: int,
    title: str = "",
) -> Figure:
    """Draw a row for each source and two columns for each target: at the data's own rate, and at the selected one.

    Parameters
    ----------
    metrics
        As `pickbench.rates.choice.read_rates` gives them.
    folders
        Source id -> folders of the picker's predictions at the data's own rate, and at the others.
    phase
        "P" or "S".
    sources, targets
        (id, title), from the top and from the left.
    model, seed
        The pickers.
    title
        As of `pickbench.figures.residuals.residual_matrix`.
    """
    cells, notes, columns = {}, {}, {}
    for target, name in targets:
        own, chosen = f"{target} own", f"{target} selected"
        columns |= {own: f"{name}, {rate_id(RATE_HZ)} Hz", chosen: f"{name}, selected"}
        for source, _ in sources:
            prepared, played = folders[source]
            rate_hz = selected_rate_hz(metrics, model, source, target, seed, phase)
            cells[source, own] = read_residuals(prepared / target / FILE, phase)
            if rate_hz is None:
                cells[source, chosen] = None
                if cells[source, own] is not None:
                    notes[source, chosen] = "nothing on dev"
                continue
            folder = prepared / target if rate_hz == RATE_HZ else played / cell_name(target, rate_hz)
            cells[source, chosen] = read_residuals(folder / FILE, phase)
            notes[source, chosen] = f"{rate_id(rate_hz)} Hz"
    limits = {(source, column): LIMIT_S for source, _ in sources for column in columns}
    return residual_matrix(cells, sources, list(columns.items()), limits, title=title, notes=notes)
