"""The figure of a search shows every point and the least error so far."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pickbench.errors import InputError
from pickbench.figures.search import read_errors, search_figure
from pickbench.models.base import HISTORY_COLUMNS
from tests.unit.drawn import check_bytes


def test_lines_fall_to_the_least_error():
    figure = search_figure([("A", [np.array([3.0, 5.0, 2.0, 4.0])]), ("B", [np.array([1.0]), np.array([2.0])])], "T")
    first, second = (axes for axes in figure.axes if axes.get_visible())
    dots, line = first.lines
    assert dots.get_ydata().tolist() == [3, 5, 2, 4]
    assert line.get_xdata().tolist() == [1, 2, 3, 4] and line.get_ydata().tolist() == [3, 3, 2, 2]
    assert [text.get_text() for text in first.texts] == ["best 2.00 s"]
    assert len(second.lines) == 4 and second.get_title() == "B"
    assert [text.get_text() for text in second.texts] == ["best 1.00 s"]


@pytest.mark.parametrize("errors", [[3.0, 5.0, 2.0], [100.0, 0.1], [1.25], [1.3, 1.3, 1.25], [9.9, 7.7]], ids=str)
def test_points_and_the_number_are_within_the_panel_and_apart(errors):
    figure = search_figure([("A", [np.array(errors)])], "T")
    (axes,) = figure.axes
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    (text,) = axes.texts
    points, frame = axes.transData.transform(axes.lines[0].get_xydata()), axes.get_window_extent()
    radius = axes.lines[0].get_markersize() / 2 * figure.dpi / 72
    assert (points[:, 1] + radius < text.get_window_extent(renderer).y0).all()
    assert (points[:, 1] - radius > frame.y0).all()
    low, high = axes.get_ylim()
    assert sum(low <= tick <= high for tick in axes.get_yticks()) >= 2


def test_files_repeat_byte_for_byte(tmp_path):
    paths = []
    for number in range(5):
        paths.append(tmp_path / f"{number}.csv")
        points = pd.DataFrame({"epoch": [1, 2], "dev_loss": [2.0, 1.0]}, columns=HISTORY_COLUMNS)
        points.to_csv(paths[-1], index=False)
    errors = [(f"Source {number}", read_errors([path])) for number, path in enumerate(paths)]
    check_bytes(lambda: search_figure(errors, "Search"), tmp_path)
    (tmp_path / "4.csv").write_text("torn")
    with pytest.raises(InputError, match=r"4\.csv: not a readable history"):
        read_errors(paths[3:])
