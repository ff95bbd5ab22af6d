"""Matrices across domains: cells hold the table's numbers, colours follow the direction, empty cells are grey."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Polygon, Rectangle

from pickbench.figures import style
from pickbench.figures.matrices import (
    EMPTY,
    draw_matrices,
    format_value,
    matrix_figure,
    model_matrices,
    results_of,
)
from pickbench.figures.matrix_kinds import MATRICES
from pickbench.figures.shades import colouring, readable_on, relative_luminance
from pickbench.metrics.registry import METRICS
from pickbench.metrics.table import as_table
from tests.unit.drawn import check_bytes, check_layout, strings, texts

AUC, MAE = METRICS["auc"], METRICS["mae_s"]


def row(model, source, target, value, **more):
    fixed = {"task": 1, "phase": "", "split": "test", "lr": "", "seed": 42, "metric": "auc", "threshold_from": ""}
    numbers = dict.fromkeys(("ci_low", "ci_high", "threshold"), np.nan) | {"n": 9}
    return {"model": model, "source": source, "target": target, "value": value, **fixed, **numbers, **more}


def names(count, word):
    return [(f"{word}{i}", "InstanceCountsCombined (synthetic)" if i == 1 else f"DATASET {i}") for i in range(count)]


def drawn(values, metric, rows="ab", columns="ab", **options):
    ends = [(name, name.upper()) for name in rows], [(name, name.upper()) for name in columns]
    frames = {f"m{i}": pd.DataFrame(v, list(rows), list(columns), dtype=float) for i, v in enumerate(values)}
    return matrix_figure(frames, metric, [(name, name.upper()) for name in frames], *ends, **options)


def panels(figure):
    return [axes for axes in figure.axes if axes.get_title()]


def cells(axes):
    """(row, column) -> colour of a filled cell, and its number."""
    boxes = [patch for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_facecolor()[3]]
    colours = {(int(box.get_y()), int(box.get_x())): box.get_facecolor() for box in boxes}
    inside = [text for text in axes.texts if text.get_transform() == axes.transData]
    numbers = {(int(t.get_position()[1]), int(t.get_position()[0])): t for t in inside}
    return {place: (colour, numbers[place]) for place, colour in colours.items()}


@pytest.mark.parametrize(("metric", "best"), [(AUC, np.max), (MAE, np.min)])
def test_cells_hold_the_numbers_and_the_best_is_darkest(metric, best):
    values = np.array([[0.91, 0.52], [0.73, 0.84]])
    figure = drawn([values], metric)
    shown = cells(panels(figure)[0])
    assert {place: text.get_text() for place, (_, text) in shown.items()} == {
        (i, j): f"{values[i, j]:.2f}" for i in range(2) for j in range(2)
    }
    dark = {values[place]: relative_luminance(colour) for place, (colour, _) in shown.items()}
    order = sorted(dark, key=dark.get)
    assert order == sorted(dark, reverse=best is np.max)
    assert f"{metric.title}{' (s)' if metric.unit else ''}, darker is better" in strings(figure)


@pytest.mark.parametrize("metric", [AUC, MAE])
def test_numbers_are_readable_on_every_colour(metric):
    colours, _ = colouring([pd.DataFrame([[0.1, 0.9]])], metric)
    for place in np.linspace(0, 1, 101):
        pair = sorted(relative_luminance(c) for c in (colours(place), to_rgb(readable_on(colours(place)))))
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5


def test_lightness_falls_all_along_the_colours():
    colours, _ = colouring([pd.DataFrame([[0.1, 0.9]])], AUC)
    assert (np.diff([relative_luminance(colours(x)) for x in np.linspace(0, 1, 101)]) < 0).all()


def test_one_failure_does_not_use_the_colours_up():
    values = np.linspace(0.9, 1.0, 60).reshape(6, 10)
    values[0, 0] = 0.1
    _, norm = colouring([pd.DataFrame(values)], AUC)
    assert norm.vmin > 0.85 and norm.vmax == 1.0 and norm(0.1) == 0
    _, norm = colouring([pd.DataFrame(1 / values)], MAE)
    assert norm.vmin == 1.0 and norm.vmax == 2.0
    # Of a few values all are in the range.
    _, norm = colouring([pd.DataFrame([[0.1, 0.8], [0.9, 0.95]])], AUC)
    assert (norm.vmin, norm.vmax) == (0.1, 0.95)


@pytest.mark.parametrize("values", [[[0.9]], [[1.0, 1.0]], [[0.0, 0.0]], [[np.nan]]])
@pytest.mark.parametrize("metric", [AUC, MAE])
def test_equal_or_no_values_have_a_range_too(values, metric):
    frame = pd.DataFrame(values)
    _, norm = colouring([frame], metric)
    assert norm.vmin < norm.vmax
    check_layout(drawn([values], metric, "a", "ab"[: frame.shape[1]]))


def test_empty_cells_are_grey_and_the_legend_says_why():
    figure = drawn([[[0.9, np.nan], [np.nan, 0.8]]], METRICS["mcc"])
    axes = panels(figure)[0]
    assert set(cells(axes)) == {(0, 0), (1, 1)}
    assert to_hex(axes.get_facecolor()).upper() == EMPTY
    assert any(text.startswith("no result: not run") and "threshold" in text for text in strings(figure))
    assert not any("threshold" in text for text in strings(drawn([[[0.9, np.nan]]], AUC, "a", "ab")))
    assert not any("no result" in text for text in strings(drawn([[[0.9]]], AUC, "a", "a")))


def test_in_domain_cells_are_framed():
    axes = panels(drawn([[[0.9, 0.8, 0.7], [0.9, np.nan, 0.7]]], AUC, "ab", "bca"))[0]
    frames = [patch for patch in axes.patches if to_hex(patch.get_edgecolor()).upper() == style.VERMILLION]
    assert [(frame.get_y(), frame.get_x()) for frame in frames] == [(0, 2), (1, 0)]


def test_the_average_is_over_the_models_that_have_a_cell():
    figure = drawn([[[0.9, np.nan], [np.nan, np.nan]], [[0.7, 0.6], [np.nan, 0.5]]], AUC)
    *_, last = panels(figure)
    assert last.get_title() == "Average"
    texts = {place: text.get_text() for place, (_, text) in cells(last).items()}
    assert texts == {(0, 0): "0.80", (0, 1): "0.60", (1, 1): "0.50"}
    # The last row's only cell lacks the first model, and so does that of the first row.
    corners = [tuple(patch.get_xy()[0]) for patch in last.patches if isinstance(patch, Polygon)]
    assert corners == [(2.0, 0.0), (2.0, 1.0)]
    assert "average lacks one or more of the 2 models" in strings(figure)
    alone = drawn([[[0.9]]], AUC, "a", "a")
    assert [axes.get_title() for axes in panels(alone)] == ["M0"]
    assert not any("average" in text for text in strings(alone))
    both = drawn([[[0.9]], [[0.7]]], AUC, "a", "a")
    assert not any("lacks" in text for text in strings(both))


def test_columns_of_few_windows_are_hatched_and_in_no_average():
    values = [[[0.9, 0.1], [0.8, 0.2]], [[0.7, 0.3], [0.6, 0.4]]]
    figure = drawn(values, AUC, windows={"a": 10, "b": 9})
    *models, last = panels(figure)
    for axes, of_model in zip(models, values, strict=True):
        hatched = {(int(p.get_y()), int(p.get_x())) for p in axes.patches if p.get_hatch()}
        assert hatched == {(0, 1), (1, 1)}
        assert [text.get_text() for _, text in cells(axes).values()] == [f"{v:.2f}" for row in of_model for v in row]
    (hatched,) = [patch for patch in last.patches if patch.get_hatch()]
    assert (hatched.get_x(), hatched.get_y(), hatched.get_height()) == (1, 0, 2)
    numbers = [text.get_text() for text in last.texts if text.get_transform() == last.transData]
    assert numbers == ["0.80", "0.70"]
    said = strings(figure)
    # Below the last panel of every column.
    assert all({"n", "10", "9"} <= set(strings(axes)) for axes in panels(figure))
    assert "fewer than 10 windows (n): no colour, not averaged" in said
    # The colours are about what has a colour: 0.6 to 0.9.
    (bar,) = [axes for axes in figure.axes if axes not in panels(figure)]
    assert bar.get_xlim() == pytest.approx((0.6, 0.9))
    enough = drawn(values, AUC, windows={"a": 10, "b": 10})
    assert not any("fewer than" in text for text in strings(enough))


def test_windows_are_those_of_the_metric_on_test():
    rows = [row("m", "a", "b", 0.1, n=7), row("m", "a", "b", 0.1, n=400, split="dev"), row("m", "a", "c", 0.2, n=12345)]
    figure = draw_matrices(as_table(rows), "auc", 42, [("m", "M")], [("a", "A")], [("b", "B"), ("c", "C")])
    assert {"n", "7", "12k"} <= set(strings(figure))


def test_values_that_hardly_differ_look_alike():
    for metric, pair in ((AUC, (0.990, 0.994)), (MAE, (0.100, 0.104))):
        colours, norm = colouring([pd.DataFrame([pair])], metric)
        light = [relative_luminance(colours(norm(value))) for value in pair]
        assert abs(light[0] - light[1]) < 0.02 and max(light) < 0.1


@pytest.mark.parametrize("high", [0.11, 0.2, 0.9, 5, 400])
def test_a_colour_bar_has_enough_plain_numbers(high):
    figure = drawn([[[0.08, high]]], MAE, "a")
    (bar,) = [axes for axes in figure.axes if axes not in panels(figure)]
    numbers = [float(label.get_text()) for label in bar.get_xticklabels()]
    assert 3 <= len(numbers) <= 8 and min(numbers) >= 0.08 and max(numbers) <= max(high, 0.16)


def test_values_are_those_of_test_seed_and_the_source_s_threshold():
    mcc = {"metric": "mcc", "task": 2, "threshold_from": "source"}
    table = as_table(
        [
            row("m", "a", "b", 0.1),
            row("m", "a", "b", 0.2, seed=43),
            row("m", "a", "b", 0.3, split="dev"),
            row("m", "a", "b", 0.4, **mcc),
            row("m", "a", "b", 0.5, **{**mcc, "threshold_from": "target"}),
            row("m", "a", "b", 0.6, task=3, metric="mae_s", phase="P"),
            row("m", "a", "b", 0.7, task=3, metric="mae_s", phase="S"),
            row("m", "pre-x", "b", 0.8),
        ]
    )
    found = {
        name: model_matrices(results_of(table, kind, 42), ["m"], ["a"], ["b", "c"])["m"]
        for name, kind in MATRICES.items()
    }
    assert {name: frame.at["a", "b"] for name, frame in found.items()} == {
        "auc": 0.1, "mcc": 0.4, "mae-P": 0.6, "mae-S": 0.7,
    }  # fmt: skip
    assert all(list(frame.columns) == ["b", "c"] and np.isnan(frame.at["a", "c"]) for frame in found.values())


ROUNDED = {0.996: "1.00", -0.001: "0.00", -0.126: "\N{MINUS SIGN}0.13", 9.996: "10.0", 12.34: "12.3", 123.4: "123"}


@pytest.mark.parametrize(("value", "text"), ROUNDED.items())
def test_numbers_fit_their_cells(value, text):
    assert format_value(value) == text


@pytest.mark.parametrize(
    ("n_models", "n_sources", "n_targets"), [(11, 8, 8), (2, 1, 1), (1, 1, 1), (4, 12, 3), (3, 2, 14)]
)
@pytest.mark.parametrize("metric", [METRICS["mcc"], MAE])
def test_nothing_overlaps_or_is_cut(n_models, n_sources, n_targets, metric):
    rng = np.random.default_rng(0)
    sources, targets = names(n_sources, "d"), names(n_targets, "d")
    models = [(f"m{i}", "A model of an unusually long name" if i == 1 else f"PhaseNet {i}") for i in range(n_models)]
    low, high = (-1, 1) if metric.task == 2 else (0, 99)
    values = rng.uniform(low, high, (n_models, n_sources, n_targets))
    frames = {
        m: pd.DataFrame(v, [s for s, _ in sources], [t for t, _ in targets])
        for (m, _), v in zip(models, values, strict=True)
    }
    figure = matrix_figure(
        frames, metric, models, sources, targets, title="Phase identification across domains (test, seed 42)"
    )
    check_layout(figure)
    assert figure.get_figheight() < 9.5
    figure.draw_without_rendering()
    for axes in panels(figure):
        width = axes.get_window_extent().width / n_targets
        inside = [text for text in axes.texts if text.get_transform() == axes.transData]
        assert max(text.get_window_extent().width for text in inside) < width
    assert len(texts(figure)) > (n_models + (n_models > 1)) * n_sources * n_targets


@pytest.mark.parametrize("name", MATRICES)
def test_files_repeat_byte_for_byte(name, tmp_path):
    table = as_table([row("m", "a", "b", 0.1), row("m", "a", "a", 0.2)])
    ends = [("a", "A")], [("a", "A"), ("b", "B")]
    check_bytes(lambda: draw_matrices(table, name, 42, [("m", "M")], *ends, title="T"), tmp_path)
