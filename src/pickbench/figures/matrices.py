"""Matrices of one metric across domains, from the long table of results alone: sources by targets.

There is a matrix for each model that is no control, and one of their average. Darker is better, whichever direction
the metric has, and the numbers stand in the cells. Columns of few windows are hatched, since chance decides there.
"""

import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon, Rectangle
from matplotlib.patheffects import withStroke

from pickbench.averages import Average, average, few_windows
from pickbench.figures import style
from pickbench.figures.matrix_kinds import MATRICES, MatrixKind
from pickbench.figures.shades import bar_ticks, colouring, readable_on
from pickbench.figures.style import Names
from pickbench.metrics.registry import Metric
from pickbench.protocol import FEWEST_WINDOWS
from pickbench.tables.content import ORIGIN_NOTE

EMPTY = "#D4D4D4"
# Of a column of few windows.
FEW = {"facecolor": "white", "edgecolor": "#C4C4C4", "hatch": "/////", "linewidth": 0}
# In the corner of an average that lacks a model.
CORNER = np.array([(1.0, 0.0), (1.0, 0.3), (0.7, 0.0)])
# Inches.
LEFT_MAX_IN, RIGHT_IN, TOP_IN, GAP_X_IN, GAP_Y_IN = 1.0, 0.08, 0.26, 0.14, 0.27
CELL_MAX_IN, PANEL_MIN_IN = 0.45, 0.95
CELL_HEIGHT, CELL_HEIGHT_MIN_IN, CELL_HEIGHT_MAX_IN = 0.72, 0.11, 0.33
COLUMNS, TITLE_IN = 4, 0.17
# Sizes of the numbers in points, and the share of a cell that the widest one takes at most.
LETTERS, FILLED = (5.0, 7.0), 0.8
# Where a page is full: what is around the panels, the least height of their rows, and how much narrower cells may get.
AROUND_IN, ROW_IN, TIGHT = 2.2, 0.15, 0.87
# Of the numbers of windows below a panel.
COUNT_IN = 0.1
BAR_IN, BAR_HEIGHT_IN = 2.2, 0.09


def draw_matrices(
    metrics: pd.DataFrame,
    name: str,
    seed: int,
    models: Names,
    sources: Names,
    targets: Names,
    *,
    title: str = "",
) -> Figure:
    """Draw the matrices of one metric on the test split.

    Parameters
    ----------
    metrics
        The long table of results.
    name
        Of `MATRICES`.
    seed
        Which of the trainings.
    models
        (id, title) of those that are no controls; the average is over them.
    sources, targets
        (id, title) of rows and columns.
    title
        Heading of the figure.
    """
    kind = MATRICES[name]
    rows = results_of(metrics, kind, seed)
    values = model_matrices(rows, [m for m, _ in models], [s for s, _ in sources], [t for t, _ in targets])
    origin = ORIGIN_NOTE[kind.threshold_from]
    note = f"{origin.capitalize()}. " if origin else ""
    windows = rows.groupby("target")["n"].max().to_dict()
    return matrix_figure(values, kind.metric, models, sources, targets, windows=windows, title=title, note=note)


def results_of(metrics: pd.DataFrame, kind: MatrixKind, seed: int) -> pd.DataFrame:
    """The rows of the long table that a figure is about: of the test split and one seed."""
    return metrics[
        (metrics["split"] == "test")
        & (metrics["seed"] == seed)
        & (metrics["metric"] == kind.metric.name)
        & (metrics["phase"] == kind.answer.phase)
        & (metrics["threshold_from"] == kind.threshold_from)
    ]


