"""Onset residuals against what a recording is like: its signal-to-noise ratio, or its distance from the source.

One panel a model, all with the same axes. Hexagons are shaded by the logarithm of the number of picks in them; a line
is the running median, and two more hold the middle 80 % of the picks between them. The axis of residuals is an inverse
hyperbolic sine, linear near zero and logarithmic beyond, so that it shows both the spread of good picks and the bad
ones.
"""

from collections.abc import Mapping
from math import ceil
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from pickbench.conditions import CONDITIONS
from pickbench.data.facts import KEY, join_picks, read_facts
from pickbench.figures import style
from pickbench.figures.residuals import read_onsets
from pickbench.figures.style import Names
from pickbench.metrics.residuals import residuals_s

# Windows are 10 s long, so that a pick in its window is never further from the label.
LIMIT_S = 10.0
# Below this the axis is linear.
LINEAR_S = 0.1
TICKS_S = (-10, -1, -0.1, 0, 0.1, 1, 10)
MINOR_S = [sign * step * power for sign in (-1, 1) for power in (0.1, 1) for step in range(2, 10)]
# Points of the running lines: where picks are few, three of at least 20 picks each or none; never more than 15.
LEAST_PICKS, PICKS_OF_A_POINT, POINTS = 20, 60, (3, 15)
BAND = (10, 90)
COLUMNS_FEW, COLUMNS_MANY, FEW = 3, 4, 6
# Inches.
LEFT_IN, RIGHT_IN, TOP_IN, BOTTOM_IN, GAP_X_IN, GAP_Y_IN = 0.5, 0.1, 0.53, 0.66, 0.1, 0.22
PANEL_RATIO = 0.68
SHADES = LinearSegmentedColormap.from_list("picks", ["#A6D0EC", style.SKY, style.BLUE, "#08243F"])
OUTLINE = [withStroke(linewidth=1.8, foreground="white")]

Points = tuple[np.ndarray, np.ndarray]


def draw_conditions(
    files: Mapping[str, str | Path],
    phase: str,
    condition: str,
    models: Names,
    facts: tuple[str | Path, str | Path],
    *,
    title: str = "",
) -> Figure:
    """Draw the residuals of every model on one dataset against a condition.

    Parameters
    ----------
    files
        Model id -> its task 2/3 prediction file.
    phase
        "P" or "S".
    condition
        snr or distance.
    models
        (id, title), in the order of the panels.
    facts
        The dataset's tables of traces and of picks.
    title
        Heading of the figure.
    """
    traces, picks = (read_facts(path) for path in facts)
    about, cells = CONDITIONS[condition], {}
    for model, file in files.items():
        rows = read_onsets(file, phase, KEY[1])
        cells[model] = None
        if rows is not None:
            cells[model] = join_picks(rows, traces, picks)[about.column].to_numpy(), residuals_s(rows, phase)
    label, origin = about.words(traces.attrs, picks.attrs)
    return condition_panels(cells, models, condition, label, title=f"{title}\n{origin}".strip())


def condition_panels(
    cells: Mapping[str, Points | None],
    models: Names,
    condition: str,
    label: str,
    *,
    title: str = "",
) -> Figure:
    """Draw one panel a model.

    Parameters
    ----------
    cells
        Model id -> (n,) values of the condition, NaN where unknown, and (n,) residuals in seconds; None where the model
        has no such answer. A model may be left out.
    models
        (id, title), in the order of the panels.
    condition
        snr or distance.
    label
        Of the horizontal axis.
    title
        Heading of the figure; a second line is set smaller, behind the number of picks.

    Returns
    -------
    Figure
        At most as wide as a printed page. Where the condition is known of no pick, one panel that says so.
    """
    about = CONDITIONS[condition]
    known = [_known(points, about.logarithmic) for points in cells.values() if points is not None]
    values = np.concatenate([x for x, _ in known]) if known else np.empty(0)
    with style.style():
        if any(len(points[0]) for points in cells.values() if points is not None) and not len(values):
            figure, grid = _grid(1, title)
            style.say(grid[0], about.missing)
            return figure
        first, _, second = title.partition("\n")
        second = "; ".join(filter(None, [_numbers(cells, about.logarithmic), second]))
        figure, grid = _grid(len(models), f"{first}\n{second}")
        extent = _extent(values, about.logarithmic)
        drawn = []
        for number, (axes, (model, name)) in enumerate(zip(grid, models, strict=True)):
            points = cells.get(model)
            style.fit(axes.set_title(name, pad=2.5), style.width_in(axes), smallest=6.0)
            if points is None or not len(points[0]):
                word = "not run" if model not in cells else "no answer" if points is None else "no picks"
                style.say(axes, word)
            else:
                drawn.append(_panel(axes, points, about.logarithmic, extent))
            columns = _columns(len(models))
            _axis(axes, extent, about.logarithmic, left=number % columns == 0, bottom=number + columns >= len(models))
        lines = any(len(line.get_xdata()) > 2 for axes in grid for line in axes.lines)
        _legend(figure, label, drawn, lines)
    return figure


