"""What tests ask of a drawn figure: its texts, that none overlaps another or is cut, and that files repeat."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from pickbench.figures import style


def texts(artist):
    return [text for text in artist.findobj(Text) if text.get_visible() and text.get_text().strip()]


def strings(artist):
    return [text.get_text().replace("\n", " ") for text in texts(artist)]


def check_layout(figure, smallest=5.0):
    """No text overlaps another, is cut, or is too small to read, at the size of a printed page."""
    assert figure.get_figwidth() <= style.PAGE_WIDTH_IN + 1e-9
    figure.set_dpi(style.PNG_DPI)
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    shown = texts(figure)
    # Labels of ticks that lie outside their axis are not drawn.
    hidden = set()
    for axes in figure.axes:
        for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            low, high = min(low, high), max(low, high)
            slack = 1e-6 * (high - low)
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            for tick in ticks:
                beyond = not low - slack <= tick.get_loc() <= high + slack
                hidden |= {id(label) for label in (tick.label1, tick.label2) if beyond or not axes.get_visible()}
    shown = [text for text in shown if id(text) not in hidden]
    assert min(text.get_fontsize() for text in shown) >= smallest
    boxes = np.array([Text.get_window_extent(text, renderer).extents for text in shown])
    cut = ((boxes[:, :2] < 0) | (boxes[:, 2:] > [figure.bbox.width, figure.bbox.height])).any(axis=1)
    assert [shown[i].get_text() for i in np.flatnonzero(cut)] == []
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    # Half a pixel of slack: boxes of neighbouring tick labels may touch.
    apart = ((low >= high.swapaxes(0, 1) - 0.5) | (high <= low.swapaxes(0, 1) + 0.5)).any(-1)
    np.fill_diagonal(apart, True)
    assert [(shown[i].get_text(), shown[j].get_text()) for i, j in np.argwhere(~apart) if i < j] == []


def check_bytes(draw, folder):
    """A figure drawn again is the same file to the byte, as PDF and as PNG, and says nothing of when it was made."""
    for number in (1, 2):
        style.save(draw(), folder / f"{number}.pdf", folder / f"{number}.png")
    for kind, begin in (("pdf", b"%PDF"), ("png", b"\x89PNG")):
        first = (folder / f"1.{kind}").read_bytes()
        assert first == (folder / f"2.{kind}").read_bytes() and first.startswith(begin)
        assert b"CreationDate" not in first
