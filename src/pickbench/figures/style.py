"""One look for all figures: colours, sizes and how a figure is saved.

Colours are Okabe and Ito's, told apart by colour-blind readers too; what a colour says, a line style or a marker says
as well. Widths are those of a printed page, so that a figure is read at the size it is drawn in. Files hold no date:
the same data give the same bytes.
"""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from pickbench.files import replacing

# Okabe and Ito (2008), https://jfly.uni-koeln.de/color/
SKY = "#56B4E9"
ORANGE = "#E69F00"
VERMILLION = "#D55E00"
GREEN = "#009E73"
BLUE = "#0072B2"
PURPLE = "#CC79A7"
INK = "#222222"
SOFT = "#5A5A5A"
PALE = "#E9E9E9"

# Of a page of the journal, in inches: 90 mm and 180 mm.
COLUMN_WIDTH_IN = 3.54
PAGE_WIDTH_IN = 7.09
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
    # TrueType text stays text in the PDF; a fixed salt keeps its internal names the same.
    "pdf.fonttype": 42,
    "svg.hashsalt": "pickbench",
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the common look, without a screen, and leave the settings of others as they were."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC)
        yield


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
    fit(text, 0.92 * axes.get_position().width * axes.figure.get_figwidth(), lines=lines)


def log_ticks(low: float, high: float) -> dict[float, str]:
    """Places and labels of ticks between two powers of ten, given as exponents, for values that are drawn as such."""
    span = high - low
    steps = (1,) if span > 3 else (1, 3) if span > 1.25 else (1, 2, 5)
    values = [step * 10.0**power for power in range(int(np.floor(low)), int(np.ceil(high)) + 1) for step in steps]
    # A label at the very edge would meet that of the next panel.
    inside = [value for value in values if low + 0.04 * span <= np.log10(value) <= high - 0.04 * span]
    return {float(np.log10(value)): f"{value:,.10g}" for value in inside}


def _wrapped(title: str, lines: int, break_words: bool) -> str:
    """Wrap a title as narrowly as so many lines allow."""
    widths = range(len(title) // lines, len(title) + 1)
    texts = (textwrap.wrap(title, max(width, 1), break_long_words=break_words) for width in widths)
    return "\n".join(next(wrapped for wrapped in texts if len(wrapped) <= lines))


def _length_in(text: Text) -> float:
    """Length of a horizontal or upright text along its lines, with 3 % to spare for another resolution's hinting."""
    box = text.get_window_extent(FigureCanvasAgg(text.figure).get_renderer())
    return 1.03 * (box.height if text.get_rotation() == 90 else box.width) / text.figure.dpi


def save(figure: Figure, pdf: str | Path, png: str | Path) -> None:
    """Write a figure as PDF and as PNG, whole or not at all and without dates."""
    with style():
        with replacing(pdf) as temporary:
            figure.savefig(temporary, metadata={"Creator": "pickbench", "CreationDate": None})
        with replacing(png) as temporary:
            figure.savefig(temporary, dpi=PNG_DPI, metadata={"Software": "pickbench"})