def running(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Middle and spread of y along x.

    Parameters
    ----------
    x, y
        (n,) finite.

    Returns
    -------
    ndarray
        (4, points): of equally large groups of neighbours in x, their median x, and the 10th percentile, the median and
        the 90th percentile of y. There are 3 to 15 groups; of fewer than 60 values none.
    """
    if len(x) < POINTS[0] * LEAST_PICKS:
        return np.empty((4, 0))
    count = int(np.clip(len(x) // PICKS_OF_A_POINT, *POINTS))
    groups = np.array_split(np.argsort(x, kind="stable"), count)
    low, high = BAND
    return np.array([(np.median(x[g]), *np.percentile(y[g], (low, 50, high))) for g in groups]).T


def scaled(residual: np.ndarray | float) -> np.ndarray:
    """Place of residuals (s) on their axis; those beyond its end lie on the end."""
    return np.arcsinh(np.clip(residual, -LIMIT_S, LIMIT_S) / LINEAR_S)


def _known(points: Points, logarithmic: bool) -> Points:
    """Those points whose condition is known, as placed on the axis: a distance below 1 km is drawn at 1 km."""
    x, y = points
    fine = np.isfinite(x)
    return (np.log10(np.maximum(x[fine], 1.0)) if logarithmic else x[fine]), y[fine]


def _extent(values: np.ndarray, logarithmic: bool) -> tuple[float, float, float, float]:
    """Borders of the axes, as placed: all but the outermost thousandth of the values, and some room around them."""
    low, high = np.percentile(values, (0.1, 99.9)) if len(values) else (0.0, 1.0)
    step = 0.1 if logarithmic else 5.0
    low, high = np.floor(low / step) * step, np.ceil(high / step) * step
    room = (0.5 if logarithmic else 10.0) - (high - low)
    if room > 0:
        low, high = low - room / 2, high + room / 2
    return float(low), float(high), -float(scaled(LIMIT_S)), float(scaled(LIMIT_S))


def _columns(count: int) -> int:
    return min(count, COLUMNS_FEW if count <= FEW else COLUMNS_MANY)


def _grid(count: int, title: str) -> tuple[Figure, list[Axes]]:
    """Lay out panels in inches; one or two alone are no wider than a third of a page."""
    columns = _columns(count)
    rows = ceil(count / columns)
    width = (style.PAGE_WIDTH_IN - LEFT_IN - RIGHT_IN + GAP_X_IN) / max(columns, COLUMNS_FEW) - GAP_X_IN
    height = PANEL_RATIO * width
    # Heading and legend need the width of a page, however few the panels are.
    size = style.PAGE_WIDTH_IN, TOP_IN + rows * (height + GAP_Y_IN) - GAP_Y_IN + BOTTOM_IN
    figure = Figure(figsize=size)
    style.heading(figure, title, LEFT_IN, size[0] - LEFT_IN - RIGHT_IN)
    grid = []
    for number in range(count):
        row, column = divmod(number, columns)
        x, y = LEFT_IN + column * (width + GAP_X_IN), size[1] - TOP_IN - row * (height + GAP_Y_IN) - height
        grid.append(figure.add_axes([x / size[0], y / size[1], width / size[0], height / size[1]]))
    return figure, grid


def _panel(axes: Axes, points: Points, logarithmic: bool, extent: tuple) -> PolyCollection:
    """Fill a panel, and give its hexagons."""
    x, residual = _known(points, logarithmic)
    # What lies beyond the axis is left out of the picture, not of the lines.
    inside = (x >= extent[0]) & (x <= extent[1])
    hexagons = axes.hexbin(x[inside], scaled(residual[inside]), gridsize=(30, 16), extent=extent, mincnt=1, cmap=SHADES,
                           linewidths=0.1, zorder=1, clip_on=False)  # fmt: skip
    axes.axhline(0, color=style.INK, linewidth=0.5, zorder=2)
    at, low, middle, high = running(x, residual)
    for values, look in ((low, _band()), (high, _band()), (middle, _middle())):
        axes.plot(at, scaled(values), path_effects=OUTLINE, zorder=3, **look)
    return hexagons


def _numbers(cells: Mapping[str, Points | None], logarithmic: bool) -> str:
    """How many picks there are; every model answers the same windows, so it is said once."""
    points = [points for points in cells.values() if points is not None]
    values = max((x for x, _ in points), key=len, default=np.empty(0))
    known = int(np.isfinite(values).sum())
    said = f"{known:,} pick{'' if known == 1 else 's'}"
    if len(values) > known:
        said += f" and {len(values) - known:,} for which it is unknown"
    near = int((values < 1).sum()) if logarithmic else 0
    return f"{said}; {near:,} closer than 1 km, drawn at 1 km" if near else said


def _middle() -> dict:
    return {"color": style.VERMILLION, "linewidth": 1.1}


def _band() -> dict:
    return {"color": style.ORANGE, "linewidth": 1.0, "linestyle": (0, (2.5, 1.2))}


def _axis(axes: Axes, extent: tuple, logarithmic: bool, *, left: bool, bottom: bool) -> None:
    axes.set(xlim=extent[:2], ylim=extent[2:])
    axes.set_yticks([float(scaled(tick)) for tick in TICKS_S])
    axes.set_yticks(scaled(np.array(MINOR_S)), minor=True)
    axes.set_yticklabels([style.plain(tick) if left else "" for tick in TICKS_S])
    if left:
        axes.set_ylabel("Residual (s)", labelpad=1.5)
    if logarithmic:
        ticks = style.log_ticks(*extent[:2])
    else:
        places, margin = MaxNLocator(5, steps=(1, 2, 5, 10)).tick_values(*extent[:2]), 0.04 * (extent[1] - extent[0])
        inside = places[(places >= extent[0] + margin) & (places <= extent[1] - margin)]
        ticks = {float(tick): style.plain(tick) for tick in inside}
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.tick_params(axis="x", labelbottom=bottom)


def _legend(figure: Figure, label: str, drawn: list[PolyCollection], lines: bool) -> None:
    """Name the axis and the lines, and give the hexagons one scale."""
    width, height = figure.get_size_inches()
    boxes = [axes.get_position() for axes in figure.axes]
    middle = (min(box.x0 for box in boxes) + max(box.x1 for box in boxes)) / 2
    figure.text(middle, 0.4 / height, label, ha="center", va="bottom")
    if lines:
        handles = [
            Line2D([], [], label="running median", **_middle()),
            Line2D([], [], label="10 % and 90 % of the picks", **_band()),
        ]
        place = {"loc": "center left", "bbox_to_anchor": (LEFT_IN / width, 0.2 / height), "borderaxespad": 0}
        figure.legend(handles=handles, ncols=2, handlelength=2.0, columnspacing=1.4, **place)
    elif drawn:
        words = f"fewer than {POINTS[0] * LEAST_PICKS} picks: no running median"
        figure.text(LEFT_IN / width, 0.2 / height, words, va="center", fontsize=6.5, color=style.SOFT)
    if not drawn:
        return
    most = max((float(hexagons.get_array().max()) for hexagons in drawn if len(hexagons.get_array())), default=1.0)
    norm = LogNorm(1, max(most, 10.0))
    for hexagons in drawn:
        hexagons.set_norm(norm)
    axes = figure.add_axes([1 - 1.75 / width, 0.19 / height, 1.5 / width, 0.07 / height])
    figure.colorbar(drawn[0], cax=axes, orientation="horizontal").outline.set_linewidth(0.4)
    axes.minorticks_off()
    axes.tick_params(labelsize=6, pad=1)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    figure.text(1 - 1.85 / width, 0.215 / height, "picks in a hexagon", ha="right", va="center", fontsize=6.5)
