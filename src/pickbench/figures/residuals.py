"""Matrices of residual histograms, one panel a picker on a target, for P or for S.

In-domain the rows are models and the columns datasets; across domains there is one figure per model, with a row for
each source and a column for each target. A panel shows the share of all picks per bin, so what is missing under the
histogram is its outliers, and the Laplace distribution fitted to all residuals, in the same measure; where most of them
lie beyond the axis there is no fit.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy import stats

from pickbench.figures import style
from pickbench.figures.style import Names
from pickbench.metrics.cells import check_whole, has_answer, read_columns, rows_of
from pickbench.metrics.registry import ANSWERS
from pickbench.metrics.residuals import laplace_fit, residual_limit_s, residuals_s, rmse_s

# Bin edges of the published figures: limit (s) -> number of edges.
BIN_EDGES = {0.45: 46, 1.5: 61}
TICKS = {0.45: (-0.3, 0.0, 0.3), 1.5: (-1.0, 0.0, 1.0)}
# Share of picks beyond the axis from which on a fit to all of them says nothing of what is in the panel.
MOST = 0.5
# Picks and many labels lie on whole samples of 10 ms, and so do the edges: the shift puts them clearly inside a bin.
BIN_SHIFT_S = 1e-5

# Inches: margins, gap between panels, room for tick labels within the matrix, the widest useful panel, the lowest.
LEFT_IN, RIGHT_IN, TOP_IN, BOTTOM_IN, GAP_IN = 0.36, 0.06, 0.32, 0.69, 0.06
TITLE_LINE_IN, TICK_LABELS_IN, PANEL_WIDTH_MAX_IN, PANEL_HEIGHT_MIN_IN = 0.15, 0.13, 1.7, 0.66
# Share of a panel's height that is kept free of the histogram for its numbers.
HEAD = 0.36
# Lines of numbers there, and from one to the next in sizes of a letter.
LINES, LINE_SPACING = 3, 1.08

Key = tuple[str, str]


def read_onsets(parquet: str | Path, phase: str, *more: str) -> pd.DataFrame | None:
    """Read the rows of one phase from a task 2/3 prediction file.

    Parameters
    ----------
    parquet
        {split}_task23.parquet.
    phase
        "P" or "S".
    more
        Columns besides the trace's name, its sampling rate, the label, its onset and the pick.

    Returns
    -------
    DataFrame or None
        One row a window; None where the model has no such answer.

    Raises
    ------
    InputError
        If the file cannot be read, or only some of its rows have an answer.
    """
    answer = next(answer for answer in ANSWERS.values() if answer.phase == phase)
    columns = ["trace_name", "phase_label", "phase_onset", "sampling_rate", answer.column, *more]
    table = read_columns(parquet, columns)
    if len(table) and not has_answer(table, answer):
        return None
    rows = rows_of(table, answer)
    check_whole(rows, answer, str(parquet))
    return rows.reset_index(drop=True)


def read_residuals(parquet: str | Path, phase: str) -> np.ndarray | None:
    """Read the residuals of one phase, (n,) seconds, with parameters and errors as of `read_onsets`."""
    rows = read_onsets(parquet, phase)
    return None if rows is None else residuals_s(rows, phase)


def draw_residuals(
    files: Mapping[Key, str | Path],
    phase: str,
    rows: Names,
    columns: Names,
    regions: Mapping[str, str],
    *,
    title: str = "",
) -> Figure:
    """Draw a matrix of residual histograms from prediction files.

    Parameters
    ----------
    files
        (row id, column id) -> task 2/3 prediction file; pairs left out are empty panels.
    phase
        "P" or "S".
    rows, columns
        (id, title) of models or sources, and of targets.
    regions
        Dataset id -> region, which sets the axis of a panel: the target's, across domains the source's as well.
    title
        See `residual_matrix`.
    """
    cells = {key: read_residuals(file, phase) for key, file in files.items()}
    limits = {
        (row, column): residual_limit_s(regions[column], regions.get(row)) for row, _ in rows for column, _ in columns
    }
    return residual_matrix(cells, rows, columns, limits, title=title)


def residual_matrix(
    cells: Mapping[Key, np.ndarray | None],
    rows: Names,
    columns: Names,
    limits: Mapping[Key, float],
    *,
    title: str = "",
    notes: Mapping[Key, str] | None = None,
) -> Figure:
    """Draw one panel for each row and column.

    Parameters
    ----------
    cells
        (row id, column id) -> (n,) residuals in seconds. A panel is grey with a word why where there are none ("no
        picks"), where they are None ("no answer"), and where the pair is left out ("not run").
    rows, columns
        (id, title), from the top and from the left.
    limits
        (row id, column id) -> half the width of the axis in seconds, 0.45 or 1.5; beyond it is an outlier.
    title
        Heading of the figure; further lines are set smaller, for example to say what rows and columns are.
    notes
        (row id, column id) -> a word that stands below the number of picks, or in an empty panel for "no answer".

    Returns
    -------
    Figure
        At most as wide as a printed page.
    """
    with style.style():
        # Where the panels of a column differ in their axis, each has to show its own.
        mixed = any(len({limits[row, column] for row, _ in rows}) > 1 for column, _ in columns)
        figure, grid = _grid(len(rows), len(columns), TICK_LABELS_IN if mixed else 0.0, title)
        for i, (row, _) in enumerate(rows):
            for j, (column, _) in enumerate(columns):
                axes, residuals = grid[i][j], cells.get((row, column))
                limit_s, note = limits[row, column], (notes or {}).get((row, column), "")
                _axis(axes, limit_s, labelled=mixed or i == len(rows) - 1)
                if residuals is not None and len(residuals):
                    _histogram(axes, residuals, limit_s, note)
                elif (row, column) not in cells:
                    _empty(axes, "not run")
                else:
                    _empty(axes, "no picks" if residuals is not None else note or "no answer")
        _titles(grid, rows, columns)
        _legend(figure, panels=len(rows) * len(columns))
    return figure


def _grid(n_rows: int, n_columns: int, extra_gap_in: float, title: str) -> tuple[Figure, list[list[Axes]]]:
    """Lay out panels in inches, so that letters keep their size however many there are."""
    inner = style.PAGE_WIDTH_IN - LEFT_IN - RIGHT_IN - (n_columns - 1) * GAP_IN
    width = min(inner / n_columns, PANEL_WIDTH_MAX_IN)
    top = TOP_IN + (len(title.splitlines()) + 0.2) * TITLE_LINE_IN if title else TOP_IN
    gap_y = GAP_IN + extra_gap_in
    room = (style.PAGE_HEIGHT_IN - top - BOTTOM_IN + gap_y) / n_rows - gap_y
    height = max(min(max(0.75 * width, 0.8), room), PANEL_HEIGHT_MIN_IN)
    step_x, step_y = width + GAP_IN, height + gap_y
    needed = LEFT_IN + n_columns * step_x - GAP_IN + RIGHT_IN
    # The legend needs a column's width, whatever the matrix is.
    size = max(needed, style.COLUMN_WIDTH_IN), top + n_rows * step_y - gap_y + BOTTOM_IN
    left = LEFT_IN + (size[0] - needed) / 2
    figure = Figure(figsize=size)
    style.heading(figure, title, LEFT_IN, size[0] - LEFT_IN - RIGHT_IN, line_in=TITLE_LINE_IN)
    grid = []
    for i in range(n_rows):
        bottom = size[1] - top - i * step_y - height
        boxes = [(left + j * step_x, bottom, width, height) for j in range(n_columns)]
        grid.append([figure.add_axes([x / size[0], y / size[1], w / size[0], h / size[1]]) for x, y, w, h in boxes])
    return figure, grid


def _axis(axes: Axes, limit_s: float, labelled: bool) -> None:
    axes.set_xlim(-limit_s, limit_s)
    axes.set_xticks(TICKS[limit_s])
    axes.set_xticklabels([style.plain(tick) if labelled else "" for tick in TICKS[limit_s]])
    axes.tick_params(axis="x", labelsize=5.5)
    axes.set_yticks([])


def _histogram(axes: Axes, residuals: np.ndarray, limit_s: float, note: str) -> None:
    """Fill a panel: share of all picks per bin, the fitted Laplace curve, mean, median and three numbers."""
    edges = np.linspace(-limit_s, limit_s, BIN_EDGES[limit_s]) + BIN_SHIFT_S
    share = np.histogram(residuals, edges)[0] / len(residuals)
    axes.stairs(share, edges, fill=True, color=style.SKY, linewidth=0)
    peak = share.max()
    location, scale = laplace_fit(residuals)
    is_fitted = np.mean(np.abs(residuals) > limit_s) <= MOST
    if is_fitted and scale > 0:
        x, half_bin = np.linspace(-limit_s, limit_s, 401), (edges[1] - edges[0]) / 2
        fitted = stats.laplace(location, scale)
        curve = fitted.cdf(x + half_bin) - fitted.cdf(x - half_bin)
        axes.plot(x, curve, color=style.INK, linewidth=0.6)
        peak = max(peak, curve.max())
    axes.set_ylim(0, max(peak, 1e-9) / (1 - HEAD))
    _centre(axes, float(np.median(residuals)), limit_s, style.VERMILLION, "-", level=0.12)
    _centre(axes, float(np.mean(residuals)), limit_s, style.ORANGE, (0, (2.5, 1.5)), level=0.28)
    _numbers(axes, residuals, limit_s, [note] if is_fitted else [note, "no fit"])


def _centre(axes: Axes, value_s: float, limit_s: float, colour: str, line: object, level: float) -> None:
    """Mark a mean or median by a line, or by an arrowhead at the edge beyond which it lies."""
    if abs(value_s) <= limit_s:
        axes.axvline(value_s, ymax=1 - HEAD, color=colour, linestyle=line, linewidth=0.9)
        return
    side, marker = (0.955, ">") if value_s > 0 else (0.045, "<")
    axes.plot([side], [level], marker, color=colour, markersize=3, transform=axes.transAxes, markeredgewidth=0)


def _numbers(axes: Axes, residuals: np.ndarray, limit_s: float, notes: Sequence[str]) -> None:
    size = _letter_size(axes)
    numbers = {
        "OUT": np.mean(np.abs(residuals) > limit_s),
        "MAE": np.mean(np.abs(residuals)),
        "RMSE": rmse_s(residuals),
    }
    text = "\n".join(f"{name} {value:.2f}" for name, value in numbers.items())
    axes.text(0.035, 0.97, text, transform=axes.transAxes, va="top", fontsize=size, linespacing=LINE_SPACING)
    place = {"transform": axes.transAxes, "ha": "right", "va": "top", "linespacing": LINE_SPACING}
    words = "\n".join(filter(None, [f"n {style.plain_count(len(residuals))}", *notes]))
    axes.text(0.965, 0.97, words, fontsize=size, color=style.SOFT, **place)


def _empty(axes: Axes, word: str) -> None:
    axes.set_facecolor(style.PALE)
    place = {"transform": axes.transAxes, "ha": "center", "va": "center"}
    axes.text(0.5, 0.5, word, fontsize=_letter_size(axes), color=style.SOFT, **place)


def _letter_size(axes: Axes) -> float:
    """Letters of 5 points in the narrowest panels of a page, 6.5 in the widest, and as there is room for in height."""
    fits = HEAD * style.height_in(axes) * 72 / (LINES * LINE_SPACING)
    return min(float(np.interp(style.width_in(axes), [0.8, 1.5], [5.0, 6.5])), fits)


def _titles(grid: list[list[Axes]], rows: Names, columns: Names) -> None:
    for axes, (_, title) in zip(grid[0], columns, strict=True):
        text = axes.text(0.5, 1.03, title, transform=axes.transAxes, ha="center", va="bottom", fontsize=7)
        style.fit(text, style.width_in(axes), lines=2)
    for line, (_, title) in zip(grid, rows, strict=True):
        place = {"transform": line[0].transAxes, "ha": "right", "va": "center", "rotation": 90}
        text = line[0].text(-0.05, 0.5, title, fontsize=7, **place)
        style.fit(text, style.height_in(line[0]), lines=2)


def _legend(figure: Figure, panels: int) -> None:
    height = figure.get_figheight()
    handles = [
        Patch(color=style.SKY, label="share of picks"),
        Line2D([], [], color=style.INK, linewidth=0.6, label="Laplace fit"),
        Line2D([], [], color=style.VERMILLION, label="median"),
        Line2D([], [], color=style.ORANGE, linestyle=(0, (2.5, 1.5)), label="mean"),
    ]
    text = "Residual (s), late is positive.  OUT: share beyond the axis"
    scales = "Each panel has its own vertical scale.  " if panels > 1 else ""
    text += f"\n{scales}No fit: OUT above {MOST:g}"
    figure.text(0.5, 0.27 / height, text, ha="center", va="bottom")
    figure.legend(
        handles=handles, loc="lower center", bbox_to_anchor=(0.5, 0.02 / height), ncols=4, borderaxespad=0,
        handlelength=1.6, columnspacing=1.4,
    )  # fmt: skip
