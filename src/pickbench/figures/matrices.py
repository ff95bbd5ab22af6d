"""Matrices of one metric across domains, from the long table of results alone: sources by targets.

There is a matrix for each model that is no control, and one of their average. Darker is better, whichever direction
the metric has, and the numbers stand in the cells.
"""

import textwrap
from collections.abc import Callable, Mapping, Sequence

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, Locator, LogLocator, MaxNLocator, NullLocator

from pickbench.figures import style
from pickbench.figures.shown import MATRICES, Shown
from pickbench.figures.style import Names
from pickbench.metrics.registry import Metric
from pickbench.tables.content import ORIGIN_NOTE

# ColorBrewer's, which is safe for the colour-blind and falls evenly in lightness; light stands for bad.
COLOURS = "YlGnBu"
DARK, LIGHT = "#000000", "#FFFFFF"
EMPTY = "#D4D4D4"
# The colours begin where this share of the cells is worse, so that one failure does not use them up.
WORST_SHARE = 0.05
# From one end of the colours to the other at least: what is less is no difference worth a colour.
LEAST_SPAN, LEAST_QUOTIENT = 0.1, 2.0
# Inches.
LEFT_MAX_IN, RIGHT_IN, TOP_IN, GAP_X_IN, GAP_Y_IN = 1.0, 0.08, 0.26, 0.14, 0.27
CELL_MIN_IN, CELL_MAX_IN, PANEL_MIN_IN = 0.225, 0.45, 0.95
CELL_HEIGHT, CELL_HEIGHT_MIN_IN, CELL_HEIGHT_MAX_IN = 0.72, 0.11, 0.33
COLUMNS, TITLE_IN = 4, 0.17
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
    shown = MATRICES[name]
    values = model_matrices(
        metrics, shown, seed, [m for m, _ in models], [s for s, _ in sources], [t for t, _ in targets]
    )
    origin = ORIGIN_NOTE[shown.threshold_from]
    note = f"{origin.capitalize()}. " if origin else ""
    return matrix_figure(values, shown.metric, models, sources, targets, title=title, note=note)


def model_matrices(
    metrics: pd.DataFrame,
    shown: Shown,
    seed: int,
    models: Sequence[str],
    sources: Sequence[str],
    targets: Sequence[str],
) -> dict[str, pd.DataFrame]:
    """Give each model's values on test.

    Returns
    -------
    dict
        Model id -> sources by targets, in the metric's unit; NaN where there is no result.
    """
    part = metrics[
        (metrics["split"] == "test")
        & (metrics["seed"] == seed)
        & (metrics["metric"] == shown.metric.name)
        & (metrics["phase"] == shown.answer.phase)
        & (metrics["threshold_from"] == shown.threshold_from)
    ]
    return {
        model: part[part["model"] == model]
        .pivot(index="source", columns="target", values="value")
        .reindex(index=list(sources), columns=list(targets))
        .astype(float)
        for model in models
    }


def average(matrices: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Average matrices cell by cell, over those that have it."""
    together = pd.concat(matrices, keys=range(len(matrices)))
    return together.groupby(level=1, sort=False).mean()


def matrix_figure(
    matrices: Mapping[str, pd.DataFrame],
    metric: Metric,
    models: Names,
    sources: Names,
    targets: Names,
    *,
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
    note
        What else a reader has to know, in a sentence.

    Returns
    -------
    Figure
        At most as wide as a printed page.
    """
    panels = [(name, matrices[model]) for model, name in models]
    if len(models) > 1:
        panels.append(("Average", average([matrix for _, matrix in panels])))
    colours, norm = colouring([matrix for _, matrix in panels], metric)
    with style.style():
        span = ScalarMappable(norm, colours)
        if len(models) > 1:
            note += "An average is over the models that have the cell."
        span.set_array(np.concatenate([matrix.to_numpy(float).ravel() for _, matrix in panels]))
        figure, grid = _layout(len(panels), sources, targets, title, lambda page: _foot(page, metric, span, note))
        for number, (axes, (name, matrix)) in enumerate(zip(grid, panels, strict=True)):
            bold = {"fontweight": "bold"} if len(models) > 1 and number == len(models) else {}
            heading = axes.set_title(name, pad=2.5, **bold)
            style.fit(heading, style.width_in(axes) + 0.8 * GAP_X_IN)
            _panel(axes, matrix, colours, norm)
    return figure


def colouring(matrices: Sequence[pd.DataFrame], metric: Metric) -> tuple[Colormap, Normalize]:
    """Give colours that are darker for better values, and the range of values that they span.

    Times span powers of ten and are on a logarithmic scale. The range begins at the worst values but a few and ends
    at the best.
    """
    values = np.concatenate([matrix.to_numpy(float).ravel() for matrix in matrices])
    values = values[np.isfinite(values)]
    lower_is_better = metric.best == "lower"
    colours = matplotlib.colormaps[f"{COLOURS}_r" if lower_is_better else COLOURS]
    logarithmic = metric.unit == "s" and bool((values > 0).any())
    if logarithmic:
        values = np.maximum(values, values[values > 0].min())
    if len(values) == 0:
        return colours, Normalize(0, 1)
    if lower_is_better:
        low, high = values.min(), np.quantile(values, 1 - WORST_SHARE, method="higher")
    else:
        low, high = np.quantile(values, WORST_SHARE, method="lower"), values.max()
    # Values that hardly differ are all as dark as the best.
    if lower_is_better:
        high = max(high, low * LEAST_QUOTIENT if logarithmic else low + LEAST_SPAN)
    else:
        low = min(low, high / LEAST_QUOTIENT if logarithmic else high - LEAST_SPAN)
    return colours, (LogNorm if logarithmic else Normalize)(low, high, clip=True)


def readable_on(colour: Sequence[float]) -> str:
    """Give black or white, whichever has more contrast (WCAG 2) with an RGB colour."""
    light = relative_luminance(colour)
    return DARK if (light + 0.05) / 0.05 > 1.05 / (light + 0.05) else LIGHT


def relative_luminance(colour: Sequence[float]) -> float:
    """Relative luminance of an RGB colour (WCAG 2): 0 black, 1 white."""
    rgb = np.asarray(colour[:3], float)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def format_value(value: float) -> str:
    """Write a value with as many digits as fit a cell, and no negative zero."""
    digits = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _panel(axes: Axes, matrix: pd.DataFrame, colours: Colormap, norm: Normalize) -> None:
    """Fill a panel: a coloured cell with its number for each result, and a frame where source and target are one."""
    rows, columns = matrix.shape
    axes.set(xlim=(0, columns), ylim=(rows, 0), facecolor=EMPTY)
    size = style.width_in(axes) / columns
    letters = float(np.interp(size, [CELL_MIN_IN, CELL_MAX_IN], [5.0, 7.0]))
    for row, source in enumerate(matrix.index):
        for column, target in enumerate(matrix.columns):
            value = matrix.iat[row, column]
            if not np.isnan(value):
                colour = colours(norm(value))
                axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, edgecolor="white", linewidth=0.4))
                axes.text(column + 0.5, row + 0.5, format_value(value), ha="center", va="center_baseline",
                          fontsize=letters, color=readable_on(colour))  # fmt: skip
            if source == target:
                axes.add_patch(Rectangle((column, row), 1, 1, zorder=3, clip_on=False, **_frame()))


