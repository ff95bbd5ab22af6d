"""One look for all figures: colours, sizes and how a figure is saved.

Colours are Okabe and Ito's with two darker ones, told apart by colour-blind readers too; what a colour says, a line
style or a marker says as well. Widths are those of a printed page, so that a figure is read at the size it is drawn in.
Files hold no date: the same data give the same bytes.
"""

import logging
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.textpath import TextPath
from matplotlib.ticker import LogLocator, MaxNLocator

from pickbench.files import replacing

# It has a hundred lines to say of every PDF.
logging.getLogger("fontTools").setLevel(logging.WARNING)

#: (id, title) of what a figure shows, in its order.
Names = Sequence[tuple[str, str]]

# Okabe and Ito (2008), https://jfly.uni-koeln.de/color/
SKY = "#56B4E9"
ORANGE = "#E69F00"
VERMILLION = "#D55E00"
GREEN = "#009E73"
BLUE = "#0072B2"
PURPLE = "#CC79A7"
INK = "#222222"
# Paul Tol's, https://personal.sron.nl/~pault/: without red or green vision, too, they differ from the others by no less
# than those do among themselves (in CIELAB).
WINE = "#882255"
INDIGO = "#332288"
SOFT = "#5A5A5A"
PALE = "#E9E9E9"
# Of models, in their order in the configuration. The number of colours shares no factor with those of dashes and of
# markers, so that two models with one colour differ in both.
MODEL_COLOURS = (VERMILLION, BLUE, GREEN, ORANGE, PURPLE, SKY, INK, WINE, INDIGO)
MODEL_DASHES = ("-", (0, (5, 1.2)), (0, (5, 1.2, 1.2, 1.2)), (0, (2.2, 1)))
MODEL_MARKERS = "os^DvP<X>*"
CONTROL_COLOURS = ("#8C8C8C", "#B4B4B4")
CONTROL_DASHES = ((0, (1, 1)), (0, (3, 1.5, 1, 1.5, 1, 1.5)))

# Of a page of the journal, in inches: 90 mm, 180 mm, and what 240 mm leave for a figure above its caption.
COLUMN_WIDTH_IN = 3.54
PAGE_WIDTH_IN = 7.09
PAGE_HEIGHT_IN = 8.8
PNG_DPI = 250

RC = {
    "font.family": "DejaVu Sans",
    "font.size": 7.0,
    "axes.titlesize": 7.0,
    "axes.labelsize": 7.0,
    "axes.linewidth": 0.5,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 6.0,
    "ytick.labelsize": 6.0,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.major.size": 2.0,
    "ytick.major.size": 2.0,
    "ytick.minor.width": 0.4,
    "ytick.minor.size": 1.2,
    "xtick.major.pad": 1.5,
    "ytick.major.pad": 1.5,
    "lines.linewidth": 0.9,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    # A station or a title with a dollar in it is no formula.
    "text.parse_math": False,
    # TrueType text stays text in the PDF; a fixed salt keeps its internal names the same.
    "pdf.fonttype": 42,
    "svg.hashsalt": "pickbench",
    "hatch.linewidth": 0.5,
}


@dataclass(frozen=True)
class Look:
    """How a model is drawn wherever models are compared.

    Attributes
    ----------
    colour, dashes, marker
        As Matplotlib takes them.
    filled
        Whether an area is filled with the colour or only framed in it: a model beyond the colours is told apart by it.
    control
        Whether it is a control.
    """

    colour: str
    dashes: object
    marker: str
    filled: bool = True
    control: bool = False


def model_looks(models: Mapping[str, bool]) -> dict[str, Look]:
    """Give each model its look.

    Parameters
    ----------
    models
        Id -> whether it is a control. All models of a run, so that a model looks the same in every figure.
    """
    looks, pickers, controls = {}, 0, 0
    for name, control in models.items():
        i = controls if control else pickers
        colours, dashes = (CONTROL_COLOURS, CONTROL_DASHES) if control else (MODEL_COLOURS, MODEL_DASHES)
        marker = MODEL_MARKERS[(-1 - i if control else i) % len(MODEL_MARKERS)]
        filled = not control and (i // len(colours)) % 2 == 0
        looks[name] = Look(colours[i % len(colours)], dashes[i % len(dashes)], marker, filled, control)
        pickers, controls = pickers + (not control), controls + control
    return looks


def lighter(colour: str, share: float) -> tuple[float, float, float]:
    """Mix a colour with this share of white; RGB."""
    return tuple((1 - share) * part + share for part in to_rgb(colour))


@contextmanager
def style() -> Iterator[None]:
    """Draw in the common look, without a screen, and leave the settings of others as they were."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC)
        yield


def width_in(axes: Axes) -> float:
    """Width of axes in inches."""
    return axes.get_position().width * axes.figure.get_figwidth()


def height_in(axes: Axes) -> float:
    """Height of axes in inches."""
    return axes.get_position().height * axes.figure.get_figheight()


def plain(value: float) -> str:
    """Write a number of an axis with a true minus sign."""
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def plain_count(number: int) -> str:
    """Write a number of picks or windows in five letters at most."""
    return str(number) if number < 10_000 else f"{number / 1000:.0f}k"


def width_em(words: str) -> float:
    """Width of a text of one line in multiples of its letters' size, in the family of `RC`."""
    return (
        float(TextPath((0, 0), words, size=100, prop=FontProperties(family=RC["font.family"])).get_extents().x1) / 100
    )


def heading(figure: Figure, title: str, left_in: float, length_in: float, *, line_in: float = 0.16) -> None:
    """Set a title at the top of a figure of its final size; lines beyond the first are smaller."""
    width, height = figure.get_size_inches()
    for number, line in enumerate(title.splitlines()):
        look = {"fontsize": 6.5, "color": SOFT} if number else {"fontsize": 8, "fontweight": "bold"}
        text = figure.text(left_in / width, 1 - (0.05 + line_in * number) / height, line, va="top", **look)
        fit(text, length_in)


def fit(text: Text, length_in: float, *, lines: int = 1, smallest: float = 5.0) -> None:
    """Bring a text to `length_in` inches at most: wrap it into so many lines, make it smaller, break its words.

    Words are broken only where there may be several lines and the smallest letters do not help.
    """
    title = text.get_text()
    if _length_in(text) > length_in and lines > 1:
        text.set_text(_wrapped(title, lines, break_words=False))
    while _length_in(text) > length_in and text.get_fontsize() > smallest:
        text.set_fontsize(text.get_fontsize() - 0.5)
    if _length_in(text) > length_in and lines > 1:
        text.set_text(_wrapped(title, lines, break_words=True))


def say(axes: Axes, words: str, *, lines: int = 4) -> None:
    """Say in an empty panel why there is nothing in it."""
    axes.set_facecolor(PALE)
    axes.set(xticks=[], yticks=[])
    text = axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=6.5)
    fit(text, 0.92 * width_in(axes), lines=lines)


