"""The Baer-Kradolfer picker gives ObsPy's picks, window by window, and its search goes on where it was stopped."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from obspy.signal.trigger import pk_baer
from scipy import signal
from seisbench.generate import SteeredWindow

from pickbench.baer import search as searching
from pickbench.baer.picking import PARAMETERS, PickWindows, detrend
from pickbench.baer.search import search
from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.models import load_adapter
from pickbench.models.baer import BOUNDS, PROBES
from pickbench.models.base import Question, Tuning
from tests.conftest import write_prepared
from tests.registry import plan, settings

LOCAL = dict(zip(PARAMETERS, (40.0, 2.0, 2.0, 0.5, 10.0), strict=True))


@pytest.fixture(scope="module")
def traces(tmp_path_factory) -> PreparedDataset:
    """Noise with a burst somewhere, on traces between 1.5 s and 100 s, with offset and drift; one is dead."""
    rng = np.random.default_rng(3)
    waveforms = []
    for npts in (150, 201, 202, 700, 999, 1000, 1001, 1700, 2500, 5999, 6000, 6001, 8000, 10_000, 10_000, 3000):
        time = np.arange(npts) / 100
        age = time - rng.uniform(0.3, 0.8) * npts / 100
        burst = np.where(age >= 0, np.exp(-age / 3) * np.sin(2 * np.pi * rng.uniform(3, 15) * age), 0)
        wave = rng.uniform(0.05, 0.3) * rng.standard_normal((3, npts)) + rng.uniform(0.2, 5) * burst
        waveforms.append((wave + rng.normal(0, 50) + rng.normal() * time).astype("<f4"))
    waveforms[-1][:] = 0
    columns = {"split": "dev", "trace_picks_outside": 0}
    return PreparedDataset(write_prepared(tmp_path_factory.mktemp("data") / "traces", waveforms, columns))


def draw(dataset: PreparedDataset, count: int, seed: int) -> pd.DataFrame:
    """Windows of up to 10 s anywhere, those at both ends of every trace among them."""
    rng = np.random.default_rng(seed)
    npts = dataset.metadata["trace_npts"].to_numpy()
    trace = np.concatenate([np.arange(len(npts)).repeat(2), rng.integers(0, len(npts), count)])
    length = np.minimum(rng.choice([1000, 700, 100], len(trace)), npts[trace])
    start = (rng.random(len(trace)) * (npts[trace] - length)).astype(int)
    start[: 2 * len(npts) : 2] = 0
    start[1 : 2 * len(npts) : 2] = (npts[trace] - length)[1 : 2 * len(npts) : 2]
    table = pd.DataFrame({"trace_idx": trace, "start_sample": start, "end_sample": start + length})
    return table.sample(frac=1, random_state=seed, ignore_index=True)


def pick_one(dataset: PreparedDataset, row: pd.Series, parameters: dict, factor: float) -> int:
    """One window by SciPy, SeisBench and ObsPy."""
    z = signal.detrend(dataset.waveform(row["trace_idx"])[0].astype(float)).astype(np.float32)
    high = parameters["highpass_hz"]
    band = (high, max(parameters["lowpass_hz"], high + 0.01))
    filtered = signal.sosfilt(signal.butter(2, band, "bandpass", output="sos", fs=100), z)
    for length in (6000, 2000, 1000):
        state = {"X": (filtered[None], {}), "_control_": row.to_dict()}
        SteeredWindow(length, strategy="variable")(state)
        piece, border = state["X"][0][0], state["window_borders"][0]
        times = [int(100 * parameters[key]) for key in ("tdownmax_s", "tupevent_s")]
        pick = 1
        if len(piece) > 200:  # shorter ones would be read beyond their end
            thresholds = parameters["threshold1"], factor * parameters["threshold1"]
            pick = pk_baer(piece, 100, *times, *thresholds, 100, 100)[0]
        if 0 <= pick - border[0] <= row["end_sample"] - row["start_sample"]:
            break
    return row["start_sample"] + pick - border[0]


@pytest.mark.parametrize(("second_threshold", "factor"), [("double", 2.0), ("half", 0.5)])
def test_picks_are_those_of_a_loop_over_windows(second_threshold, factor, traces):
    rows = draw(traces, 60, seed=1)
    points = [*PROBES, (1.0, 5.0, 0.5, 0.3, 3.0), tuple(LOCAL.values()), (30.0, 0.001, 1.0, 0.3, 5.0)]
    windows, found = PickWindows(traces, rows), []
    for point in points:
        parameters = dict(zip(PARAMETERS, map(float, point), strict=True))
        expected = [pick_one(traces, row, parameters, factor) for _, row in rows.iterrows()]
        found.append(windows.pick(parameters, second_threshold))
        np.testing.assert_array_equal(found[-1], expected)
    picks = np.stack(found)
    outside = (picks < rows["start_sample"].to_numpy()) | (picks > rows["end_sample"].to_numpy())
    assert outside.any() and not outside.all(), "these windows should show both"


def test_second_threshold_matters(traces):
    windows = PickWindows(traces, draw(traces, 100, seed=2))
    assert (windows.pick(LOCAL, "double") != windows.pick(LOCAL, "half")).any()


def test_nothing_found_is_the_second_sample_of_the_last_look(traces):
    rows = pd.DataFrame({"trace_idx": [15, 15], "start_sample": [1000, 0], "end_sample": [2000, 1000]})
    np.testing.assert_array_equal(PickWindows(traces, rows).pick(LOCAL, "double"), [1001, 1])


def test_detrend_is_scipy_s(traces):
    for index in (3, 12):
        trace = traces.waveform(index)[0]
        np.testing.assert_allclose(detrend(trace), signal.detrend(trace.astype(float)), rtol=0, atol=1e-9)


@pytest.fixture(scope="module")
def onsets(tmp_path_factory) -> tuple[PreparedDataset, pd.DataFrame]:
    """Clear onsets in 60 s of noise: dev windows of 10 s with the P somewhere inside."""
    rng = np.random.default_rng(11)
    onset = rng.uniform(1500, 4500, 40).round(1)
    age = (np.arange(6000) - onset[:, None]) / 100
    waves = 20 * np.where(age >= 0, np.exp(-age / 5) * np.sin(2 * np.pi * 8 * age), 0)
    waveforms = list((waves[:, None] + rng.standard_normal((40, 3, 6000))).astype("<f4"))
    columns = {"split": "dev", "trace_picks_outside": 0}
    dataset = PreparedDataset(write_prepared(tmp_path_factory.mktemp("data") / "onsets", waveforms, columns))
    start = (onset - rng.uniform(100, 900, 40)).astype(int)
    fixed = {
        "trace_name": dataset.metadata["trace_name"],
        "trace_idx": range(40),
        "trace_chunk": "",
        "trace_split": "dev",
    }
    bounds = {"trace_split": "dev", "sampling_rate": 100.0, "start_sample": start, "end_sample": start + 1000}
    labels = {"phase_label": "P", "full_phase_label": "Pg", "phase_onset": onset}
    return dataset, pd.DataFrame({**fixed, **bounds, **labels})


def tuned(onsets, folder, **changes):
    """A fit on the onsets, six points."""
    dataset, rows = onsets
    folder.mkdir(exist_ok=True)
    rows.to_csv(folder / "task23.csv", index=False)
    chosen = {"tuning": Tuning(initial_points=2, points=3, picks=30), "windows": {"task23": folder / "task23.csv"}}
    return load_adapter(settings("baer-kradolfer")).fit(dataset, plan(folder, **{**chosen, **changes}))


def test_known_onsets_are_found(onsets):
    dataset, rows = onsets
    # Such a trigger the noise of a minute does not hold for two seconds.
    weights = {name: np.array(value) for name, value in {**LOCAL, "tupevent_s": 2.0, "threshold1": 35.0}.items()}
    adapter = load_adapter(settings("baer-kradolfer"))
    answers = adapter.answer(Question(dataset, rows, ["p_sample_pred"], seed=1, batch_size=7), weights)
    assert (abs(answers["p_sample_pred"] - rows["phase_onset"]) <= 10).all()


def test_fit_says_what_it_found(onsets, tmp_path):
    dataset, rows = onsets
    fit = tuned(onsets, tmp_path, tuning=Tuning(initial_points=2, points=3, picks=40))
    assert len(fit.history) == len(PROBES) + 5 and list(fit.history["epoch"]) == list(range(1, 9))
    assert fit.facts["picks"] == 40
    best = fit.history.loc[fit.history["dev_loss"].idxmin()]
    assert best["epoch"] == fit.facts["best_point"] and fit.dev_loss == {"p_sample_pred": best["dev_loss"]}
    assert (
        {name: float(fit.weights[name]) for name in PARAMETERS}
        == fit.facts["found"]
        == best[list(PARAMETERS)].to_dict()
    )
    # What the search saw is what the picker answers.
    adapter = load_adapter(settings("baer-kradolfer"))
    question = Question(dataset, rows, ["p_sample_pred"], seed=1, batch_size=64)
    picks = adapter.answer(question, fit.weights)["p_sample_pred"]
    assert np.sqrt(np.mean(((picks - rows["phase_onset"]) / 100) ** 2)) == pytest.approx(best["dev_loss"], rel=1e-12)
    inside = (fit.history[list(PARAMETERS)] >= np.array(BOUNDS)[:, 0]) & (
        fit.history[list(PARAMETERS)] <= np.array(BOUNDS)[:, 1]
    )
    assert inside.all().all()
    assert fit.history.loc[:2, list(PARAMETERS)].to_numpy().tolist() == [list(map(float, probe)) for probe in PROBES]


def test_picks_are_drawn_from_the_seed(onsets, tmp_path):
    few = Tuning(initial_points=0, points=0, picks=15)
    errors = [
        tuned(onsets, tmp_path / name, tuning=few, seed=seed).history["dev_loss"].tolist()
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert errors[0] == errors[1] != errors[2]


def test_threads_do_not_change_the_result(onsets, tmp_path):
    one, three = (tuned(onsets, tmp_path / str(threads), threads=threads) for threads in (1, 3))
    same = ["epoch", "dev_loss", *PARAMETERS]
    pd.testing.assert_frame_equal(one.history[same], three.history[same], check_exact=True)


class Killed(BaseException):
    """Stands for whatever ends a job."""


def bowl(point: list[float]) -> float:
    return float(sum((value - 3) ** 2 for value in point) ** 0.5)


def run(kept, seed: int = 5, error=bowl) -> list[tuple]:
    done = search(error, ((1, 9), (0, 5)), ((2.0, 1.0),), 3, 5, seed, kept)
    return [(entry["point"], entry["error"]) for entry in done]


def test_search_is_a_matter_of_its_seed(tmp_path):
    assert run(tmp_path / "a.json") == run(tmp_path / "b.json") != run(tmp_path / "c.json", seed=6)


def test_the_time_of_a_search_is_that_of_all_it_does_over_interruptions(tmp_path, monkeypatch):
    """Choosing a point takes 7 s, trying it 2 s, and what comes before the first 1 s at each start."""
    clock = SimpleNamespace(now=0.0)
    choose = searching.next_point

    def chosen(*arguments):
        clock.now += 7
        return choose(*arguments)

    def tried(point):
        if clock.now > 50:  # the seventh at the latest
            raise Killed
        clock.now += 2
        return bowl(point)

    monkeypatch.setattr(searching, "next_point", chosen)
    monkeypatch.setattr(searching, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    arguments = (((1, 9), (0, 5)), ((2.0, 1.0),), 3, 5, 5, tmp_path / "points.json")
    with pytest.raises(Killed):
        search(tried, *arguments, clock.now - 1)
    clock.now = -1000.0
    done = search(tried, *arguments, clock.now - 1)
    assert [entry["seconds"] for entry in done] == [10, 9, 9, 9, 9, 10, 9, 9, 9]


@pytest.mark.parametrize("after", range(9))
def test_killed_search_ends_as_it_would_have(after, tmp_path):
    whole = run(tmp_path / "whole.json")
    calls = 0

    def killed(point):
        nonlocal calls
        calls += 1
        if calls > after:
            raise Killed
        return bowl(point)

    with pytest.raises(Killed):
        run(tmp_path / "cut.json", error=killed)
    seen = []
    again = run(tmp_path / "cut.json", error=lambda point: seen.append(point) or bowl(point))
    assert again == whole
    assert len(seen) == 9 - after, "nothing is evaluated twice"


@pytest.mark.parametrize(
    "damage", [lambda text: text[: len(text) // 2], lambda text: text.replace('"error": ', '"error": 1', 1)]
)
def test_damaged_file_of_points_starts_again(damage, tmp_path, caplog):
    whole = run(tmp_path / "points.json")
    content = (tmp_path / "points.json").read_text()
    (tmp_path / "points.json").write_text(damage(content))
    assert run(tmp_path / "points.json") == whole
    assert "points.json cannot be read" in caplog.text and "the search starts again" in caplog.text
    assert len(json.loads((tmp_path / "points.json").read_text())["points"]) == 9


def test_search_is_better_than_chance(tmp_path):
    """Of the same number of points, those that a Gaussian process chose come nearer to the bottom of a bowl."""
    bounds, found = ((1, 9), (0, 5), (-4, 8)), {}
    for initial, points in ((5, 15), (20, 0)):
        done = search(bowl, bounds, (), initial, points, 5, tmp_path / f"{initial}.json")
        found[initial] = min(entry["error"] for entry in done)
    assert found[5] < 0.5 * found[20]


def test_source_without_p_is_one_line(onsets, tmp_path):
    dataset, rows = onsets
    rows.assign(phase_label="S").to_csv(tmp_path / "task23.csv", index=False)
    adapter = load_adapter(settings("baer-kradolfer"))
    for windows in ({"task23": tmp_path / "task23.csv"}, {}):
        with pytest.raises(InputError, match="task23.csv: no P window in dev.*baer-kradolfer") as caught:
            adapter.fit(dataset, plan(tmp_path, windows=windows))
        assert "\n" not in str(caught.value)


def test_weights_of_another_model_are_refused(onsets):
    dataset, rows = onsets
    question = Question(dataset, rows, ["p_sample_pred"], seed=1, batch_size=8)
    with pytest.raises(InputError, match="weights do not fit baer-kradolfer"):
        load_adapter(settings("baer-kradolfer")).answer(question, {})


def test_senseless_second_threshold_is_refused():
    with pytest.raises(InputError, match="baer-kradolfer.yaml: key 'settings.second_threshold' is 'twice'"):
        load_adapter({**settings("baer-kradolfer"), "settings": {"second_threshold": "twice"}})
