"""ROC curves of event detection in-domain: a panel for each dataset, a curve for each model.

A marker on a curve is the threshold that a user would take, the one of the best F1 on dev. A panel reaches as far as it
needs for most of them to be seen; what lies beyond is named at the foot of the figure. Controls are grey.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pickbench.figures import style
from pickbench.figures.style import Look, Names
from pickbench.metrics.cells import check_whole, has_answer, labelled_scores, read_columns
from pickbench.metrics.registry import ANSWERS, METRICS
from pickbench.metrics.scores import OperatingPoints, best_threshold, operating_points

ANSWER = ANSWERS["score_detection"]
# Axis limits -> ticks: a panel shows false-positive rates up to a limit, and true-positive rates down to 1 minus it.
LIMITS = {0.1: (0, 0.05, 0.1), 0.3: (0, 0.1, 0.2, 0.3), 0.5: (0, 0.25, 0.5), 1.0: (0, 0.5, 1)}
# One or two of eight models that have learned nothing must not take the others' differences out of sight.
SHARE_IN_VIEW = 0.75
# Largest change of a thinned curve, in widths of its panel: a third of a pixel of the PNG.
STEP = 1e-3
# Around the limits, in widths of a panel, so that the curve of a perfect picker is no part of the frame.
PAD = 0.03
# Inches.
LEFT_IN, RIGHT_IN, TOP_IN, GAP_X_IN, GAP_Y_IN = 0.48, 0.14, 0.24, 0.36, 0.4
COLUMNS, PANEL_MAX_IN, TITLE_IN = 4, 2.5, 0.17

Key = tuple[str, str]


@dataclass(frozen=True)
class Curve:
    """A ROC curve from (0, 0) to (1, 1).

    Attributes
    ----------
    fpr, tpr
        (k,) rates, rising.
    mark
        Both rates at the threshold from dev; None where dev gives none.
    """

    fpr: np.ndarray
    tpr: np.ndarray
    mark: tuple[float, float] | None = None


def read_curve(folder: str | Path) -> Curve | None:
    """Read a picker's curve on its own source; None without a score, or without windows of both kinds.

    Parameters
    ----------
    folder
        Of its predictions there: dev_task1.parquet gives the threshold, test_task1.parquet the curve.

    Raises
    ------
    InputError
        If a file cannot be read, or only some of its rows have a score.
    """
    points = {split: _points(Path(folder) / f"{split}_task1.parquet") for split in ("dev", "test")}
    if points["test"] is None or not points["test"].has_both_classes:
        return None
    threshold = float("nan") if points["dev"] is None else best_threshold(points["dev"], ANSWER.threshold_by)
    return roc_curve(points["test"], threshold)


def _points(path: Path) -> OperatingPoints | None:
    table = read_columns(path, ["trace_name", "trace_type", ANSWER.column])
    if not has_answer(table, ANSWER):
        return None
    check_whole(table, ANSWER, str(path))
    return operating_points(*labelled_scores(table, ANSWER))


def roc_curve(points: OperatingPoints, threshold: float = float("nan"), step: float = STEP * min(LIMITS)) -> Curve:
    """Give the curve through all operating points, thinned.

    Parameters
    ----------
    points
        With windows of both classes.
    threshold
        Where the mark is, positive being score >= threshold; NaN for none.
    step
        See `thinned`.
    """
    fpr = np.concatenate([[0], points.fp / points.n_negative, [1]])
    tpr = np.concatenate([[0], points.tp / points.n_positive, [1]])
    mark = None
    if not np.isnan(threshold):
        # Thresholds fall; all that are not below this one are called positive.
        called = int((points.threshold >= threshold).sum())
        mark = float(fpr[called]), float(tpr[called])
    keep = thinned(fpr, tpr, step)
    return Curve(fpr[keep], tpr[keep], mark)


def thinned(x: np.ndarray, y: np.ndarray, step: float) -> np.ndarray:
    """Choose points of a rising curve so that straight lines between them stay within `step` of it.

    Of all points in one square of a grid with this spacing the first and the last are kept: in between, neither the
    curve nor the line leaves the square. Millions of scores leave a few points for each square that is crossed.

    Parameters
    ----------
    x, y
        (n,) coordinates, neither of them falling.
    step
        Spacing of the grid, in units of x and y.

    Returns
    -------
    np.ndarray
        (k,) indices, the first and the last point among them.
    """
    squares = np.floor(np.stack([x, y]) / step)
    new = (np.diff(squares, axis=1) != 0).any(axis=0)
    first, last = np.append(True, new), np.append(new, True)
    return np.flatnonzero(first | last)


def axis_limit(curves: Sequence[Curve]) -> float:
    """Give the least of `LIMITS` at which the marks of three quarters of the curves are in view.

    Without a mark, a curve's point that is in view first counts.

    Parameters
    ----------
    curves
        Those of pickers, without controls.
    """
    reach = []
    for curve in curves:
        fpr, tpr = curve.mark or (curve.fpr, curve.tpr)
        reach.append(float(np.min(np.maximum(fpr, 1 - np.asarray(tpr)))))
    needed = sorted(reach)[ceil(SHARE_IN_VIEW * len(reach)) - 1] if reach else 0.0
    return next(limit for limit in LIMITS if needed <= limit + 1e-12)


def roc_panels(
    curves: Mapping[Key, Curve | None], models: Names, datasets: Names, looks: Mapping[str, Look], *, title: str = ""
) -> Figure:
    """Draw one panel for each dataset.

    Parameters
    ----------
    curves
        (model id, dataset id) -> curve; None where there is none. A panel without any is grey.
    models, datasets
        (id, title), in the order of the legend and of the panels.
    looks
        Model id -> its look.
    title
        Heading of the figure.

    Returns
    -------
    Figure
        At most as wide as a printed page.
    """
    with style.style():
        hidden: dict[str, dict[str, list[str]]] = {"Out of view": {}, "No curve": {}}
        panels: dict[str, dict[str, Curve]] = {}
        limits = {}
        for dataset, _ in datasets:
            found = {model: curves.get((model, dataset)) for model, _ in models}
            drawn = panels[dataset] = {model: curve for model, curve in found.items() if curve is not None}
            # Without any picker the controls set the limit.
            pickers = [curve for model, curve in drawn.items() if not looks[model].control]
            limits[dataset] = axis_limit(pickers or list(drawn.values()))
            for model in found:
                if model not in drawn:
                    hidden["No curve"].setdefault(model, []).append(dataset)
                elif not _in_view(drawn[model], limits[dataset]):
                    hidden["Out of view"].setdefault(model, []).append(dataset)
        figure, grid = _layout(models, datasets, looks, _notes(hidden, models, datasets), title)
        for axes, (dataset, name) in zip(grid, datasets, strict=True):
            style.fit(axes.set_title(name, pad=3), style.width_in(axes) + GAP_X_IN * 0.7)
            if panels[dataset]:
                _panel(axes, panels[dataset], looks, limits[dataset])
            else:
                axes.set(facecolor=style.PALE, xticks=[], yticks=[])
                axes.text(0.5, 0.5, "no curve", transform=axes.transAxes, ha="center", va="center", color=style.SOFT)
    return figure


def _in_view(curve: Curve, limit: float) -> bool:
    """Whether a curve comes into its panel by more than the padding."""
    return bool(np.interp(limit, curve.fpr, curve.tpr) > 1 - limit + PAD * limit)


def _panel(axes: Axes, curves: Mapping[str, Curve], looks: Mapping[str, Look], limit: float) -> None:
    ticks = LIMITS[limit]
    axes.set(xlim=(-PAD * limit, (1 + PAD) * limit), ylim=(1 - (1 + PAD) * limit, 1 + PAD * limit))
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([1 - tick for tick in ticks], [f"{1 - tick:g}" for tick in ticks])
    for model, curve in curves.items():
        look = looks[model]
        if not _in_view(curve, limit):
            continue
        # One point beyond the panel at either end, so that the curve comes in and leaves.
        start = max(np.searchsorted(curve.tpr, 1 - (1 + PAD) * limit) - 1, 0)
        end = np.searchsorted(curve.fpr, (1 + PAD) * limit, side="right") + 1
        fpr, tpr = curve.fpr[start:end], curve.tpr[start:end]
        keep = thinned(fpr, tpr, STEP * limit)
        order = {"zorder": 1.5 if look.control else 2}
        axes.plot(fpr[keep], tpr[keep], color=look.colour, linestyle=look.dashes, linewidth=_width(look), **order)
        if curve.mark and max(curve.mark[0], 1 - curve.mark[1]) <= limit:
            axes.plot(*curve.mark, zorder=order["zorder"] + 1, **_marker(look))


def _width(look: Look) -> float:
    return 1.1 if look.control else 0.8


def _marker(look: Look) -> dict[str, object]:
    return {
        "marker": look.marker, "color": look.colour, "markersize": 4, "markeredgewidth": 0.4,
        "markeredgecolor": "white", "linestyle": "",
    }  # fmt: skip


def _notes(hidden: Mapping[str, Mapping[str, list[str]]], models: Names, datasets: Names) -> list[str]:
    """Say which curves cannot be seen, and where, as in "Out of view: Random in all panels; GPD in ETHZ."."""
    names, titles, notes = dict(models), dict(datasets), []
    for word, places in hidden.items():
        parts = []
        for model, where in places.items():
            listed = "all panels" if len(where) == len(datasets) else ", ".join(titles[name] for name in where)
            parts.append(f"{names[model]} in {listed}")
        if parts:
            notes.append(f"{word}: {'; '.join(parts)}.")
    return notes


def _layout(
    models: Names, datasets: Names, looks: Mapping[str, Look], notes: Sequence[str], title: str
) -> tuple[Figure, list[Axes]]:
    """Lay out panels in inches above a foot that is as high as it needs to be."""
    columns = min(len(datasets), COLUMNS)
    rows = -(-len(datasets) // columns)
    side = (style.PAGE_WIDTH_IN - LEFT_IN - RIGHT_IN - (columns - 1) * GAP_X_IN) / columns
    side = min(side, PANEL_MAX_IN)
    needed = LEFT_IN + columns * (side + GAP_X_IN) - GAP_X_IN + RIGHT_IN
    width = max(needed, style.COLUMN_WIDTH_IN)
    figure = Figure(figsize=(width, 1))
    foot = _foot(figure, models, looks, notes)
    top = TOP_IN + (TITLE_IN if title else 0)
    height = top + rows * (side + GAP_Y_IN) - GAP_Y_IN + foot
    figure.set_figheight(height)
    inches = {"transform": figure.dpi_scale_trans}
    style.heading(figure, title, 0.08, width - 0.16)
    left, grid = LEFT_IN + (width - needed) / 2, []
    for number in range(len(datasets)):
        row, column = divmod(number, columns)
        x, y = left + column * (side + GAP_X_IN), height - top - row * (side + GAP_Y_IN) - side
        grid.append(figure.add_axes([x / width, y / height, side / width, side / height]))
    middle = foot + (height - top - foot) / 2
    figure.text(left - 0.32, middle, "True-positive rate", rotation=90, ha="right", va="center", **inches)
    return figure, grid


def _foot(figure: Figure, models: Names, looks: Mapping[str, Look], notes: Sequence[str]) -> float:
    """Set legend and notes, from below, and give the height that they take, with the panels' tick labels."""
    bottom, width = 0.05, figure.get_figwidth()
    for note in reversed(notes):
        text = figure.text(width / 2, bottom, note, ha="center", va="bottom", fontsize=6.5, color=style.SOFT,
                           transform=figure.dpi_scale_trans)  # fmt: skip
        bottom += 0.03 + 0.11 * style.wrap(text, width - 0.16)
    handles = []
    for model, name in models:
        look = {**_marker(looks[model]), "linestyle": looks[model].dashes, "linewidth": _width(looks[model])}
        handles.append(Line2D([], [], label=name, **look))
    top = style.legend(figure, handles, bottom + 0.02, handlelength=2.6)
    best = METRICS[ANSWER.threshold_by].title
    caption = (
        f"False-positive rate.  Markers: threshold of the best {best} on dev.  Axes reach as far as most markers need"
    )
    text = figure.text(
        width / 2, top + 0.06, caption, ha="center", va="bottom", linespacing=1.1, transform=figure.dpi_scale_trans
    )
    return top + 0.06 + 0.12 * style.wrap(text, width - 0.16) + 0.2