def log_ticks(low: float, high: float) -> dict[float, str]:
    """Places and labels of ticks between two powers of ten, given as exponents, for values that are drawn as such.

    Where not two of 1, 2 and 5 times a power of ten lie in between, ticks are equally far apart in value.
    """
    span = high - low
    steps = (1,) if span > 3 else (1, 3) if span > 1.25 else (1, 2, 5)
    values = [step * 10.0**power for power in range(int(np.floor(low)), int(np.ceil(high)) + 1) for step in steps]
    # A label at the very edge would meet that of the next panel.
    begin, end = 10 ** (low + 0.04 * span), 10 ** (high - 0.04 * span)
    inside = [value for value in values if begin <= value <= end]
    if len(inside) < 2:
        inside = [value for value in MaxNLocator(3).tick_values(begin, end) if begin <= value <= end]
    return {float(np.log10(value)): f"{value:,.10g}" for value in inside}


def log_locator(low: float, high: float) -> LogLocator:
    """Ticks of a logarithmic axis between two values: each decade has one to three, and a narrow range more."""
    span = high / low
    steps = (1,) if span > 1e3 else (1, 2, 5) if span > 8 else (1, 1.5, 2, 3, 5, 7)
    return LogLocator(subs=steps, numticks=20)


def wrap(text: Text, length_in: float) -> int:
    """Set a text in the fewest lines of `length_in` inches at most, its letters as they are, and say how many."""
    words = text.get_text()
    for lines in range(1, len(words.split()) + 1):
        text.set_text(_wrapped(words, lines, break_words=False))
        if _length_in(text) <= length_in:
            break
    return len(text.get_text().splitlines())


def _wrapped(title: str, lines: int, break_words: bool) -> str:
    """Wrap a title as narrowly as so many lines allow."""
    widths = range(len(title) // lines, len(title) + 1)
    texts = (textwrap.wrap(title, max(width, 1), break_long_words=break_words) for width in widths)
    return "\n".join(next(wrapped for wrapped in texts if len(wrapped) <= lines))


def _length_in(text: Text) -> float:
    """Length of a horizontal or upright text along its lines, as in the PNG, with 3 % to spare for the PDF.

    On a screen's resolution letters are set on coarser pixels, and a text may seem 7 % shorter.
    """
    figure, dpi = text.figure, text.figure.dpi
    figure.dpi = PNG_DPI
    try:
        box = text.get_window_extent(FigureCanvasAgg(figure).get_renderer())
    finally:
        figure.dpi = dpi
    return 1.03 * (box.height if text.get_rotation() == 90 else box.width) / PNG_DPI


def legend(figure: Figure, handles: Sequence[Artist], bottom_in: float, **options: object) -> float:
    """Set a legend at the foot of a figure in as few rows as its width allows.

    Parameters
    ----------
    figure
        Its width has to be final, its height need not.
    handles
        What the legend names.
    bottom_in
        Lower edge, inches above that of the figure.
    options
        Further ones of `Figure.legend`.

    Returns
    -------
    float
        Upper edge, inches above that of the figure.
    """
    renderer, width_in = FigureCanvasAgg(figure).get_renderer(), figure.get_figwidth()
    place = {
        "loc": "lower center",
        "bbox_to_anchor": (width_in / 2, bottom_in),
        "bbox_transform": figure.dpi_scale_trans,
    }
    look = {"borderaxespad": 0, "borderpad": 0, "columnspacing": 1.4, "handlelength": 2.0} | options
    for rows in range(1, len(handles) + 1):
        made = figure.legend(handles=list(handles), ncols=-(-len(handles) // rows), **place, **look)
        box = made.get_window_extent(renderer)
        if box.width <= 0.98 * width_in * figure.dpi or rows == len(handles):
            break
        made.remove()
    return box.y1 / figure.dpi


def save(figure: Figure, pdf: str | Path, png: str | Path) -> None:
    """Write a figure as PDF and as PNG, whole or not at all and without dates."""
    with style():
        with replacing(pdf) as temporary:
            figure.savefig(temporary, metadata={"Creator": "pickbench", "CreationDate": None})
        with replacing(png) as temporary:
            figure.savefig(temporary, dpi=PNG_DPI, metadata={"Software": "pickbench"})