def _frame() -> dict[str, object]:
    return {"facecolor": "none", "edgecolor": style.VERMILLION, "linewidth": 1.0}


def _layout(
    count: int, sources: Names, targets: Names, title: str, foot_of: Callable[[Figure], float]
) -> tuple[Figure, list[Axes]]:
    """Lay out panels in inches, so that letters keep their size however many there are."""
    longest = max(len(name) for _, name in sources)
    left = min(0.2 + 0.055 * longest, LEFT_MAX_IN)
    inner = style.PAGE_WIDTH_IN - left - RIGHT_IN
    # As many panels side by side as leave room for the numbers.
    fitting = [n for n in range(1, COLUMNS + 1) if (inner - (n - 1) * GAP_X_IN) / n / len(targets) >= CELL_MIN_IN]
    columns = min(count, max(fitting, default=1))
    cell = min(
        (inner - (columns - 1) * GAP_X_IN) / columns / len(targets), max(CELL_MAX_IN, PANEL_MIN_IN / len(targets))
    )
    width, rows = cell * len(targets), -(-count // columns)
    needed = left + columns * (width + GAP_X_IN) - GAP_X_IN + RIGHT_IN
    page = max(needed, style.COLUMN_WIDTH_IN)
    figure = Figure(figsize=(page, 1))
    foot = foot_of(figure)
    names = min(0.1 + 0.05 * max(len(name) for _, name in targets), LEFT_MAX_IN)
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
        _labels(axes, below, beside, (cell, height / len(sources)))
        grid.append(axes)
    return figure, grid


def _labels(axes: Axes, targets: Names, sources: Names, cell_in: tuple[float, float]) -> None:
    """Name columns below a panel and rows beside it, with cells of this width and height in inches."""
    axes.set(xticks=[], yticks=[])
    # Texts of their own, since tick labels forget that they were wrapped.
    below, beside = axes.get_xaxis_transform(), axes.get_yaxis_transform()
    gap = 0.04
    labels = [
        axes.text(
            i + 0.5, -gap / style.height_in(axes), name, transform=below, rotation=90, ha="center", va="top", fontsize=6
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


def _foot(figure: Figure, metric: Metric, colours: ScalarMappable, note: str) -> float:
    """Set colour bar and legend, and give the height that they take, in inches."""
    page = figure.get_figwidth()
    inches = {"transform": figure.dpi_scale_trans}
    said = f"Rows: sources, columns: targets. {note}"
    text = figure.text(page / 2, 0.05, said, ha="center", va="bottom", fontsize=6.5, **inches)
    bottom = 0.1 + 0.11 * style.wrap(text, page - 0.16)
    reason = "not run, no such answer or windows"
    if metric.at_threshold:
        reason += ", or no dev windows to set the threshold"
    handles = [
        Patch(**_frame(), label="in-domain"),
        Patch(color=EMPTY, label=textwrap.fill(f"no result: {reason}", int((page - 0.5) / 0.052))),
    ]
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
    _bar_ticks(bar, colours.norm)
    return top + 0.22 + BAR_HEIGHT_IN + 0.15


def _bar_ticks(bar: Axes, norm: Normalize) -> None:
    """Plain numbers, also on a logarithmic bar, and enough of them."""
    if isinstance(norm, LogNorm):
        span = norm.vmax / norm.vmin
        steps = (1,) if span > 1e3 else (1, 2, 5) if span > 8 else (1, 1.5, 2, 3, 5, 7)
        locator = LogLocator(subs=steps, numticks=20)
    else:
        locator = MaxNLocator(5)
    ticks = _within(locator, norm)
    if len(ticks) < 3:
        ticks = _within(MaxNLocator(5), norm)
    bar.xaxis.set_major_locator(FixedLocator(ticks))
    bar.xaxis.set_major_formatter(FuncFormatter(lambda value, _: style.plain(value)))
    bar.xaxis.set_minor_locator(NullLocator())


def _within(locator: Locator, norm: Normalize) -> list[float]:
    return [tick for tick in locator.tick_values(norm.vmin, norm.vmax) if norm.vmin <= tick <= norm.vmax]
