"""Box plots of onset residuals across domains: a row of panels for each target, a group for each source, a box a model.

A box holds the middle half of the residuals, its whiskers 80 % of them; the median is solid, the mean dotted. Of a few
picks each is a dot. Sources that are teleseismic stand apart at the right, on a wider axis, as all sources of a
teleseismic target do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from pickbench.figures import style
from pickbench.figures.residuals import read_residuals
from pickbench.figures.style import Look, Names
from pickbench.metrics.residuals import residual_limit_s
from pickbench.protocol import FEWEST_WINDOWS

# Residual beyond which a pick is an outlier (s) -> half the axis (s).
AXES = {0.45: 0.75, 1.5: 2.25}
TICKS = {0.75: (-0.5, 0.0, 0.5), 2.25: (-1.5, 0.0, 1.5)}
IN_DOMAIN = "#FFEFD0"
# Inches. A slot is the room of one box; between groups a slot stays free.
LEFT_IN, RIGHT_IN, TOP_IN, GAP_X_IN, GAP_Y_IN = 0.62, 0.32, 0.29, 0.1, 0.09
SLOT_MAX_IN, GROUP_IN, HEIGHT_MIN_IN, HEIGHT_MAX_IN, TITLE_IN, NAMES_IN = 0.16, 0.55, 0.6, 1.35, 0.17, 0.3
BOX = 0.76
# A mean's line.
MEAN = {"linewidth": 0.8, "linestyle": (0, (0.7, 0.7))}

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Box:
    """What is drawn of the residuals of one picker on one target, in seconds.

    Attributes
    ----------
    p10, p25, median, p75, p90
        Percentiles, straight in between two picks.
    mean
        Mean of all.
    picks
        All of them where they are too few for a box, else none.
    """

    p10: float
    p25: float
    median: float
    p75: float
    p90: float
    mean: float
    picks: tuple[float, ...] = ()


def box_of(residuals: np.ndarray | None) -> Box | None:
    """Give the box of (n,) residuals in seconds; None for none."""
    if residuals is None or len(residuals) == 0:
        return None
    picks = tuple(residuals.tolist()) if len(residuals) < FEWEST_WINDOWS else ()
    return Box(*np.percentile(residuals, [10, 25, 50, 75, 90]).tolist(), float(np.mean(residuals)), picks)


def read_boxes(files: Mapping[Key, str | Path], phase: str) -> dict[Key, Box | None]:
    """Read boxes from task 2/3 prediction files, by (model id, source id, target id).

    Raises
    ------
    InputError
        If a file cannot be read, or only some of its rows have an answer.
    """
    return {key: box_of(read_residuals(file, phase)) for key, file in files.items()}


def box_panels(
    boxes: Mapping[Key, Box | None],
    models: Names,
    sources: Names,
    targets: Names,
    regions: Mapping[str, str],
    looks: Mapping[str, Look],
    *,
    title: str = "",
) -> Figure:
    """Draw a row of panels for each target: near sources, and teleseismic ones.

    Parameters
    ----------
    boxes
        (model id, source id, target id) -> box; None or left out is a cross.
    models, sources, targets
        (id, title), in the order of boxes, groups and panels.
    regions
        Dataset id -> region, which sets the axes; published weights have none.
    looks
        Model id -> its look.
    title
        Heading of the figure.

    Returns
    -------
    Figure
        At most as wide as a printed page.
    """
    far = [end for end in sources if _axis_s(end[0], regions) > min(TICKS)]
    blocks = [block for block in ([end for end in sources if end not in far], far) if block]
    with style.style():
        few = any(box is not None and box.picks for box in boxes.values())
        limits = {_axis_s(name, regions) for name, _ in (*sources, *targets)}
        figure, grid = _layout(blocks, targets, models, looks, title, few, len(limits) > 1)
        for row, (target, name) in zip(grid, targets, strict=True):
            for axes, block in zip(row, blocks, strict=True):
                limit_s = max(_axis_s(source, regions) for source in (target, *(source for source, _ in block)))
                _frame(axes, limit_s, len(block), len(models) + 1)
                for group, (source, _) in enumerate(block):
                    start = group * (len(models) + 1)
                    if source == target:
                        axes.axvspan(start, start + len(models) + 1, facecolor=IN_DOMAIN, linewidth=0, zorder=0)
                    for number, (model, _) in enumerate(models):
                        _box(axes, start + number + 1, boxes.get((model, source, target)), looks[model], limit_s)
            place = {"transform": row[0].transAxes, "rotation": 90, "ha": "right", "va": "center"}
            style.fit(
                row[0].text(-0.36 / style.width_in(row[0]), 0.5, name, fontsize=7, **place),
                style.height_in(row[0]),
                lines=2,
            )
            if len(row) > 1:
                row[-1].tick_params(axis="y", left=False, labelleft=False, right=True, labelright=True)
        _group_names(grid, blocks, len(models) + 1)
    return figure


def _axis_s(dataset: str, regions: Mapping[str, str]) -> float:
    """Half the axis that a dataset needs by itself, in seconds; published weights need no more than any target."""
    return AXES[residual_limit_s(regions[dataset])] if dataset in regions else min(TICKS)


def _frame(axes: Axes, limit_s: float, groups: int, slots: int) -> None:
    """Set the axes of a panel of so many groups: zero, and lines between groups."""
    axes.set(xlim=(0, groups * slots), ylim=(-limit_s, limit_s), xticks=[])
    axes.set_yticks(TICKS[limit_s], list(map(style.plain, TICKS[limit_s])))
    axes.axhline(0, color=style.SOFT, linewidth=0.4, zorder=1)
    for group in range(1, groups):
        axes.axvline(group * slots, color="#BBBBBB", linewidth=0.4, zorder=1)


def _box(axes: Axes, x: float, box: Box | None, look: Look, limit_s: float) -> None:
    """Draw a box, a cross where there is none, and a sign at the edge beyond which its median or its mean lies."""
    if box is None:
        axes.plot([x], [-0.9 * limit_s], marker="x", color=style.SOFT, markersize=2, markeredgewidth=0.5)
        return
    if box.picks:
        inside = [pick for pick in box.picks if abs(pick) <= limit_s]
        axes.plot([x] * len(inside), inside, zorder=2, **_dot(look.colour, look.filled))
        _beyond(axes, x, box, look, limit_s)
        return
    statistics = {
        "med": box.median, "q1": box.p25, "q3": box.p75, "whislo": box.p10, "whishi": box.p90, "mean": box.mean,
        "fliers": [],
    }  # fmt: skip
    line = {"color": look.colour, "linewidth": 0.6}
    axes.bxp(
        [statistics], positions=[x], widths=BOX, showcaps=False, showfliers=False, showmeans=True, meanline=True,
        patch_artist=True, manage_ticks=False, whiskerprops=line, zorder=2,
        boxprops={"facecolor": _fill(look), "edgecolor": look.colour, "linewidth": 0.6},
        medianprops={"color": style.INK, "linewidth": 0.8},
        meanprops={"color": style.INK, **MEAN},
    )  # fmt: skip
    _beyond(axes, x, box, look, limit_s)


def _beyond(axes: Axes, x: float, box: Box, look: Look, limit_s: float) -> None:
    """Mark the edge beyond which a median lies with an arrowhead, and that beyond which only a mean does with dots."""
    if abs(box.median) > limit_s:
        side = np.sign(box.median)
        axes.plot([x], [0.94 * side * limit_s], marker="^" if side > 0 else "v", color=look.colour, markersize=2.5,
                  markeredgewidth=0, zorder=3)  # fmt: skip
    elif abs(box.mean) > limit_s and not box.picks:
        at = [0.96 * np.sign(box.mean) * limit_s] * 2
        axes.plot([x - BOX / 2, x + BOX / 2], at, color=look.colour, zorder=3, **MEAN)


def _dot(colour: str, filled: bool = True) -> dict[str, object]:
    face = colour if filled else "white"
    look = {"marker": "o", "linestyle": "", "markersize": 2.2}
    return {**look, "markerfacecolor": face, "markeredgecolor": colour, "markeredgewidth": 0.5}


def _fill(look: Look) -> tuple[float, float, float]:
    """Colour of a box, lighter than its frame so that the lines in it can be seen; white where it is not filled."""
    return style.lighter(look.colour, 0.5) if look.filled else (1.0, 1.0, 1.0)


def _layout(
    blocks: Sequence[Names], targets: Names, models: Names, looks: Mapping[str, Look], title: str, few: bool, wide: bool
) -> tuple[Figure, list[list[Axes]]]:
    """Lay out panels in inches: a row for each target, a column for each block of sources."""
    slots = sum(len(block) for block in blocks) * (len(models) + 1)
    gaps = (len(blocks) - 1) * GAP_X_IN
    # A single box needs no more, but the name of its source does.
    most = max(SLOT_MAX_IN, GROUP_IN / (len(models) + 1), 1.6 / slots)
    slot = min((style.PAGE_WIDTH_IN - LEFT_IN - RIGHT_IN - gaps) / slots, most)
    needed = LEFT_IN + slot * slots + gaps + RIGHT_IN
    width = max(needed, style.COLUMN_WIDTH_IN)
    figure = Figure(figsize=(width, 1))
    foot = _foot(figure, models, looks, few, wide)
    # Where there are several rows, the names of the sources stand above them as well.
    top = (TOP_IN if len(targets) > 1 else 0.08) + (TITLE_IN if title else 0)
    room = style.PAGE_HEIGHT_IN - top - NAMES_IN - foot
    height = float(np.clip(room / len(targets) - GAP_Y_IN, HEIGHT_MIN_IN, HEIGHT_MAX_IN))
    total = top + len(targets) * (height + GAP_Y_IN) - GAP_Y_IN + NAMES_IN + foot
    figure.set_figheight(total)
    style.heading(figure, title, 0.08, width - 0.16)
    grid = []
    for row in range(len(targets)):
        x, y = LEFT_IN + (width - needed) / 2, total - top - row * (height + GAP_Y_IN) - height
        grid.append([])
        for block in blocks:
            across = len(block) * (len(models) + 1) * slot
            grid[-1].append(figure.add_axes([x / width, y / total, across / width, height / total]))
            x += across + GAP_X_IN
    return figure, grid


def _group_names(grid: Sequence[Sequence[Axes]], blocks: Sequence[Names], slots: int) -> None:
    """Name the sources above the first row and below the last."""
    places = [(grid[0], 1, 0.05, "bottom"), (grid[-1], 0, -0.04, "top")]
    for row, edge, gap_in, side in places if len(grid) > 1 else places[1:]:
        for axes, block in zip(row, blocks, strict=True):
            for group, (_, name) in enumerate(block):
                at = (group + 0.5) * slots, edge + gap_in / style.height_in(axes)
                look = {"ha": "center", "va": side, "fontsize": 7, "linespacing": 1}
                text = axes.text(*at, name, transform=axes.get_xaxis_transform(), **look)
                style.fit(text, style.width_in(axes) / len(block) - 0.04, lines=2)


def _foot(figure: Figure, models: Names, looks: Mapping[str, Look], few: bool, wide: bool) -> float:
    """Set legends and what the panels show, and give the height that they take, in inches."""
    width = figure.get_figwidth()
    cross = {"marker": "x", "color": style.SOFT, "markersize": 3, "markeredgewidth": 0.6, "linestyle": ""}
    away = {"marker": "^", "color": style.SOFT, "markersize": 3, "markeredgewidth": 0, "linestyle": ""}
    signs = [
        Line2D([], [], color=style.INK, linewidth=0.8, label="median"),
        Line2D([], [], color=style.INK, label="mean (in colour at the edge: beyond it)", **MEAN),
        Line2D([], [], label="median beyond the axis", **away),
        Line2D([], [], label="no picks or no answer", **cross),
        *([Line2D([], [], label=f"picks, fewer than {FEWEST_WINDOWS}", **_dot(style.SOFT))] if few else []),
        Patch(facecolor=IN_DOMAIN, edgecolor="none", label="in-domain"),
    ]
    bottom = style.legend(figure, signs, 0.06, handlelength=1.6) + 0.07
    boxes = [
        Patch(facecolor=_fill(looks[model]), edgecolor=looks[model].colour, linewidth=0.8, label=name)
        for model, name in models
    ]
    bottom = style.legend(figure, boxes, bottom, handlelength=1.4) + 0.07
    caption = (
        "Residual (s).  Box: middle half, whiskers: 10 to 90 %.  Rows: targets, groups: sources, boxes: models in order"
        + (".  Axes of teleseismic sources and targets reach three times as far" if wide else "")
    )
    text = figure.text(width / 2, bottom, caption, ha="center", va="bottom", transform=figure.dpi_scale_trans)
    return bottom + 0.06 + 0.12 * style.wrap(text, width - 0.16)
