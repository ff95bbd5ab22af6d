"""What tests ask of any figure: which texts it shows, and that they are whole, apart and large enough."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from pickbench.figures import style


def texts(part) -> list[Text]:
    """Give the texts of a figure or a part of it that can be seen."""
    return [text for text in part.findobj(Text) if text.get_visible() and text.get_text().strip()]


def strings(part) -> list[str]:
    """Give what they say, a line break as a space."""
    return [text.get_text().replace("\n", " ") for text in texts(part)]


def check_page(figure: Figure, smallest: float = 5.0) -> None:
    """Hold a figure against a printed page: its width, the size of letters, no text cut and no two on each other."""
    assert figure.get_figwidth() <= style.PAGE_WIDTH_IN + 1e-9
    figure.set_dpi(style.PNG_DPI)
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    shown = texts(figure)
    assert min(text.get_fontsize() for text in shown) >= smallest
    boxes = np.array([text.get_window_extent(renderer).extents for text in shown])
    cut = (boxes[:, :2] < 0).any(-1) | (boxes[:, 2:] > [figure.bbox.width, figure.bbox.height]).any(-1)
    cut = [shown[i].get_text() for i in np.flatnonzero(cut)]
    assert not cut, cut
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    # Half a pixel of slack: boxes of neighbouring tick labels may touch.
    apart = ((low >= high.swapaxes(0, 1) - 0.5) | (high <= low.swapaxes(0, 1) + 0.5)).any(-1)
    np.fill_diagonal(apart, True)
    overlapping = [(shown[i].get_text(), shown[j].get_text()) for i, j in np.argwhere(~apart) if i < j]
    assert not overlapping, overlapping
