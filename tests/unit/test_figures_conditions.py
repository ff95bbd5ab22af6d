"""Residuals against conditions: what the lines and hexagons show, that facts meet their picks, and the layout."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex

from pickbench.errors import InputError
from pickbench.figures import conditions, style
from pickbench.figures.conditions import condition_panels, draw_conditions, running, scaled
from tests.unit.drawn import check_bytes, check_layout, strings


def test_the_running_lines_are_percentiles_of_equal_groups():
    # Three groups of 20, given out of order: 0..19 around 0, 1000 and 2000.
    mixed = np.random.default_rng(0).permutation(60)
    x, y = np.repeat([1.0, 2.0, 3.0], 20)[mixed], (np.tile(np.arange(20.0), 3) + np.repeat([0, 1000, 2000], 20))[mixed]
    at, low, middle, high = running(x, y)
    np.testing.assert_array_equal(at, [1, 2, 3])
    np.testing.assert_allclose(low, [1.9, 1001.9, 2001.9])
    np.testing.assert_allclose(middle, [9.5, 1009.5, 2009.5])
    np.testing.assert_allclose(high, [17.1, 1017.1, 2017.1])
    assert running(np.arange(59.0), np.arange(59.0)).shape == (4, 0)
    assert running(np.arange(300.0), np.arange(300.0)).shape == (4, 5)
    assert running(np.arange(1e4), np.arange(1e4)).shape == (4, 15)


def test_the_axis_is_linear_near_zero_and_logarithmic_beyond():
    assert scaled(0.002) == pytest.approx(2 * scaled(0.001), rel=1e-3)
    assert scaled(8.0) - scaled(4.0) == pytest.approx(np.log(2), rel=1e-3)
    assert scaled(50.0) == scaled(10.0) == -scaled(-10.0)


def panels(cells, condition="snr", label="x", title="A title\nand more"):
    return condition_panels(cells, [(name, name.upper()) for name in cells], condition, label, title=title)


def hexagons(axes):
    return next(item for item in axes.collections if isinstance(item, PolyCollection)).get_array()


def test_hexagons_hold_every_pick_and_share_a_scale():
    rng = np.random.default_rng(1)
    snr, residual = rng.uniform(0, 40, 2000), rng.laplace(0, 0.1, 2000)
    snr[:100] = np.nan
    figure = panels({"a": (snr, residual), "b": (snr[:300], residual[:300])})
    first, second = figure.axes[:2]
    inside = (snr >= np.floor(np.nanpercentile(snr, 0.1) / 5) * 5) & (snr <= 40)
    assert hexagons(first).sum() == inside.sum() == 1900
    assert hexagons(second).sum() == 200
    assert first.collections[0].norm is second.collections[0].norm
    assert first.collections[0].norm.vmax == max(hexagons(first).max(), 10)
    assert "1,900 picks and 100 for which it is unknown; and more" in strings(figure)
    (middle,) = [line for line in first.lines if to_hex(line.get_color()).upper() == style.VERMILLION]
    assert len(middle.get_xdata()) == 15 and np.abs(middle.get_ydata()).max() < scaled(0.05)


def test_a_distance_has_a_logarithmic_axis():
    distance = np.repeat([0.0, 1, 10, 100], 30)
    axes = panels({"a": (distance, np.zeros(120))}, "distance").axes[0]
    assert hexagons(axes).sum() == 120
    assert [label.get_text() for label in axes.get_xticklabels()] == ["3", "10", "30"]


def test_one_pick_is_one_and_has_an_axis_around_it():
    figure = panels({"a": (np.array([43.2]), np.array([0.3]))}, "distance")
    assert "1 pick; and more" in strings(figure)
    axes = figure.axes[0]
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert len(labels) >= 2 and all(10 < float(label) < 100 for label in labels)
    np.testing.assert_allclose(10 ** axes.get_xticks(), [float(label) for label in labels])
    low, high = axes.get_xlim()
    assert low < np.log10(43.2) < high and hexagons(axes).sum() == 1
    check_layout(figure, smallest=5.0)


def test_distances_below_the_axis_are_counted():
    figure = panels({"a": (np.array([0.0, 0.9, 1.0, 5.0, np.nan]), np.zeros(5))}, "distance")
    said = "4 picks and 1 for which it is unknown; 2 closer than 1 km, drawn at 1 km; and more"
    assert said in strings(figure)


def test_what_is_missing_is_said():
    nothing, known = np.full(30, np.nan), np.arange(30.0)
    figure = condition_panels(
        {"a": None, "b": (np.empty(0), np.empty(0)), "c": (known, known)}, [(n, n) for n in "abcd"], "snr", "x"
    )
    words = [strings(axes) for axes in figure.axes[:4]]
    assert "no answer" in words[0] and "no picks" in words[1] and "not run" in words[3]
    figure = panels({"a": (nothing, known), "b": None}, "distance")
    assert len(figure.axes) == 1 and "have no distances and no coordinates" in " ".join(strings(figure.axes[0]))
    check_layout(figure)


@pytest.mark.parametrize("count", [1, 6, 11])
@pytest.mark.parametrize("condition", ["snr", "distance"])
@pytest.mark.parametrize("number", [30, 3000])
def test_nothing_overlaps_or_is_cut(count, condition, number):
    rng = np.random.default_rng(2)
    spread = 40.0 if condition == "snr" else 3000.0
    draw = lambda: (np.abs(rng.normal(0, spread, number)), rng.laplace(0, 1, number))  # noqa: E731
    cells = {("InstanceCountsCombined (synthetic)" if i == 1 else f"m{i}"): draw() for i in range(count)}
    cells["m0"][0][:3] = np.nan
    title = "P residuals against signal-to-noise ratio, InstanceCountsCombined (synthetic) in-domain (test, seed 42)"
    check_layout(panels(cells, condition, "Hypocentral distance (km)", f"{title}\nratio: of somewhere"), smallest=5.0)


def write(folder, snr="trace_snr_db"):
    traces = pd.DataFrame({"trace_name": ["t0", "t1"] * 40, "trace_chunk": ["_0000", "_0000", "_0001", "_0001"] * 20})
    traces = traces.drop_duplicates().assign(distance_km=[1.0, 10, 100, np.nan])
    traces.attrs["distance"] = "hypocentral"
    picks = traces[["trace_name", "trace_chunk"]].assign(phase="P", sample=500.0, snr_db=[0.0, 10, 20, 30])
    picks.attrs["snr"] = snr
    rows = picks[["trace_name", "trace_chunk"]].assign(phase_label="P", phase_onset=500.0, sampling_rate=100.0)
    rows["p_sample_pred"] = [500.0, 510, 520, 530]
    traces.to_parquet(folder / "traces.parquet")
    picks.to_parquet(folder / "picks.parquet")
    rows.assign(s_sample_pred=np.nan).iloc[::-1].to_parquet(folder / "a.parquet")
    return {"a": folder / "a.parquet"}, (folder / "traces.parquet", folder / "picks.parquet")


def draw(files, facts, phase="P", condition="snr"):
    return draw_conditions(files, phase, condition, [("a", "A")], facts, title="T")


def test_facts_meet_their_picks(tmp_path, monkeypatch):
    drawn = []
    original = conditions.condition_panels
    monkeypatch.setattr(conditions, "condition_panels", lambda *a, **k: drawn.append((a, k)) or original(*a, **k))
    files, facts = write(tmp_path)
    draw(files, facts)
    draw(files, facts, condition="distance")
    (snr, residual), (distance, _) = drawn[0][0][0]["a"], drawn[1][0][0]["a"]
    np.testing.assert_allclose(residual, [0.3, 0.2, 0.1, 0.0])
    np.testing.assert_array_equal(snr, [30, 20, 10, 0])
    np.testing.assert_array_equal(distance, [np.nan, 100, 10, 1])
    assert drawn[0][0][3] == "Signal-to-noise ratio (dB)" and drawn[1][0][3] == "Hypocentral distance (km)"
    assert drawn[0][1]["title"] == "T\nratio: trace_snr_db of the metadata" and drawn[1][1]["title"] == "T"
    write(tmp_path, snr="measured")
    draw(files, facts)
    assert "measured at each pick on Z" in drawn[2][1]["title"]
    draw(files, facts, phase="S")
    assert drawn[3][0][0]["a"] is None


def test_files_repeat_byte_for_byte(tmp_path):
    files, facts = write(tmp_path)
    check_bytes(lambda: draw(files, facts), tmp_path)


def test_a_damaged_prediction_file_is_named(tmp_path):
    files, facts = write(tmp_path)
    files["a"].write_bytes(b"PAR1")
    with pytest.raises(InputError, match="a.parquet: not a whole prediction file"):
        draw(files, facts)


@pytest.mark.parametrize(("number", "median"), [(59, False), (60, True)])
def test_a_running_median_is_explained_only_where_there_is_one(number, median):
    figure = panels({"a": (np.linspace(0, 40, number), np.zeros(number))})
    said = " ".join(strings(figure))
    assert ("10 % and 90 % of the picks" in said) == median
    assert ("fewer than 60 picks: no running median" in said) != median