def model_matrices(
    rows: pd.DataFrame, models: Sequence[str], sources: Sequence[str], targets: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """Give each model's values.

    Returns
    -------
    dict
        Model id -> sources by targets, in the metric's unit; NaN where there is no result.
    """
    return {
        model: rows[rows["model"] == model]
        .pivot(index="source", columns="target", values="value")
        .reindex(index=list(sources), columns=list(targets))
        .astype(float)
        for model in models
    }


def matrix_figure(
    matrices: Mapping[str, pd.DataFrame],
    metric: Metric,
    models: Names,
    sources: Names,
    targets: Names,
    *,
    windows: Mapping[str, int] | None = None,
    title: str = "",
    note: str = "",
) -> Figure:
    """Draw the matrices of one metric, and their average where there are several.

    Parameters
    ----------
    matrices
        Model id -> sources by targets; NaN is an empty cell.
    metric
        What the values are.
    models, sources, targets, title
        See `draw_matrices`.
    windows
        Number of windows by target, which stands beside its name.
    note
        What else a reader has to know, in a sentence.

    Returns
    -------
    Figure
        At most as wide as a printed page.
    """
    windows = windows or {}
    panels = [(name, matrices[model]) for model, name in models]
    together = pd.concat([matrix for _, matrix in panels])
    few = [target for target, _ in targets if target in few_windows(windows) and together[target].notna().any()]
    of_all = average([matrix for _, matrix in panels], windows) if len(models) > 1 else None
    solid = together.drop(columns=few)
    colours, norm = colouring([solid], metric)
    span = ScalarMappable(norm, colours)
    span.set_array(solid.to_numpy(float).ravel())
    numbers = {format_value(value) for value in together.to_numpy().ravel() if not np.isnan(value)}
    widest = max(map(style.width_em, numbers), default=1.0)
    with style.style():
        keys = _keys(metric, of_all, few=bool(few), empty=together.isna().any(axis=None))
        figure, grid = _layout(
            len(models) + (of_all is not None), sources, targets, windows, title,
            lambda page: _foot(page, metric, span, note, keys), widest * LETTERS[0] / 72 / FILLED,
        )  # fmt: skip
        letters = float(np.clip(FILLED * 72 * style.width_in(grid[0]) / len(targets) / widest, *LETTERS))
        for axes, (name, matrix) in zip(grid, panels, strict=False):
            _heading(axes, name)
            _panel(axes, matrix, few, span.to_rgba, letters)
        if of_all is not None:
            _heading(grid[-1], "Average", fontweight="bold")
            _panel(grid[-1], of_all.values, [], span.to_rgba, letters)
            _average_marks(grid[-1], of_all, few)
    return figure


def format_value(value: float) -> str:
    """Write a value with as many digits as fit a cell, and no negative zero."""
    digits = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _heading(axes: Axes, name: str, **look: object) -> None:
    style.fit(axes.set_title(name, pad=2.5, **look), style.width_in(axes) + 0.8 * GAP_X_IN)


def _panel(
    axes: Axes, matrix: pd.DataFrame, few: Collection[str], colour_of: Callable[[float], tuple], letters: float
) -> None:
    """Fill a panel: a cell with its number for each result, coloured if it is not of few windows.

    Where source and target are one, it has a frame.
    """
    rows, columns = matrix.shape
    axes.set(xlim=(0, columns), ylim=(rows, 0), facecolor=EMPTY)
    for row, source in enumerate(matrix.index):
        for column, target in enumerate(matrix.columns):
            value = matrix.iat[row, column]
            if not np.isnan(value):
                look, ink = FEW, {"color": style.SOFT, "path_effects": [withStroke(linewidth=1.4, foreground="white")]}
                if target not in few:
                    colour = colour_of(value)
                    look, ink = (
                        {"facecolor": colour, "edgecolor": "white", "linewidth": 0.4},
                        {"color": readable_on(colour)},
                    )
                axes.add_patch(Rectangle((column, row), 1, 1, **look))
                axes.text(column + 0.5, row + 0.5, format_value(value), ha="center", va="center_baseline",
                          fontsize=letters, **ink)  # fmt: skip
            if source == target:
                axes.add_patch(Rectangle((column, row), 1, 1, zorder=3, clip_on=False, **_frame()))


def _average_marks(axes: Axes, of_all: Average, few: Sequence[str]) -> None:
    """Hatch the columns of an average that are of few windows, and mark cells that lack a model."""
    for target in few:
        axes.add_patch(Rectangle((of_all.values.columns.get_loc(target), 0), 1, len(of_all.values), **FEW))
    for row, column in np.argwhere(of_all.mixed.to_numpy()):
        axes.add_patch(Polygon(CORNER + (column, row), facecolor=style.INK, edgecolor="white", linewidth=0.4, zorder=2))


def _frame() -> dict[str, object]:
    return {"facecolor": "none", "edgecolor": style.VERMILLION, "linewidth": 1.0}


def _keys(metric: Metric, of_all: Average | None, *, few: bool, empty: bool) -> list[tuple[Artist, str]]:
    """What a legend has to name, and how."""
    reason = "not run, not learned, or no such windows"
    if metric.at_threshold:
        reason += ", or no dev windows to set the threshold"
    keys = [(Patch(**_frame()), "in-domain")]
    if empty:
        keys.append((Patch(color=EMPTY), f"no result: {reason}"))
    if few:
        keys.append((Patch(**FEW), f"fewer than {FEWEST_WINDOWS} windows (n): no colour, not averaged"))
    if of_all is not None and of_all.mixed.any(axis=None):
        corner = {"marker": [(-1, 1), (1, 1), (1, -1)], "color": style.INK, "markersize": 4, "linestyle": ""}
        keys.append((Line2D([], [], **corner), f"average lacks one or more of the {of_all.most} models"))
    return keys


def _beside(count: int, inner_in: float, n_sources: int, n_targets: int, least_in: float) -> tuple[int, float]:
    """How many panels stand side by side, and the width of their cells in inches.

    As many as leave the numbers their room; one more where the page else is too short for legible rows.
    """

    def cell_of(columns: int) -> float:
        widest = max(CELL_MAX_IN, PANEL_MIN_IN / n_targets)
        return min((inner_in - (columns - 1) * GAP_X_IN) / columns / n_targets, widest)

    columns = max((n for n in range(1, min(count, COLUMNS) + 1) if cell_of(n) >= least_in), default=1)
    height = (style.PAGE_HEIGHT_IN - AROUND_IN) / -(-count // columns) - GAP_Y_IN
    if height / n_sources < ROW_IN and columns < min(count, COLUMNS) and cell_of(columns + 1) > least_in * TIGHT:
        columns += 1
    return columns, cell_of(columns)


def _layout(
    count: int,
    sources: Names,
    targets: Names,
    windows: Mapping[str, int],
    title: str,
    foot_of: Callable[[Figure], float],
    least_in: float,
) -> tuple[Figure, list[Axes]]:
    """Lay out panels in inches, so that letters keep their size however many there are; cells are `least_in` wide."""
    longest = max(len(name) for _, name in sources)
    left = min(0.2 + 0.055 * longest, LEFT_MAX_IN)
    columns, cell = _beside(count, style.PAGE_WIDTH_IN - left - RIGHT_IN, len(sources), len(targets), least_in)
    width, rows = cell * len(targets), -(-count // columns)
    needed = left + columns * (width + GAP_X_IN) - GAP_X_IN + RIGHT_IN
    page = max(needed, style.COLUMN_WIDTH_IN)
    figure = Figure(figsize=(page, 1))
    foot = foot_of(figure)
    names = min(0.1 + 0.05 * max(len(name) for _, name in targets), LEFT_MAX_IN) + (COUNT_IN if windows else 0)
    top = TOP_IN + (TITLE_IN if title else 0)
    room = (style.PAGE_HEIGHT_IN - top - names - foot + GAP_Y_IN) / rows - GAP_Y_IN
    height = max(min(CELL_HEIGHT * cell, CELL_HEIGHT_MAX_IN, room / len(sources)), CELL_HEIGHT_MIN_IN) * len(sources)
    total = top + rows * (height + GAP_Y_IN) - GAP_Y_IN + names + foot
    figure.set_figheight(total)
    bar = figure.axes[0]
    # The bar was placed on a page of 1 inch.
    bar.set_position(
        [bar.get_position().x0, bar.get_position().y0 / total, bar.get_position().width, BAR_HEIGHT_IN / total]
    )
    style.heading(figure, title, 0.08, page - 0.16)
    start, grid = left + (page - needed) / 2, []
    for number in range(count):
        row, column = divmod(number, columns)
        x, y = start + column * (width + GAP_X_IN), total - top - row * (height + GAP_Y_IN) - height
        axes = figure.add_axes([x / page, y / total, width / page, height / total])
        # Below the last panel of each column, which need not be in the last row.
        below, beside = targets if number + columns >= count else [], sources if column == 0 else []
        _labels(axes, below, beside, (cell, height / len(sources)), _counts(axes, below, windows))
        grid.append(axes)
    return figure, grid


def _counts(axes: Axes, targets: Names, windows: Mapping[str, int]) -> float:
    """Set the numbers of windows below the columns, and give the height in inches that they take."""
    if not any(target in windows for target, _ in targets):
        return 0.0
    look = {"transform": axes.get_xaxis_transform(), "va": "top", "fontsize": 5, "color": style.SOFT}
    y = -0.03 / style.height_in(axes)
    axes.text(-0.04 * len(targets) / style.width_in(axes), y, "n", ha="right", **look)
    for column, (target, _) in enumerate(targets):
        if target in windows:
            axes.text(column + 0.5, y, style.plain_count(windows[target]), ha="center", **look)
    return COUNT_IN


def _labels(axes: Axes, targets: Names, sources: Names, cell_in: tuple[float, float], below_in: float) -> None:
    """Name rows beside a panel, and columns so far below it, with cells of this width and height in inches."""
    axes.set(xticks=[], yticks=[])
    # Texts of their own, since tick labels forget that they were wrapped.
    below, beside = axes.get_xaxis_transform(), axes.get_yaxis_transform()
    gap = 0.04
    labels = [
        axes.text(
            i + 0.5,
            -(gap + below_in) / style.height_in(axes),
            name,
            transform=below,
            rotation=90,
            ha="center",
            va="top",
            fontsize=6,
        )
        for i, (_, name) in enumerate(targets)
    ]
    left = -gap / style.width_in(axes)
    labels += [
        axes.text(left, i + 0.5, name, transform=beside, ha="right", va="center", fontsize=6, linespacing=1)
        for i, (_, name) in enumerate(sources)
    ]
    for label in labels:
        across_in = cell_in[0] if label.get_rotation() else cell_in[1]
        style.fit(label, LEFT_MAX_IN - 0.16, lines=2 if across_in > 0.15 else 1)
        if "\n" in label.get_text() and across_in < 0.2:
            label.set_fontsize(5)


def _foot(
    figure: Figure, metric: Metric, colours: ScalarMappable, note: str, keys: Sequence[tuple[Artist, str]]
) -> float:
    """Set colour bar and legend, and give the height that they take, in inches."""
    page = figure.get_figwidth()
    inches = {"transform": figure.dpi_scale_trans}
    said = f"Rows: sources, columns: targets, n: their windows. {note}"
    text = figure.text(page / 2, 0.05, said, ha="center", va="bottom", fontsize=6.5, **inches)
    bottom = 0.1 + 0.11 * style.wrap(text, page - 0.16)
    handles = []
    for handle, words in keys:
        handle.set_label(textwrap.fill(words, int((page - 0.5) / 0.052)))
        handles.append(handle)
    top = style.legend(figure, handles, bottom, handlelength=1.2)
    unit = f" ({metric.unit})" if metric.unit else ""
    name = f"{metric.title}{unit}, darker is better"
    text = figure.text(page / 2 - 0.05, top + 0.2, name, ha="right", va="bottom", fontsize=7, **inches)
    style.fit(text, page / 2 - 0.13, lines=2)
    width = min(BAR_IN, page / 2 - 0.3)
    bar = figure.add_axes([(page / 2 + 0.1) / page, top + 0.22, width / page, BAR_HEIGHT_IN])
    # An arrowhead where worse values have the same colour as the last.
    values, norm = colours.get_array(), colours.norm
    lower_is_better = metric.best == "lower"
    worse = values > norm.vmax if lower_is_better else values < norm.vmin
    extend = ("max" if lower_is_better else "min") if worse.any() else "neither"
    figure.colorbar(colours, cax=bar, orientation="horizontal", extend=extend)
    bar_ticks(bar, colours.norm)
    return top + 0.22 + BAR_HEIGHT_IN + 0.15
