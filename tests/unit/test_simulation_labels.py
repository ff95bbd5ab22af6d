"""Label habits: errors, late labels, names, and how traces are cut around labels."""

import numpy as np
import pytest
from scipy import stats

from pickbench.simulation import labels

N = 4000


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.fixture
def times() -> dict[str, np.ndarray]:
    """Travel times of P and S between 1 and 40 s, and a crustal P that follows a fifth of the P."""
    p = np.linspace(1, 40, N)
    return {"P": p, "S": 1.73 * p, "Pg": np.where(np.arange(N) % 5 == 0, p + 2.0, np.nan)}


def recipe(**changes) -> dict:
    base = {
        "labels": {
            "shares": {"both": 1.0, "only_p": 0.0, "only_s": 0.0},
            "names": {"P": "P", "Pg": "Pg", "Pn": "Pn", "S": "S", "Sg": "S", "Sn": "S"},
            "error_s": {"P": 0.1, "S": 0.2},
            "status": "manual",
            "whole_samples": False,
        },
        "window": {"before_s": {"min": 20, "max": 30}, "length_s": 90, "aligned": False},
    }
    for key, values in changes.items():
        base[key] = base[key] | values
    return base


def cut(times, rng, **changes) -> labels.Timing:
    names = {"P": np.full(N, "Pn"), "S": np.full(N, "Sg")}
    return labels.cut(recipe(**changes), times, names, np.full(N, 100.0), rng)


def test_label_errors_are_laplace(times, rng):
    timing = cut(times, rng)
    for name, phase, scale in (("Pn", "P", 0.1), ("S", "S", 0.2)):
        error_s = (timing.labels[name] - timing.onsets[phase]) / 100
        inside = ~np.isnan(error_s)
        assert inside.sum() > 0.99 * N
        assert stats.kstest(error_s[inside], stats.laplace(scale=scale).cdf).pvalue > 0.01
        assert stats.kstest(error_s[inside], stats.norm(scale=np.sqrt(2) * scale).cdf).pvalue < 1e-6


def test_late_labels_have_their_share_and_delay(times, rng):
    timing = cut(times, rng, labels={"late": {"share": 0.1, "delay_s": 0.5}, "error_s": {"P": 0.02, "S": 0.02}})
    error_s = (timing.labels["Pn"] - timing.onsets["P"]) / 100
    late = error_s > 0.3
    assert stats.binomtest(int(late.sum()), N, 0.1).pvalue > 1e-3
    assert error_s[late].mean() == pytest.approx(0.5, abs=0.02)
    assert error_s[~late].mean() == pytest.approx(0, abs=0.005)


def test_shares_of_p_and_s(times, rng):
    timing = cut(times, rng, labels={"shares": {"both": 0.6, "only_p": 0.3, "only_s": 0.1}})
    has_p, has_s = ~np.isnan(timing.labels["Pn"]), ~np.isnan(timing.labels["S"])
    for mask, share in ((has_p & has_s, 0.6), (has_p & ~has_s, 0.3), (has_s & ~has_p, 0.1)):
        assert stats.binomtest(int(mask.sum()), N, share).pvalue > 1e-3
    assert (has_p | has_s).all()
    # A trace about S keeps P's truth, and begins before S, not before P.
    only_s = has_s & ~has_p
    assert (timing.picked_wave[only_s] == "S").all()
    assert ((timing.labels["S"][only_s] >= 2000) & (timing.labels["S"][only_s] <= 3001)).all()


def test_true_onsets_are_whole_samples_as_far_apart_as_travel_times(times, rng):
    timing = cut(times, rng)
    for onset in timing.onsets.values():
        np.testing.assert_array_equal(onset[~np.isnan(onset)] % 1, 0)
    apart_s = (timing.onsets["S"] - timing.onsets["P"]) / 100
    np.testing.assert_allclose(apart_s, times["S"] - times["P"], atol=0.00501)
    np.testing.assert_allclose(timing.start_s + timing.onsets["P"] / 100, times["P"], atol=1e-9)


