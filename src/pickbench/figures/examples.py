"""Example waveforms with what the models made of them: their probability curves and their picks.

One column an example, one row a model below the waveforms. All columns have the label of the example in their middle.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from pickbench.errors import InputError
from pickbench.examples.choice import missing
from pickbench.examples.files import CURVE_NAMES, Examples, read_examples
from pickbench.figures import style

COMPONENTS = "ZNE"
LOOKS = {
    "detection": {"color": style.GREEN, "linewidth": 0.5, "linestyle": (0, (1.5, 1))},
    "P": {"color": style.BLUE, "linewidth": 0.9},
    # Drawn over P, which shows in the gaps where both are alike.
    "S": {"color": style.VERMILLION, "linewidth": 0.9, "linestyle": (0, (3, 2))},
}
TRACE = {"color": style.INK, "linewidth": 0.35}
SHADE = {"color": style.PALE, "linewidth": 0, "zorder": 0}
# Of a component's row: half of what its largest amplitude takes.
AMPLITUDE = 0.48
# Of a model's panel: how far it reaches beyond 1, where the mark of the pick lies.
HEAD = 0.32
MARK = {"marker": "v", "markersize": 3.6, "markeredgewidth": 0.4, "markeredgecolor": style.INK, "linestyle": ""}
# Of a mark whose pick lies beyond the picture.
BEYOND = {-1: "<", 1: ">"}
TICKS_EVERY_S = 10
# Inches.
LEFT_IN, RIGHT_IN, GAP_X_IN, GAP_Y_IN = 1.0, 0.1, 0.1, 0.05
TITLE_IN, HEAD_IN, AXIS_IN, LINE_IN = 0.24, 0.47, 0.32, 0.12
COLUMN_MAX_IN, WAVEFORMS_IN, ROW_IN = 3.0, 0.95, 0.42


def draw_examples(
    csv: str | Path,
    npz: str | Path,
    names: Mapping[tuple[str, str], str],
    *,
    title: str = "",
) -> Figure:
    """Draw the examples of a dataset.

    Parameters
    ----------
    csv, npz
        What `pickbench.examples.files.write_examples` wrote.
    names
        (model, source) -> what to call it.
    title
        Heading of the figure.

    Raises
    ------
    InputError
        When the files cannot be read, or hold a picker that has no name.
    """
    examples = read_examples(csv, npz)
    unnamed = [picker for picker in examples.pickers if picker not in names]
    if unnamed:
        raise InputError(f"{csv}: {' from '.join(unnamed[0])} is not among this run's pickers; delete it")
    titles = [names[picker] for picker in examples.pickers]
    return example_panels(examples, titles, title=title)


def example_panels(examples: Examples, names: Sequence[str], *, title: str = "") -> Figure:
    """Draw one column an example.

    Parameters
    ----------
    examples
        The examples of one dataset.
    names
        What to call the pickers, in their order.
    title
        Heading of the figure.

    Returns
    -------
    Figure
        As wide as a printed page. Without any example, one panel that says so.
    """
    notes = " ".join(missing(examples.table))
    with style.style():
        figure = Figure(figsize=(style.PAGE_WIDTH_IN, 3.0))
        if not len(examples):
            axes = _axes(figure, LEFT_IN, 1.0, style.PAGE_WIDTH_IN - LEFT_IN - RIGHT_IN, 1.0)
            style.say(axes, notes)
            style.heading(figure, title, 0.1, figure.get_figwidth() - 0.2)
            return figure
        foot = _foot(figure, notes)
        grid = _grid(figure, len(examples), len(names), foot)
        style.heading(figure, title, 0.1, figure.get_figwidth() - 0.2)
        for number, column in enumerate(grid):
            rows = examples.table[examples.table["example"] == number]
            _column(column, examples, number, rows)
            _heading(column[0], rows.iloc[0])
        _names(grid[0], names)
        middle = (grid[0][-1].get_position().x0 + grid[-1][-1].get_position().x1) / 2
        figure.text(middle, (foot + 0.02) / figure.get_figheight(), "Time from the label (s)", ha="center", va="bottom")
    return figure


def _axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Make axes at a place in inches."""
    wide, high = figure.get_size_inches()
    return figure.add_axes([left / wide, bottom / high, width / wide, height / high])


def _foot(figure: Figure, notes: str) -> float:
    """Set the notes and the legend, and give their upper edge in inches."""
    words = f"Each component is scaled to its largest amplitude in the picture. {notes}".strip()
    place = {"transform": figure.dpi_scale_trans, "va": "bottom", "color": style.SOFT}
    text = figure.text(0.1, 0.05, words, fontsize=6.0, linespacing=1.2, **place)
    lines = style.wrap(text, figure.get_figwidth() - 0.2)
    curves = [Line2D([], [], label=f"{name}: probability, label", **LOOKS[name]) for name in "PS"]
    detection = Line2D([], [], label="event: probability", **LOOKS["detection"])
    mark = Line2D([], [], label="a model's pick", markerfacecolor="white", **MARK)
    window = Patch(facecolor=style.PALE, edgecolor=style.SOFT, linewidth=0.3, label="evaluation window")
    return style.legend(figure, [*curves, detection, mark, window], 0.05 + lines * LINE_IN + 0.05) + 0.05


