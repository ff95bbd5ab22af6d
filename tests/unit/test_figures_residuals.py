"""Residual figures: what a panel shows, that nothing overlaps or is cut, and that files repeat byte for byte."""

import itertools
import os
import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import StepPatch

from pickbench.errors import InputError
from pickbench.figures import style
from pickbench.figures.residuals import HEAD, draw_residuals, read_residuals, residual_matrix
from tests.unit.drawn import check_layout, strings, texts

LONG = "InstanceCountsCombined (synthetic)"


def matrix(n_rows, n_columns, draw=None, limit=lambda i, j: 0.45, **options):
    rows = [(f"r{i}", LONG if i == 1 else f"Model {i}") for i in range(n_rows)]
    columns = [(f"c{j}", LONG if j == 1 else f"DATASET {j}") for j in range(n_columns)]
    rng = np.random.default_rng(0)
    draw = draw or (lambda i, j: rng.laplace(0.02 * i, 0.05 * (j + 1), 1_000_000 if i == j == 0 else 500))
    pairs = list(itertools.product(range(n_rows), range(n_columns)))
    cells = {(f"r{i}", f"c{j}"): draw(i, j) for i, j in pairs}
    limits = {(f"r{i}", f"c{j}"): limit(i, j) for i, j in pairs}
    return residual_matrix(cells, rows, columns, limits, **options)


def panel(residuals, limit_s=0.45):
    return matrix(1, 1, lambda i, j: residuals, lambda i, j: limit_s).axes[0]


def lines(axes):
    return {to_hex(line.get_color()).upper(): line for line in axes.lines}


def test_that_scales_differ_is_said_once_where_there_are_several():
    said = [sum("own vertical scale" in word for word in strings(matrix(*size))) for size in ((1, 1), (1, 2), (3, 2))]
    assert said == [0, 1, 1]


@pytest.mark.parametrize("limit_s", [0.45, 1.5])
def test_a_panel_shows_shares_fit_and_centres(limit_s):
    residuals = np.random.default_rng(1).laplace(0.1, 0.2, 20_000)
    axes = panel(residuals, limit_s)
    out = np.mean(np.abs(residuals) > limit_s)
    histogram = axes.findobj(StepPatch)[0].get_data()
    assert len(histogram.edges) == {0.45: 46, 1.5: 61}[limit_s]
    assert histogram.values.sum() == pytest.approx(1 - out, abs=1e-3)
    drawn = lines(axes)
    assert drawn[style.VERMILLION].get_xdata()[0] == np.median(residuals)
    assert drawn[style.ORANGE].get_xdata()[0] == np.mean(residuals)
    # The fitted curve is in the histogram's measure: both agree for residuals that are Laplace-distributed.
    x, curve = drawn[style.INK].get_data()
    middles = (histogram.edges[1:] + histogram.edges[:-1]) / 2
    np.testing.assert_allclose(np.interp(middles, x, curve), histogram.values, atol=0.006)
    numbers = "\n".join(strings(axes))
    assert f"OUT {out:.2f} MAE {np.mean(np.abs(residuals)):.2f} RMSE {np.sqrt(np.mean(residuals**2)):.2f}" in numbers
    assert "n 20k" in numbers
    assert axes.get_xlim() == (-limit_s, limit_s)


def test_picks_on_whole_samples_fall_clearly_inside_a_bin():
    # 0.1 s is an edge of the wide axis, which without the shift would depend on rounding.
    counts = panel(np.array([0.1, 0.1 - 1e-12, 0.1 + 1e-12]), 1.5).findobj(StepPatch)[0].get_data().values
    assert counts.max() == 1.0


def test_centres_beyond_the_axis_become_arrowheads():
    axes = panel(np.full(30, 2.0) + np.linspace(-0.1, 0.1, 30))
    assert {line.get_marker() for line in axes.lines if line.get_marker() != "None"} == {">"}
    assert "OUT 1.00" in "".join(strings(axes))
    assert {line.get_marker() for line in panel(np.full(3, -2.0)).lines} == {"<"}


def test_identical_residuals_have_no_curve():
    assert style.INK not in lines(panel(np.zeros(50)))


@pytest.mark.parametrize(("beyond", "is_fitted"), [(10, True), (11, False), (20, False)])
def test_there_is_no_fit_where_most_picks_lie_beyond_the_axis(beyond, is_fitted):
    residuals = np.where(np.arange(20) < beyond, 2.0, 0.1) + np.linspace(-0.05, 0.05, 20)
    axes = panel(residuals)
    assert (style.INK in lines(axes)) == is_fitted
    assert ("n 20" if is_fitted else "n 20 no fit") in strings(axes)
    check_layout(matrix(2, 7, lambda i, j: residuals))


def test_empty_panels_are_grey_and_say_why():
    rows, columns = [("a", "A"), ("b", "B"), ("c", "C")], [("x", "X")]
    cells = {("a", "x"): None, ("b", "x"): np.array([])}
    limits = {(row, "x"): 0.45 for row, _ in rows}
    figure = residual_matrix(cells, rows, columns, limits)
    for axes, word in zip(figure.axes, ("no answer", "no picks", "not run"), strict=True):
        assert word in strings(axes)
        assert axes.get_facecolor()[:3] == to_rgb(style.PALE)
        assert not axes.findobj(StepPatch)


def test_every_panel_shows_its_axis_where_a_column_mixes_two():
    def ticks(figure):
        return ["".join(label.get_text() for label in axes.get_xticklabels()) for axes in figure.axes]

    by_column = matrix(2, 2, limit=lambda i, j: 1.5 if j == 1 else 0.45)
    assert ticks(by_column) == ["", "", "−0.300.3", "−101"]
    assert all(ticks(matrix(2, 2, limit=lambda i, j: 1.5 if i == 1 else 0.45)))


