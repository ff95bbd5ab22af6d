"""The course of training: train and dev loss by epoch, a panel for each source and each network of a model.

A learning rate has a colour and a marker, which stands at its best epoch: the weights of that epoch are the training's
result. A training that has diverged, or collapsed in any of its answers, is named above the curves of its panel; where
nothing was trained, it says why.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from pickbench.candidate import read_history
from pickbench.collapse import COLLAPSED
from pickbench.figures import style
from pickbench.figures.style import Names
from pickbench.files import read_json

# By learning rate, as they come; a seventh one begins again with other markers.
COLOURS = (style.VERMILLION, style.BLUE, style.GREEN, style.ORANGE, style.PURPLE, style.SKY)
MARKERS = "os^Dv<>"
# Inches.
LEFT_IN, RIGHT_IN, TOP_IN, BOTTOM_IN, GAP_X_IN, GAP_Y_IN = 0.5, 0.12, 0.2, 0.62, 0.36, 0.32
LABEL_IN = 0.36
PANEL_HEIGHT_IN, PANEL_WIDTH_MAX_IN = 0.95, 2.2
COLUMNS_MAX = 4
# Of a line of words above the curves.
WORDS_IN = 0.105

Key = tuple[str, str]
Look = dict[str, object]


def draw_losses(
    trainings: Mapping[Key, tuple[str | Path, str | Path]],
    sources: Names,
    *,
    title: str = "",
) -> Figure:
    """Draw the losses of a model's trainings from what they left.

    Parameters
    ----------
    trainings
        (source id, learning rate) -> the candidate's history.csv and run.json.
    sources
        (id, title), in the order of the panels.
    title
        Heading of the figure.
    """
    histories = {key: read_history(history) for key, (history, _) in trainings.items()}
    reasons, collapsed = {}, set()
    for (source, rate), (_, record) in trainings.items():
        run = read_json(record)
        for network, facts in run.get("networks", {"": run}).items():
            for reason in facts.get("unlearned", {}).values():
                if reason == COLLAPSED:
                    collapsed.add((source, rate, network))
                else:
                    reasons[source, network] = reason
    return loss_panels(histories, sources, title=title, reasons=reasons, collapsed=collapsed)


def loss_panels(
    histories: Mapping[Key, pd.DataFrame],
    sources: Names,
    *,
    title: str = "",
    reasons: Mapping[Key, str] | None = None,
    collapsed: Collection[tuple[str, str, str]] = (),
) -> Figure:
    """Draw one panel for each source and network.

    Parameters
    ----------
    histories
        (source id, learning rate) -> one row an epoch: network, epoch, train_loss, dev_loss.
    sources
        (id, title), in the order of the panels.
    title
        Heading of the figure.
    reasons
        (source id, network) -> why it was not trained; a model that is one network may leave out its name ("").
    collapsed
        (source id, learning rate, network) of trainings that have collapsed, named as in `reasons`.

    Returns
    -------
    Figure
        At most as wide as a printed page. A panel is grey where nothing was trained.
    """
    reasons = reasons or {}
    learned = [name for table in histories.values() for name in table["network"]]
    networks = list(dict.fromkeys([*learned, *(name for _, name in reasons if name)])) or [""]
    rates = list(dict.fromkeys(rate for _, rate in histories))
    looks = {
        rate: {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)]} for i, rate in enumerate(rates)
    }
    panels = [(source, name, network) for source, name in sources for network in networks]
    columns = len(networks) if len(networks) > 1 else min(len(sources), COLUMNS_MAX)
    with style.style():
        figure, grid = _grid(len(panels), columns, title)
        for axes, (source, name, network) in zip(grid, panels, strict=True):
            text = axes.set_title(f"{name}, {network}" if len(networks) > 1 else name, pad=3)
            style.fit(text, style.width_in(axes) + 0.7 * GAP_X_IN, smallest=6.0)
            tables = {rate: histories[source, rate] for rate in rates if (source, rate) in histories}
            tables = {rate: table[table["network"] == network] for rate, table in tables.items()}
            if all(table.empty for table in tables.values()):
                reason = reasons.get((source, network)) or reasons.get((source, ""), "")
                style.say(axes, f"not trained: {reason}" if reason else "not trained")
            else:
                fallen = [rate for rate in tables if {(source, rate, network), (source, rate, "")} & set(collapsed)]
                _panel(axes, tables, looks, fallen)
        for axes in grid[::columns]:
            axes.set_ylabel("Loss")
            axes.yaxis.set_label_coords(-LABEL_IN / (style.width_in(axes)), 0.5)
        _legend(figure, looks)
    return figure


def _grid(count: int, columns: int, title: str) -> tuple[Figure, list[Axes]]:
    """Lay out panels in inches, so that letters keep their size however many there are."""
    rows = -(-count // columns)
    width = (style.PAGE_WIDTH_IN - LEFT_IN - RIGHT_IN - (columns - 1) * GAP_X_IN) / columns
    width = min(width, PANEL_WIDTH_MAX_IN)
    top = TOP_IN + (0.17 if title else 0)
    needed = LEFT_IN + columns * (width + GAP_X_IN) - GAP_X_IN + RIGHT_IN
    # The legend needs a column's width, however few the panels are.
    size = max(needed, style.COLUMN_WIDTH_IN), top + rows * (PANEL_HEIGHT_IN + GAP_Y_IN) - GAP_Y_IN + BOTTOM_IN
    left = LEFT_IN + (size[0] - needed) / 2
    figure = Figure(figsize=size)
    style.heading(figure, title, LEFT_IN, size[0] - LEFT_IN - RIGHT_IN)
    grid = []
    for number in range(count):
        row, column = divmod(number, columns)
        x = left + column * (width + GAP_X_IN)
        y = size[1] - top - row * (PANEL_HEIGHT_IN + GAP_Y_IN) - PANEL_HEIGHT_IN
        grid.append(figure.add_axes([x / size[0], y / size[1], width / size[0], PANEL_HEIGHT_IN / size[1]]))
    return figure, grid


def _panel(axes: Axes, tables: Mapping[str, pd.DataFrame], looks: Mapping[str, Look], collapsed: Sequence[str]) -> None:
    """Fill a panel: for each learning rate both losses, and its best epoch; and which have come to nothing."""
    for rate, table in tables.items():
        colour, point = looks[rate]["color"], "_" if len(table) == 1 else ""
        train = {"linewidth": 0.7, "linestyle": (0, (2.5, 1.5)), "marker": point}
        axes.plot(table["epoch"], table["train_loss"], color=colour, **train)
        axes.plot(table["epoch"], table["dev_loss"], color=colour, linewidth=0.9)
        if table["dev_loss"].notna().any():
            best = table.loc[table["dev_loss"].idxmin()]
            axes.plot(best["epoch"], best["dev_loss"], markersize=4, markeredgewidth=0.4, markeredgecolor="white",
                      zorder=3, clip_on=False, **looks[rate])  # fmt: skip
    diverged = [rate for rate, table in tables.items() if not np.isfinite(table[["train_loss", "dev_loss"]]).all(None)]
    fates = (("diverged", diverged), (COLLAPSED, collapsed))
    lines = [f"{fate} at {', '.join(rates)}" for fate, rates in fates if rates]
    for number, line in enumerate(lines):
        place = {"transform": axes.transAxes, "ha": "right", "va": "top", "fontsize": 6}
        words = axes.text(0.98, 1 - (0.03 + number * WORDS_IN) / PANEL_HEIGHT_IN, line, **place)
        style.fit(words, 0.96 * style.width_in(axes))
    _axes(axes, pd.concat(tables.values()), (0.03 + len(lines) * WORDS_IN) / PANEL_HEIGHT_IN if lines else 0.0)


def _axes(axes: Axes, table: pd.DataFrame, head: float) -> None:
    """Whole epochs; losses on a logarithmic axis with plain numbers, unless they hardly change or are not positive.

    The share `head` of the height is left free of curves.
    """
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    axes.set_xlim(0.5, table["epoch"].max() + 0.5)
    losses = table[["train_loss", "dev_loss"]].to_numpy(float)
    losses = losses[np.isfinite(losses)]
    if not len(losses):
        axes.yaxis.set_major_locator(NullLocator())
    elif losses.min() > 0 and losses.max() > 1.5 * losses.min():
        low, high = 0.9 * losses.min(), 1.1 * losses.max()
        axes.set(yscale="log", ylim=(low, low * (high / low) ** (1 / (1 - head))))
        axes.yaxis.set_major_locator(style.log_locator(low, high))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        # What does not change at all still needs an axis.
        margin = 0.05 * np.ptp(losses) or 0.05 * abs(losses.max()) or 0.05
        low, high = losses.min() - margin, losses.max() + margin
        axes.set_ylim(low, low + (high - low) / (1 - head))
        axes.yaxis.set_major_locator(MaxNLocator(5))


def _legend(figure: Figure, looks: Mapping[str, Look]) -> None:
    height = figure.get_figheight()
    handles = [
        Line2D([], [], color=style.INK, linewidth=0.9, label="dev"),
        Line2D([], [], color=style.INK, linewidth=0.7, linestyle=(0, (2.5, 1.5)), label="train"),
        *(Line2D([], [], markersize=4, label=f"{rate}", linewidth=0.9, **look) for rate, look in looks.items()),
    ]
    figure.text(0.5, 0.3 / height, "Epoch.  Colours: learning rates, marker: best epoch", ha="center", va="bottom")
    figure.legend(
        handles=handles, loc="lower center", bbox_to_anchor=(0.5, 0.03 / height), ncols=len(handles), borderaxespad=0,
        handlelength=1.8, columnspacing=1.4,
    )  # fmt: skip