def test_aligned_cut_puts_the_label_on_one_sample(times, rng):
    timing = cut(times, rng, window={"before_s": {"min": 30, "max": 30}, "length_s": 60, "aligned": True})
    np.testing.assert_array_equal(timing.labels["Pn"], 3000)
    assert timing.onsets["P"].std() > 5  # the truth lies off it
    assert (timing.npts == 6000).all()


def test_stepped_cut_uses_whole_steps(times, rng):
    timing = cut(times, rng, window={"before_s": {"min": 4, "max": 9, "step_s": 1}, "length_s": 60, "aligned": True})
    assert set(timing.labels["Pn"]) == {400, 500, 600, 700, 800, 900}


def test_cut_from_first_to_last_label(times, rng):
    window = {"before_s": {"min": 60, "max": 60}, "after_s": 60, "aligned": False}
    changed = recipe(labels={"whole_samples": True}) | {"window": window}
    timing = labels.cut(changed, times, {"P": np.full(N, "Pn"), "S": np.full(N, "Sg")}, np.full(N, 100.0), rng)
    first = np.fmin(timing.labels["Pn"], timing.labels["S"])
    last = np.fmax(timing.labels["Pn"], timing.labels["S"])
    assert set(first) <= {6000.0}
    np.testing.assert_array_equal(last % 1, 0)
    np.testing.assert_allclose(timing.npts - last, 6000, atol=3)


def test_picks_too_far_apart_make_a_trace_about_s(times, rng):
    far = {"P": np.full(N, 600.0), "S": np.full(N, 1100.0)}
    window = {"before_s": {"min": 60, "max": 60}, "after_s": 60, "aligned": False}
    timing = labels.cut(
        recipe() | {"window": window}, far, {"P": np.full(N, "P"), "S": np.full(N, "S")}, np.full(N, 20.0), rng
    )
    assert np.isnan(timing.labels["P"]).all()
    assert (timing.labels["S"] >= 1200).all() and (timing.npts == 2401).all()


def test_without_s_the_trace_is_about_p(times, rng):
    shares = {"both": 0.0, "only_p": 0.0, "only_s": 1.0}
    timing = cut({"P": times["P"], "S": np.full(N, np.nan)}, rng, labels={"shares": shares})
    assert not np.isnan(timing.labels["Pn"]).any()
    assert np.isnan(timing.labels["S"]).all()


def test_noise_has_no_labels(rng):
    nothing = {"P": np.full(N, np.nan), "S": np.full(N, np.nan)}
    timing = cut(nothing, rng)
    assert all(np.isnan(column).all() for column in timing.labels.values())
    assert np.isnan(timing.picked).all()
    assert (timing.npts == 9000).all() and (timing.start_s == 0).all()


def test_later_phase_and_plain_names(times, rng):
    timing = cut(times, rng, labels={"later": {"Pg": 0.5}, "plain": {"P": 0.2}})
    there = ~np.isnan(times["Pg"])
    labelled = ~np.isnan(timing.labels["Pg"])
    assert not labelled[~there].any()
    assert stats.binomtest(int(labelled.sum()), int(there.sum()), 0.5).pvalue > 1e-3
    plain, head = ~np.isnan(timing.labels["P"]), ~np.isnan(timing.labels["Pn"])
    assert not (plain & head).any() and (plain | head).all()
    assert stats.binomtest(int(plain.sum()), N, 0.2).pvalue > 1e-3


def test_names_follow_the_path():
    times = {
        "P": np.array([7.0, 40.0, 120.0, 600.0]),
        "Pg": np.array([7.0, 45.0, np.nan, np.nan]),
        "S": np.array([12.0, 70.0, 210.0, 1100.0]),
        "Sg": np.array([12.0, 76.0, np.nan, np.nan]),
    }
    distance, depth = np.array([40.0, 270.0, 900.0, 6500.0]), np.array([5.0, 5.0, 120.0, 20.0])
    names = labels.first_names(times, distance, depth)
    assert names["P"].tolist() == ["Pg", "Pn", "P", "P"]
    assert names["S"].tolist() == ["Sg", "Sn", "S", "S"]
    apart = labels.later_branches(times)
    np.testing.assert_array_equal(np.isnan(apart["Pg"]), [True, False, True, True])