ACROSS = "P onset residuals of PhaseNetLight across domains\nRows: sources, columns: targets"
# Letters are set on pixels: on a screen's it seems to fit at 6.5 points, on the PNG's it does not.
DECEIVING = "P residuals of PhaseNetLight at other sampling rates (test, seed 42)"


@pytest.mark.parametrize(
    ("n_rows", "n_columns", "title"), [(8, 8, ACROSS), (4, 3, ACROSS), (1, 1, ACROSS), (1, 2, DECEIVING)]
)
def test_nothing_overlaps_or_is_cut(n_rows, n_columns, title):
    figure = matrix(
        n_rows,
        n_columns,
        limit=lambda i, j: 1.5 if max(i, j) > 5 else 0.45,
        title=title,
        notes={(f"r{i}", f"c{j}"): "33.3 Hz" for i in range(n_rows) for j in range(n_columns)},
    )
    check_layout(figure)
    assert len(texts(figure)) > 3 * n_rows * n_columns
    for axes in figure.axes:
        numbers = [text for text in axes.texts if text.get_text().startswith(("OUT", "n "))]
        bottom = min(text.get_window_extent().y0 for text in numbers)
        assert axes.transAxes.inverted().transform((0, bottom))[1] >= 1 - HEAD
        assert axes.findobj(StepPatch)[0].get_data().values.max() <= axes.get_ylim()[1] * (1 - HEAD) + 1e-12


def write_predictions(path, s_answers=True):
    onset = np.arange(40) * 100.0
    pd.DataFrame(
        {
            "trace_name": [f"t{i}" for i in range(40)],
            "phase_label": ["P", "S"] * 20,
            "phase_onset": onset,
            "sampling_rate": 100.0,
            "score_p_or_s": 1.0,
            "p_sample_pred": onset + np.linspace(-30, 30, 40),
            "s_sample_pred": onset + 50 if s_answers else np.nan,
        }
    ).to_parquet(path)
    return path


def test_residuals_are_read_from_prediction_files(tmp_path):
    path = write_predictions(tmp_path / "test_task23.parquet", s_answers=False)
    np.testing.assert_allclose(read_residuals(path, "P"), np.linspace(-0.3, 0.3, 40)[::2], atol=1e-12)
    assert read_residuals(path, "S") is None
    table = pd.read_parquet(path)
    table[table["phase_label"] == "S"].assign(s_sample_pred=1.0).to_parquet(path)
    assert len(read_residuals(path, "P")) == 0
    table.loc[4, "p_sample_pred"] = np.nan
    table.to_parquet(path)
    with pytest.raises(InputError, match="test_task23.parquet: p_sample_pred has no number in 1 of 20 rows.*t4"):
        read_residuals(path, "P")
    path.write_bytes(b"PAR1")
    with pytest.raises(InputError, match="test_task23.parquet: not a whole prediction file"):
        read_residuals(path, "P")


SCRIPT = """
import sys
from pickbench.figures.residuals import draw_residuals
from pickbench.figures.style import save
files = {("near", "far"): sys.argv[1] + "/p.parquet"}
figure = draw_residuals(files, "P", [("near", "Near")], [("near", "Near"), ("far", "Far")],
                        {"near": "local", "far": "teleseismic"}, title="P residuals")
save(figure, sys.argv[2] + ".pdf", sys.argv[2] + ".png")
"""


def test_files_repeat_byte_for_byte(tmp_path):
    write_predictions(tmp_path / "p.parquet")
    for run in ("1", "2"):
        command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(tmp_path / run)]
        subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": run})
    for suffix in ("pdf", "png"):
        first = (tmp_path / f"1.{suffix}").read_bytes()
        assert first == (tmp_path / f"2.{suffix}").read_bytes()
        assert first.startswith(b"%PDF" if suffix == "pdf" else b"\x89PNG")
    assert b"CreationDate" not in (tmp_path / "1.pdf").read_bytes()


def test_the_axis_follows_the_regions(tmp_path):
    path = write_predictions(tmp_path / "p.parquet")
    regions = {"near": "local", "far": "teleseismic"}
    ends = [("near", "Near"), ("far", "Far"), ("pre-x", "Published")]
    files = {(source, target): path for source, _ in ends for target, _ in ends[:2]}
    across = draw_residuals(files, "P", ends, ends[:2], regions)
    own = draw_residuals({("phasenet", "near"): path}, "P", [("phasenet", "PhaseNet")], ends[:2], regions)
    assert [axes.get_xlim()[1] for axes in across.axes] == [0.45, 1.5, 1.5, 1.5, 0.45, 1.5]
    assert [axes.get_xlim()[1] for axes in own.axes] == [0.45, 1.5]


def test_the_look_is_given_back():
    before = matplotlib.rcParams["font.size"]
    with style.style():
        assert matplotlib.rcParams["pdf.fonttype"] == 42
    assert matplotlib.rcParams["font.size"] == before


@pytest.mark.parametrize("columns", [1, 3, 8])
def test_all_models_of_the_paper_fit_on_a_page(columns):
    """Ten rows: the networks, Baer-Kradolfer, and a control."""
    rows = [(f"m{number}", f"Model {number}") for number in range(10)]
    across = [(f"d{number}", f"Data {number}") for number in range(columns)]
    keys = [(row, column) for row, _ in rows for column, _ in across]
    figure = residual_matrix(dict.fromkeys(keys, np.array([0.1, -0.2])), rows, across, dict.fromkeys(keys, 0.45))
    assert figure.get_figheight() <= style.PAGE_HEIGHT_IN + 1e-9
    assert figure.get_figwidth() <= style.PAGE_WIDTH_IN + 1e-9
