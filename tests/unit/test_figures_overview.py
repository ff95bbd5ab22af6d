"""The overview of a dataset: its numbers by hand count, what is missing, the map, and the layout."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import StepPatch

from pickbench.data.facts import read_facts
from pickbench.figures import overview as module
from pickbench.figures.overview import counts, overview, s_minus_p_s, shifted
from tests.unit.drawn import check_bytes, check_layout, strings


def tables(n=400, seed=0, **changes):
    rng = np.random.default_rng(seed)
    traces = pd.DataFrame({"trace_name": [f"t{i}" for i in range(n)], "trace_chunk": ""})
    traces["split"] = rng.choice(["train", "dev", "test"], n, p=[0.6, 0.1, 0.3])
    traces["rate_hz"] = rng.choice([100.0, 200, 50, 20, 40, 250, 125], n, p=[0.6, 0.2, 0.1, 0.05, 0.03, 0.015, 0.005])
    traces["distance_km"] = np.exp(rng.normal(np.log(40), 0.9, n))
    traces["magnitude"] = (rng.exponential(0.8, n) - 0.5).round(1)
    for name in ("station", "source"):
        traces[f"{name}_latitude_deg"], traces[f"{name}_longitude_deg"] = rng.normal([[36.0], [-120.0]], 1, (2, n))
    traces = traces.assign(**changes)
    traces.attrs["distance"] = "epicentral"
    p = traces.loc[: 3 * n // 4, ["trace_name", "trace_chunk"]].assign(phase="P", sample=700.0)
    s = p.iloc[::2].assign(phase="S", sample=700 + 12.5 * traces["distance_km"].fillna(1)[::2])
    picks = pd.concat([p, s], ignore_index=True)
    picks["snr_db"] = rng.normal(30, 15, len(picks))
    picks.attrs["snr"] = "trace_snr_db"
    return traces, picks


@pytest.fixture
def few():
    """Four traces over two chunks: P and S, two P and an S before them, P alone, and neither."""
    key = {"trace_name": ["a", "a", "b", "b"], "trace_chunk": ["_0", "_1", "_0", "_1"]}
    traces = pd.DataFrame(key | {"split": ["train", "test", "test", "train"]})
    picks = [("a", "_0", "P", 100.0), ("a", "_0", "S", 350.0), ("a", "_1", "S", 50.0), ("a", "_1", "P", 90.0)]
    picks += [("a", "_1", "P", 95.0), ("b", "_0", "P", 10.0)]
    picks = pd.DataFrame(picks, columns=["trace_name", "trace_chunk", "phase", "sample"])
    return traces, picks.merge(traces, on=["trace_name", "trace_chunk"])


def test_numbers_by_hand(few):
    table = counts(*few)
    assert table.columns.tolist() == ["traces", "P", "S", "neither"]
    assert table.T.to_dict("list") == {
        "train": [2, 1, 1, 1],
        "dev": [0, 0, 0, 0],
        "test": [2, 3, 1, 0],
        "all": [4, 4, 2, 1],
    }


def test_s_minus_p_is_from_the_first_to_the_first(few):
    found = s_minus_p_s(few[1]).set_index("trace_chunk")["s_minus_p_s"]
    assert found.to_dict() == {"_0": 2.5, "_1": -0.4}
    only_p = few[1][few[1]["phase"] == "P"]
    assert s_minus_p_s(only_p).empty


def test_longitudes_across_the_date_line_lie_together():
    np.testing.assert_array_equal(shifted(np.array([179.0, -179, 175, -170])), [179, 181, 175, 190])
    for stay in ([-120.0, 10], [-170, -100, -60, 10, 90, 175.0], [5.0]):
        np.testing.assert_array_equal(shifted(np.array(stay)), stay)


def test_histograms_are_shares_of_each_split():
    traces, picks = tables(4000)
    figure = overview(traces, picks)
    for axes in figure.axes[:4]:
        steps = axes.findobj(StepPatch)
        assert len(steps) == 3
        assert all(0.98 < patch.get_data().values.sum() <= 1 + 1e-9 for patch in steps)
    # One bin holds as many tenths of magnitude as the next.
    edges = figure.axes[1].findobj(StepPatch)[0].get_data().edges
    np.testing.assert_allclose(edges * 10 + 0.5, np.round(edges * 10 + 0.5), atol=1e-6)
    assert figure.axes[0].get_xlabel() == "Epicentral distance (km)"
    first = strings(figure.axes[0])
    assert any(text.startswith(f"n 3,001 median {traces['distance_km'][:3001].median():.3g}") for text in first)


def test_a_histogram_has_a_scale_in_per_cent_and_says_what_its_first_bin_holds():
    distance = np.repeat([0.0, 0.5, 20.0, 30.0], [40, 60, 200, 100])
    traces, picks = tables(400, distance_km=distance, split="test")
    axes = overview(traces, picks).axes[0]
    # 301 traces have picks; the largest bin holds the 200 at 20 km, two thirds of them.
    assert axes.get_yticks().tolist() == pytest.approx([0, 0.2, 0.4, 0.6])
    ticks = axes.yaxis.get_major_formatter()
    assert [ticks(tick, 0) for tick in (0, 0.2, 0.6)] == ["0", "20", "60"]
    assert "n 301 first bin: 100 below 1 km median 20" in strings(axes)
    assert "Share of a split in a bin (%)" in strings(overview(traces, picks))
    traces, picks = tables(400, distance_km=20.0)
    assert not any("first bin" in text for text in strings(overview(traces, picks).axes[0]))


def test_the_legend_names_what_is_on_the_map():
    for changes, named in (
        ({}, ["source", "station"]),
        ({"source_latitude_deg": np.nan}, ["station"]),
        ({"source_latitude_deg": np.nan, "station_latitude_deg": np.nan}, []),
    ):
        (legend,) = overview(*tables(**changes)).legends
        assert strings(legend) == ["share of train", "of dev", "of test", *named]


@pytest.mark.parametrize(("origin", "label"), [("measured", "measured"), ("trace_snr_db", "of metadata")])
def test_it_says_where_ratios_come_from(origin, label):
    traces, picks = tables()
    picks.attrs["snr"] = origin
    assert overview(traces, picks).axes[3].get_xlabel() == f"SNR (dB), {label}"


def test_rates_are_shares_of_the_traces():
    traces, picks = tables(100, rate_hz=np.repeat([100.0, 20.0, np.nan], [60, 20, 20]))
    words = strings(overview(traces, picks).axes[4])
    assert {"100 Hz", "20 Hz", "75 %", "25 %"} <= set(words)


def test_what_is_missing_is_said():
    nothing = dict.fromkeys(("distance_km", "magnitude", "rate_hz"), np.nan)
    nothing |= {f"{end}_{part}_deg": np.nan for end in ("station", "source") for part in ("latitude", "longitude")}
    traces, picks = tables(**nothing)
    picks = picks[picks["phase"] == "P"].assign(snr_db=np.nan)
    figure = overview(traces, picks)
    said = [" ".join(strings(axes)) for axes in figure.axes]
    for words, axes in (
        ("no distances", 0), ("no magnitudes", 1), ("no traces with P and S", 2), ("no signal-to-noise ratios", 3),
        ("no sampling rates", 4), ("no coordinates of stations or sources", 6),
    ):  # fmt: skip
        assert words in said[axes]
    check_layout(figure)
    traces, picks = tables(source_latitude_deg=np.nan, distance_km=np.r_[np.nan, np.ones(399)])
    figure = overview(traces, picks)
    assert "no coordinates of sources" in figure.axes[6].get_title()
    assert any("1 unknown" in text for text in strings(figure.axes[0]))


@pytest.mark.parametrize("kind", ["local", "global", "date line", "one place", "many"])
def test_nothing_overlaps_or_is_cut(kind):
    rng = np.random.default_rng(3)
    places = {}
    n = 4000 if kind == "many" else 400
    for end in ("station", "source"):
        latitude, longitude = rng.uniform(-89, 89, n), rng.uniform(-180, 180, n)
        if kind == "date line":
            latitude, longitude = rng.uniform(-40, -20, n), (rng.uniform(170, 190, n) + 180) % 360 - 180
        places |= {f"{end}_latitude_deg": latitude, f"{end}_longitude_deg": longitude}
    if kind == "one place":
        places = dict.fromkeys(places, 37.123)
    traces, picks = tables(n, **({} if kind == "local" else places))
    if kind == "global":
        traces["distance_km"] *= 200
        traces["rate_hz"] = 20.0
    picks = picks.assign(snr_db=picks["snr_db"].where(picks.index > 9))
    figure = overview(traces, picks, title="InstanceCountsCombined (synthetic)", about="regional; tasks 1, 2 and 3")
    check_layout(figure)
    map_ = figure.axes[6]
    assert map_.get_ylim()[0] >= -90 and map_.get_ylim()[1] <= 90
    if kind == "date line":
        assert map_.get_xlim()[0] > 100 and map_.get_xlim()[1] < 260
        assert any("\N{MINUS SIGN}17" in label.get_text() for label in map_.get_xticklabels())


def test_files_repeat_byte_for_byte(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "VECTOR_DOTS", 10)
    traces, picks = tables(60)
    traces.to_parquet(tmp_path / "traces.parquet")
    picks.to_parquet(tmp_path / "picks.parquet")
    read = [read_facts(tmp_path / f"{name}.parquet") for name in ("traces", "picks")]
    check_bytes(lambda: overview(*read, title="T", about="a"), tmp_path)
