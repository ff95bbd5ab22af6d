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


def save(figure: Figure, pdf: str | Path, png: str | Path) -> None:
    """Write a figure as PDF and as PNG, whole or not at all and without dates."""
    with style():
        with replacing(pdf) as temporary:
            figure.savefig(temporary, metadata={"Creator": "pickbench", "CreationDate": None})
        with replacing(png) as temporary:
            figure.savefig(temporary, dpi=PNG_DPI, metadata={"Software": "pickbench"})