def _grid(figure: Figure, columns: int, models: int, foot: float) -> list[list[Axes]]:
    """Lay out the panels in inches, column by column from the top; the figure gets the height that they need."""
    room = style.PAGE_WIDTH_IN - LEFT_IN - RIGHT_IN + GAP_X_IN
    width = min(room / columns - GAP_X_IN, COLUMN_MAX_IN)
    fixed = TITLE_IN + HEAD_IN + WAVEFORMS_IN + AXIS_IN + foot
    row = min(ROW_IN, (style.PAGE_HEIGHT_IN - fixed) / models - GAP_Y_IN)
    figure.set_figheight(fixed + models * (row + GAP_Y_IN))
    top = figure.get_figheight() - TITLE_IN - HEAD_IN
    heights = [WAVEFORMS_IN, *[row] * models]
    bottoms = top - np.cumsum(heights) - GAP_Y_IN * np.arange(models + 1)
    return [
        [
            _axes(figure, LEFT_IN + i * (width + GAP_X_IN), bottom, width, height)
            for bottom, height in zip(bottoms, heights, strict=True)
        ]
        for i in range(columns)
    ]


def _heading(axes: Axes, example: pd.Series) -> None:
    """Say above a column what is in it."""
    width = style.width_in(axes)
    height = style.height_in(axes)
    lines = (
        (f"{example['phase']}: {example['rule']}", {"fontsize": 7.0, "fontweight": "bold"}),
        (f"median |residual| {example['median_error_s']:.2f} s", {"fontsize": 5.5}),
        (example["station"], {"fontsize": 5.5, "color": style.SOFT}),
    )
    for number, (words, look) in enumerate(lines):
        if words:
            place = 1 + (0.05 + LINE_IN * (len(lines) - 1 - number)) / height
            style.fit(axes.text(0.5, place, words, transform=axes.transAxes, ha="center", va="bottom", **look), width)


def _column(column: Sequence[Axes], examples: Examples, number: int, rows: pd.DataFrame) -> None:
    """Fill the panels of one example."""
    example = rows.iloc[0]
    rate, label = example["sampling_rate"], example["label_sample"]
    first, length = examples.first[number], examples.waveforms.shape[-1]
    time = (first + np.arange(length) - label) / rate
    window = [(example[name] - label) / rate for name in ("start_sample", "end_sample")]
    _waveforms(column[0], time, examples.waveforms[number])
    for phase, sample in examples.labels.loc[examples.labels["example"] == number, ["phase", "sample"]].to_numpy():
        column[0].axvline((sample - label) / rate, zorder=1, **LOOKS[phase])
    for axes, curves, pick in zip(column[1:], examples.curves[number], rows["residual_s"], strict=True):
        _model(axes, time, curves, example["phase"], pick)
    for axes in column:
        axes.axvspan(*window, **SHADE)
        axes.set(xlim=(time[0], time[-1]))
        reach = int(time[-1] // TICKS_EVERY_S) * TICKS_EVERY_S
        axes.set_xticks(range(-reach, reach + 1, TICKS_EVERY_S))
        axes.tick_params(labelbottom=axes is column[-1], left=False, labelleft=False)


def _waveforms(axes: Axes, time: np.ndarray, waveforms: np.ndarray) -> None:
    """Draw three components from the top, each about its mean and scaled by its peak."""
    for place, waveform in enumerate(waveforms[::-1]):
        known = np.isfinite(waveform)
        if not known.any():
            continue
        moved = waveform - waveform[known].mean()
        peak = np.abs(moved[known]).max()
        axes.plot(time, place + AMPLITUDE * moved / (peak or 1.0), zorder=2, **TRACE)
    axes.set(ylim=(-0.55, len(waveforms) - 0.45), yticks=range(len(waveforms)), yticklabels=COMPONENTS[::-1])


def _model(axes: Axes, time: np.ndarray, curves: np.ndarray, phase: str, residual: float) -> None:
    """Draw the curves of a model, and mark its pick."""
    if not np.isfinite(curves).any() and not np.isfinite(residual):
        style.say(axes, f"no {phase}", lines=1)
        return
    axes.set(ylim=(0, 1 + HEAD), yticks=(0, 1), yticklabels=("0", "1"))
    axes.axvline(0, color=style.SOFT, linewidth=0.4, zorder=1)
    for name, curve in zip(CURVE_NAMES, curves, strict=True):
        if np.isfinite(curve).any():
            axes.plot(time, curve, zorder=2 if name == "detection" else 3, **LOOKS[name])
    if not np.isfinite(residual):
        # In the band above the curves, where else the mark of the pick is.
        answered = np.isfinite(curves[CURVE_NAMES.index(phase)]).any()
        words, place = "no pick" if answered else f"no {phase}", (1 + HEAD / 2) / (1 + HEAD)
        axes.text(0.98, place, words, transform=axes.transAxes, ha="right", va="center", fontsize=5.5)
        return
    side = -1 if residual < time[0] else 1 if residual > time[-1] else 0
    at, colour = float(np.clip(residual, time[0], time[-1])), LOOKS[phase]["color"]
    mark = {**MARK, "marker": BEYOND[side]} if side else MARK
    axes.plot([at], [1 + HEAD / 2], markerfacecolor=colour, clip_on=False, zorder=5, **mark)
    if not side:
        axes.axvline(at, ymax=1 / (1 + HEAD / 2), color=colour, linewidth=0.5, zorder=4)


def _names(column: Sequence[Axes], names: Sequence[str]) -> None:
    """Name components and models at the left of the first column."""
    column[0].tick_params("y", labelleft=True, labelsize=6.5)
    for axes, name in zip(column[1:], names, strict=True):
        width = style.width_in(axes)
        height = style.height_in(axes)
        axes.tick_params("y", left=True, labelleft=True, labelsize=5.0)
        for label, side in zip(axes.get_yticklabels(), ("bottom", "center"), strict=False):
            label.set_verticalalignment(side)
        lines = 2 if height > 0.25 else 1
        words = name.replace(" (", "\n(", lines - 1)
        text = axes.text(-0.2 / width, 0.5, words, transform=axes.transAxes, ha="right", va="center", fontsize=7.0)
        style.fit(text, LEFT_IN - 0.25, lines=lines)
