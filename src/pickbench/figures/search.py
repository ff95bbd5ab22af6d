"""The course of a search for parameters: the error of every point and the least one so far, one panel a source."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from pickbench.candidate import read_history
from pickbench.figures import style

COLUMNS, PANEL_HEIGHT_IN, HEAD_IN, FOOT_IN = 4, 1.25, 0.45, 0.35
# Shares of the errors' range that are kept free of points, above for the number.
FREE_ABOVE, FREE_BELOW = 0.25, 0.05
# Numbers of points, and the diameters in points (1/72 inch) that they are drawn with.
POINTS = (50, 500), (3.5, 2.2)
# Of a logarithmic axis, which has no 0.
SMALLEST_S = 1e-3


def read_errors(histories: Sequence[str | Path]) -> list[np.ndarray]:
    """Read the errors of a source's searches, of every seed those of all points, RMSE in seconds.

    Raises
    ------
    InputError
        If a history cannot be read.
    """
    return [read_history(path)["dev_loss"].to_numpy(float) for path in histories]


def search_figure(errors: Sequence[tuple[str, Sequence[np.ndarray]]], title: str) -> Figure:
    """Draw one panel a source.

    Parameters
    ----------
    errors
        (title, errors) of every source: for every seed the error of each point in its order, (points,) seconds.
    title
        Heading of the figure.

    Returns
    -------
    Figure
        As wide as a printed page, or less for few sources.
    """
    columns = min(len(errors), COLUMNS)
    rows = ceil(len(errors) / columns)
    width = max(style.PAGE_WIDTH_IN * columns / COLUMNS, style.COLUMN_WIDTH_IN)
    height = rows * PANEL_HEIGHT_IN + HEAD_IN + FOOT_IN
    with style.style():
        figure = Figure(figsize=(width, height))
        panels = figure.subplots(rows, columns, sharex=True, squeeze=False)
        figure.subplots_adjust(
            left=0.45 / width,
            right=1 - 0.08 / width,
            top=1 - HEAD_IN / height,
            bottom=FOOT_IN / height,
            hspace=0.3,
            wspace=0.28,
        )
        for axes, (source, seeds) in zip(panels.flat, errors, strict=False):
            _panel(axes, source, seeds)
        for axes in panels.flat[len(errors) :]:
            axes.set_visible(False)
        for axes in panels.flat[max(len(errors) - columns, 0) : len(errors)]:
            axes.tick_params(axis="x", labelbottom=True)
        style.heading(figure, title, 0.45, width - 0.5)
        figure.text(0.5, 0.03 / height, "Points.  Dots: RMSE of a point, line: least so far", ha="center", va="bottom")
        figure.text(0.06 / width, 0.5, "RMSE on dev (s)", rotation=90, ha="left", va="center")
    return figure


def _panel(axes: Axes, source: str, seeds: Sequence[np.ndarray]) -> None:
    for error in seeds:
        number = np.arange(1, len(error) + 1)
        least = np.minimum.accumulate(error)
        # Points of one search hide each other where there are hundreds.
        size = float(np.interp(len(error), *POINTS))
        axes.plot(number, error, "o", color=style.BLUE, alpha=0.55, markersize=size, markeredgewidth=0, clip_on=False)
        axes.step(number, least, where="post", color=style.VERMILLION)
    least, largest = min(error.min() for error in seeds), max(error.max() for error in seeds)
    axes.text(0.96, 0.95, f"best {least:.2f} s", transform=axes.transAxes, ha="right", va="top", fontsize=6)
    # The search chooses among what is good, so a few bad points would hide what it does.
    bottom = max(least, SMALLEST_S)
    span = max(largest / bottom, 1.2)
    low, high = bottom / span**FREE_BELOW, bottom * span ** (1 + FREE_ABOVE)
    axes.set(yscale="log", ylim=(low, high))
    # Ticks also where the errors do not reach over a power of ten.
    locator = LogLocator(subs=(1, 2, 5))
    few = sum(low <= tick <= high for tick in locator.tick_values(low, high)) < 2
    axes.yaxis.set_major_locator(MaxNLocator(4) if few else locator)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())
    style.fit(axes.set_title(source, pad=3), style.width_in(axes))
