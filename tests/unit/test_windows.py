"""Evaluation windows: each rule of the protocol against all starts that it admits, enumerated one by one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, spearmanr

from pickbench.errors import InputError
from pickbench.windows.draws import splitmix64
from pickbench.windows.rules import WindowRules, detection_windows, phase_windows, thin
from tests.unit.prepared_tables import RULES, table

# The protocol's rules at a size where every start can be tried: 60, 30, 10, 4, 5 and 8 samples.
SMALL = WindowRules(detection_s=0.6, phase_s=0.3, detection_edge_s=0.1, isolation_s=0.04, edge_s=0.05, noise_gap_s=0.08)
PHASES = {"P": "P", "Pg": "P", "S": "S"}
MAPPING = {f"trace_{name}_arrival_sample": phase for name, phase in PHASES.items()}


# Quarters of a sample are exact in floating point, so that an edge is an edge.
_sample = st.one_of(st.none(), st.integers(-60, 900).map(lambda quarter: quarter / 4), st.just(np.inf))
_trace = st.fixed_dictionaries(
    {
        "trace_npts": st.integers(1, 220),
        "trace_picks_outside": st.sampled_from([0, 0, 0, 1]),
        "split": st.sampled_from(["train", "dev", "test"]),
        "trace_raw_dataset": st.sampled_from(["noise", "events"]),
        "trace_raw_chunk": st.sampled_from(["", "_0001", None]),
        "P": _sample,
        "Pg": _sample,
        "S": _sample,
        "Lg": st.one_of(st.none(), st.none(), st.just(30.0)),
    }
)


@st.composite
def tables(draw):
    """Random prepared metadata: lengths, missing, infinite and outside picks, an unmapped phase, several datasets."""
    rows = pd.DataFrame(draw(st.lists(_trace, min_size=1, max_size=8)))
    rows["trace_name"] = rows["trace_raw_name"] = [f"trace{i}" for i in range(len(rows))]
    rows = rows.rename(columns={name: f"trace_{name}_arrival_sample" for name in (*PHASES, "Lg")})
    columns = [column for column in rows if column.endswith("_arrival_sample")]
    return rows.astype(dict.fromkeys(columns, "float64"))


def picks_of(row):
    """(phase, label, sample) of each finite pick."""
    found = [(phase, name, row[f"trace_{name}_arrival_sample"]) for name, phase in PHASES.items()]
    return [pick for pick in found if np.isfinite(pick[2])]


def starts(npts, length, admits):
    """Every start of a window inside the trace that `admits(start, end)`."""
    return {start for start in range(npts - length + 1) if admits(start, start + length)}


def event_starts(row):
    inside = [sample for *_, sample in picks_of(row) if 0 <= sample < row.trace_npts]
    if not inside:
        return set()
    first = min(inside)
    return starts(row.trace_npts, min(60, row.trace_npts), lambda a, b: first - a >= 10 and b - first >= 10)


def noise_starts(row, before_s=False):
    picks = picks_of(row)
    hidden = any(not 0 <= sample < row.trace_npts for *_, sample in picks)
    if hidden or row.trace_picks_outside or np.isfinite(row.trace_Lg_arrival_sample):
        return set()
    if not picks:
        return starts(row.trace_npts, min(60, row.trace_npts), lambda a, b: True)
    first = min(sample for *_, sample in picks)
    if "P" not in {phase for phase, _, sample in picks if sample == first} and not before_s:
        return set()
    return starts(row.trace_npts, 60, lambda a, b: first - b >= 8)


def phase_starts(row):
    """Starts for each arrival that counts, by its label."""
    kept = []
    last = {}
    for phase, label, sample in sorted(picks_of(row), key=lambda pick: pick[2]):
        if sample - last.get(phase, -np.inf) > 1:
            kept.append((label, sample))
        last[phase] = sample
    admissible = {}
    for label, sample in kept:
        others = [other for name, other in kept if name != label]
        admissible[label] = starts(
            row.trace_npts,
            30,
            lambda a, b, sample=sample, others=others: (
                sample - a >= 5 and b - sample >= 5 and all(other <= a - 4 or other >= b + 4 for other in others)
            ),
        )
    return admissible


@settings(max_examples=200)
@given(tables(), st.booleans(), st.integers(0, 2**32 - 1))
def test_task1_has_a_window_exactly_where_one_is_admissible(metadata, before_s, seed):
    windows = detection_windows(metadata, replace(SMALL, noise_before_s_only=before_s, seed=seed), MAPPING)
    by_trace = {key: group for key, group in windows.groupby(["trace_idx", "trace_type"])}
    for index, row in metadata.iterrows():
        used = row.split in ("dev", "test")
        for kind, admissible in (("earthquake", event_starts(row)), ("noise", noise_starts(row, before_s))):
            group = by_trace.pop((index, kind), windows[:0])
            assert len(group) == bool(used and admissible)
            for window in group.itertuples():
                assert window.start_sample in admissible
                assert window.end_sample == window.start_sample + min(60, row.trace_npts)
                assert (window.trace_name, window.trace_split) == (row.trace_name, row.split)
    assert not by_trace


@settings(max_examples=200)
@given(tables(), st.integers(0, 2**32 - 1))
def test_tasks23_have_a_window_exactly_where_one_is_admissible(metadata, seed):
    windows = phase_windows(metadata, replace(SMALL, seed=seed), MAPPING)
    by_pick = {key: group for key, group in windows.groupby(["trace_idx", "full_phase_label"])}
    for index, row in metadata.iterrows():
        for label, admissible in phase_starts(row).items():
            group = by_pick.pop((index, label), windows[:0])
            assert len(group) == bool(row.split in ("dev", "test") and admissible)
            for window in group.itertuples():
                assert window.start_sample in admissible
                assert window.end_sample - window.start_sample == 30
                assert window.phase_onset == row[f"trace_{label}_arrival_sample"]
                assert window.phase_label == PHASES[label]
    assert not by_pick


@settings(max_examples=60)
@given(tables(), st.randoms(use_true_random=False))
def test_a_subset_in_another_order_and_chunking_draws_the_same_windows(metadata, random):
    order = random.sample(range(len(metadata)), random.randint(1, len(metadata)))
    part = metadata.iloc[order].assign(trace_name="moved", trace_chunk="_0007")
    for make in (detection_windows, phase_windows):
        whole = make(metadata, SMALL, MAPPING)
        expected = whole[whole["trace_idx"].isin(part.index)].reset_index(drop=True)
        moved = make(part, SMALL, MAPPING)
        same = [column for column in moved if column not in ("trace_name", "trace_chunk", "trace_dataset")]
        pd.testing.assert_frame_equal(moved[same], expected[same])


def test_task1_of_an_event_trace_with_room_before_it():
    # P at 60 s of 180 s: 1 s to both edges, and noise ends 1 s before P at the latest.
    windows = detection_windows(table([18000] * 500, P=6000.0, S=7000.0), RULES)
    events, noise = (windows[windows["trace_type"] == kind] for kind in ("earthquake", "noise"))
    assert len(events) == len(noise) == 500
    assert events["start_sample"].between(3100, 5900).all()
    assert noise["start_sample"].between(0, 2900).all()
    assert (windows["end_sample"] - windows["start_sample"] == 3000).all()
    assert events["start_sample"].min() < 3150 and events["start_sample"].max() > 5850
    assert noise["start_sample"].min() < 50 and noise["start_sample"].max() > 2850


@pytest.mark.parametrize(
    "npts, first, windows",
    [
        (2700, 400.0, [(0, 2700)]),  # LenDB: 27 s, P at 4 s
        (2700, 99.5, []),
        (2700, 100.0, [(0, 2700)]),
        (2700, 2600.0, [(0, 2700)]),
        (2700, 2600.5, []),
        (3000, 1500.0, [(0, 3000)]),
        (6000, 100.0, [(0, 3000)]),  # one start only
        (6000, 99.75, []),
        (6000, 5900.0, [(3000, 6000)]),
        (6000, 5900.25, []),
    ],
)
def test_earthquake_windows_at_their_limits(npts, first, windows):
    found = detection_windows(table(npts, P=first), RULES).query("trace_type == 'earthquake'")
    assert list(zip(found["start_sample"], found["end_sample"], strict=True)) == windows


@pytest.mark.parametrize("npts", [1, 2700, 3000])
def test_a_short_noise_trace_is_its_own_window(npts):
    found = detection_windows(table(npts, P=np.nan), RULES)
    assert found[["start_sample", "end_sample", "trace_type"]].to_numpy().tolist() == [[0, npts, "noise"]]


@pytest.mark.parametrize("first, has_noise", [(3000, False), (3099.75, False), (3100, True)])
def test_noise_needs_30_s_and_the_gap_before_the_first_arrival(first, has_noise):
    # NEIC's onset at 30 s leaves no room, which is why it has no task 1.
    found = detection_windows(table(6000, P=float(first)), RULES)
    noise = found[found["trace_type"] == "noise"]
    assert noise["start_sample"].tolist() == [0] * has_noise


def test_noise_before_an_s_without_p_is_an_option():
    metadata = table([18000], S=9000.0)
    assert set(detection_windows(metadata, RULES)["trace_type"]) == {"earthquake"}
    paper = replace(RULES, noise_before_s_only=True)
    assert set(detection_windows(metadata, paper)["trace_type"]) == {"earthquake", "noise"}


@pytest.mark.parametrize(
    "changes, kinds",
    [
        ({}, {"earthquake", "noise"}),
        ({"outside": 1}, {"earthquake"}),
        ({"S": 20000.0}, {"earthquake"}),
        ({"P": np.nan}, {"noise"}),
        ({"P": np.nan, "outside": 2}, set()),
        ({"P": np.nan, "S": -1.0}, set()),
        ({"P": 18000.0}, set()),  # the first sample past the end
        ({"P": np.nan, "Pb": 500.0}, set()),  # a phase that the mapping does not know
    ],
)
def test_hidden_signal_is_no_noise(changes, kinds):
    metadata = table(18000, **({"P": 9000.0, "S": np.nan} | changes))
    assert set(detection_windows(metadata, RULES)["trace_type"]) == kinds


def test_tasks23_by_hand():
    # P and S 12.01 s apart: each window lies between 0.5 s after the other pick and the trace's end.
    found = phase_windows(table([6000] * 400, Pg=2000.0, Sn=3201.0), RULES).set_index("phase_label")
    assert found.loc["P", "start_sample"].between(1050, 1950).all()
    assert found.loc["S", "start_sample"].between(2251, 3151).all()
    assert set(found.loc["P", "full_phase_label"]) == {"Pg"} and set(found.loc["S", "phase_onset"]) == {3201.0}
    assert (found.loc["P", "end_sample"] <= 3151).all()
    assert found.loc["P", "start_sample"].nunique() > 250


@pytest.mark.parametrize(
    "npts, p, s, starts",
    [
        (999, 500.0, np.nan, []),  # no full window
        (1000, 500.0, np.nan, [0]),
        (1000, 50.0, np.nan, [0]),
        (1000, 49.75, np.nan, []),
        (1000, 950.0, np.nan, [0]),
        (1000, 950.25, np.nan, []),
        (2000, 950.0, 1050.0, [0, 1000]),  # neighbours 1 s apart: one start each
        (2000, 950.0, 1049.75, []),
        (2000, 950.25, 1050.25, []),
        (2000, 1000.0, 1000.0, []),  # two phases at once
    ],
)
def test_tasks23_at_their_limits(npts, p, s, starts):
    assert phase_windows(table(npts, P=p, S=s), RULES)["start_sample"].tolist() == starts


def test_one_arrival_in_two_columns_is_one_pick():
    found = phase_windows(table([4000, 4000], p=[2000.0, 2000.0], Pg=[2000.0, 2001.0]), RULES)
    assert found["full_phase_label"].tolist() == ["p", "p"]
    assert phase_windows(table(4000, p=2000.0, Pg=2001.25), RULES).empty


def test_starts_are_uniform_and_draws_independent():
    metadata = table([18000] * 2000, P=6000.0, S=9000.0)
    uniform, independent = [], []
    for seed in range(25):
        rules = replace(RULES, seed=seed)
        found = detection_windows(metadata, rules)
        picks = phase_windows(metadata, rules)
        starts = {kind: group["start_sample"].to_numpy() for kind, group in found.groupby("trace_type")}
        starts |= {phase: group["start_sample"].to_numpy() for phase, group in picks.groupby("phase_label")}
        for kind, low, high in (("earthquake", 3100, 5900), ("noise", 0, 2900), ("P", 5050, 5950), ("S", 8050, 8950)):
            # The middle of each start's share of 0 ... 1; the steps are too fine for the test to see.
            uniform.append(kstest((starts[kind] - low + 0.5) / (high - low + 1), "uniform").pvalue)
        for one, other in (("earthquake", "noise"), ("earthquake", "P"), ("P", "S")):
            independent.append(spearmanr(starts[one], starts[other]).pvalue)
        independent.append(spearmanr(starts["P"][1:], starts["P"][:-1]).pvalue)
    # Under the hypothesis the p values are uniform themselves; a lucky or unlucky seed shows in neither.
    assert kstest(uniform, "uniform").pvalue > 0.005
    assert kstest(independent, "uniform").pvalue > 0.005


@pytest.mark.parametrize("make", [detection_windows, phase_windows])
@pytest.mark.parametrize("change", ["seed", "trace_raw_dataset", "trace_raw_chunk", "trace_raw_name"])
def test_seed_and_identity_change_the_draw(make, change):
    metadata = table([18000] * 300, P=6000.0)
    first = make(metadata, RULES)
    if change == "seed":
        second = make(metadata, replace(RULES, seed=43))
    else:
        second = make(metadata.assign(**{change: metadata[change] + "x"}), RULES)
    # Two independent draws from 901 starts or more agree about once in 900.
    assert (first["start_sample"] == second["start_sample"]).mean() < 0.02


def test_no_chunk_and_an_empty_chunk_are_the_same():
    # A reader that takes empty text for missing must not draw other windows.
    metadata = table([18000] * 5, P=6000.0)
    missing = metadata.assign(trace_raw_chunk=None)
    pd.testing.assert_frame_equal(detection_windows(missing, RULES), detection_windows(metadata, RULES))


def test_draws_are_pinned():
    # SplitMix64 from 1234567, as published with the generator; and windows that no release may move unawares.
    assert splitmix64(np.array([1234567], np.uint64))[0] == 6457827717110365317
    metadata = table([18000] * 3, P=6000.0, S=9000.0)
    assert detection_windows(metadata, RULES)["start_sample"].tolist() == [2606, 4482, 818, 5442, 1574, 5250]
    assert phase_windows(metadata, RULES)["start_sample"].tolist() == [5898, 8102, 5409, 8561, 5823, 8282]


def test_columns_of_the_tables():
    metadata = table([18000] * 3, split=["dev", "test", "train"], P=6000.0)
    columns = ["trace_name", "trace_idx", "trace_chunk", "trace_split", "sampling_rate", "start_sample", "end_sample"]
    found = detection_windows(metadata, RULES)
    assert list(found) == [*columns, "trace_type"]
    assert found["trace_idx"].tolist() == [0, 0, 1, 1] and set(found["sampling_rate"]) == {100.0}
    found = phase_windows(metadata, RULES)
    assert list(found) == [*columns, "phase_label", "full_phase_label", "phase_onset"]
    metadata["trace_raw_dataset"] = ["noise", "events", "events"]
    assert detection_windows(metadata, RULES)["trace_dataset"].tolist() == ["noise", "noise", "events", "events"]


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"edge_s": 5.0}, "windows.phase_s' is 10.0; it has to be more than twice edge_s"),
        ({"detection_s": 1.0}, "windows.detection_s' is 1.0; it has to be more than twice detection_edge_s"),
        ({"noise_gap_s": -1}, "windows.noise_gap_s' is -1; it has to be a time of at least 0 s"),
        ({"isolation_s": np.nan}, "windows.isolation_s' is nan"),
    ],
)
def test_impossible_rules_are_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        WindowRules(**wrong)


def test_at_most_keeps_so_many_of_each_kind():
    n = 400
    metadata = table([9000] * n, split=["dev", "test"] * (n // 2), P=[5000.0] * (n // 4) + [np.nan] * (3 * n // 4))
    every = detection_windows(metadata, RULES, MAPPING)
    rules = replace(RULES, at_most=30)
    kept = thin(every, "trace_type", metadata, rules)
    assert (kept.groupby(["trace_split", "trace_type"]).size() == 30).all()
    pd.testing.assert_frame_equal(kept, kept.merge(every), check_dtype=False)
    assert kept["trace_idx"].is_monotonic_increasing
    # The choice belongs to the windows, not to their order, and is a random one.
    turned = metadata.iloc[::-1]
    again = thin(detection_windows(turned, RULES, MAPPING), "trace_type", turned, rules)
    assert set(again["trace_name"]) == set(kept["trace_name"])
    other = thin(every, "trace_type", metadata, replace(rules, seed=1))
    assert set(other["trace_name"]) != set(kept["trace_name"])
    assert kstest(kept.loc[kept["trace_type"] == "noise", "trace_idx"] / n, "uniform").pvalue > 1e-3
    assert thin(every, "trace_type", metadata, replace(RULES, at_most=1000)).equals(every)
