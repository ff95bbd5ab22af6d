"""The study of sampling rates: what pickers are played, and that their answers are in true seconds."""

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from obspy import Trace
from scipy import signal

from pickbench import prediction
from pickbench.baer.picking import PARAMETERS
from pickbench.config import load_project
from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.grid import Grid
from pickbench.metrics.residuals import residuals_s
from pickbench.models import load_adapter
from pickbench.models.base import Adapter, Question
from pickbench.prediction import Picker, Target
from pickbench.rates.played import PlayedDataset
from pickbench.rates.prediction import predict_rates
from pickbench.rates.study import RateStudy, cell_name
from pickbench.yamlfiles import read_yaml
from tests.conftest import ROOT, write_prepared
from tests.registry import settings, windows

RATES = [20, 33.3, 50, 75]
SPIKE_S, LABEL_S = 61.37, 60.57


@pytest.fixture(scope="module")
def spikes(tmp_path_factory):
    """Traces of three lengths with a pulse at a known second on every component."""
    folder = tmp_path_factory.mktemp("spikes")
    waveforms = []
    for npts in (12_000, 9_000, 7_003):
        time = np.arange(npts) / 100 - SPIKE_S
        # Far below the lowest rate's Nyquist frequency, so that resampling keeps its peak.
        waveforms.append(np.tile(np.exp(-0.5 * (time / 0.15) ** 2), (3, 1)).astype(np.float32))
    return write_prepared(folder, waveforms, {"split": ["dev", "dev", "test"]})


@pytest.fixture
def rows(spikes) -> pd.DataFrame:
    names = PreparedDataset(spikes).metadata["trace_name"]
    fixed = {"trace_name": names, "trace_idx": range(3), "trace_chunk": "", "trace_split": ["dev", "dev", "test"]}
    return pd.DataFrame(
        {**fixed, "sampling_rate": 100.0, "start_sample": [5501, 5555, 6003], "end_sample": [6501, 6555, 7003]}
    ).assign(phase_label="P", full_phase_label="P", phase_onset=100 * LABEL_S)


class Loudest(Adapter):
    """The most trivial picker: the loudest sample of the window, as it is played."""

    LEARNS_FROM = "nothing"

    def fit(self, dataset, plan):
        raise NotImplementedError

    def answer(self, question, weights):
        picks = []
        for row in question.windows.itertuples():
            length = row.end_sample - row.start_sample
            pieces, _ = question.dataset.crop(np.array([row.trace_idx]), np.array([row.start_sample]), length)
            picks.append(row.start_sample + float(np.abs(pieces[0, 0]).argmax()))
        return pd.DataFrame({column: picks for column in question.columns}, index=question.windows.index)


def tables(folder, rates=RATES, stem="task23"):
    """Prediction tables of both splits by rate."""
    return {
        rate: pd.concat(
            [pd.read_parquet(folder / cell_name("t", rate) / f"{split}_{stem}.parquet") for split in ("dev", "test")],
            ignore_index=True,
        )
        for rate in rates
    }


def predict(model, dataset, files, folder, rates=RATES):
    weights = folder / "weights.npz"
    np.savez(weights)
    columns = ["score_detection", "score_p_or_s", "p_sample_pred", "s_sample_pred"]
    picker = Picker(model, dict.fromkeys(columns, weights), seed=42, batch_size=2)
    return predict_rates(picker, {"t": Target(dataset, files)}, rates, folder / "out")


def test_a_picker_s_residual_is_the_true_one_at_every_rate(spikes, rows, tmp_path, monkeypatch):
    """The published code divides by 100 whatever the rate, and would say 0.16 s at 20 Hz instead of 0.80."""
    monkeypatch.setattr(prediction, "load_adapter", lambda model: Loudest({"id": "loudest", "settings": {}}))
    rows.to_csv(tmp_path / "task23.csv", index=False)
    predict({"id": "loudest"}, spikes, {"task23": tmp_path / "task23.csv"}, tmp_path)
    for rate, table in tables(tmp_path / "out").items():
        assert (table["sampling_rate"] == rate).all()
        # Its pick is a whole sample, and so may be half a sample off.
        np.testing.assert_allclose(residuals_s(table, "P"), SPIKE_S - LABEL_S, atol=0.51 / rate)
        np.testing.assert_allclose(table["phase_onset"] / table["sampling_rate"], LABEL_S, rtol=1e-12)
        np.testing.assert_allclose(table["start_sample"] / rate, rows["start_sample"] / 100, atol=1.01 / rate)
        length_s = (table["end_sample"] - table["start_sample"]) / table["sampling_rate"]
        np.testing.assert_allclose(length_s, 10, atol=0.51 / rate)
        assert table[["trace_name", "trace_idx", "phase_label"]].equals(
            rows[["trace_name", "trace_idx", "phase_label"]]
        )


def test_the_oracle_stays_perfect(easy_dataset, tmp_path):
    files = {}
    for name in ("task1", "task23"):
        test = windows(PreparedDataset(easy_dataset), name)
        files[name] = tmp_path / f"{name}.csv"
        pd.concat([test.assign(trace_split="dev"), test]).to_csv(files[name], index=False)
    predict(settings("oracle"), easy_dataset, files, tmp_path)
    for table in tables(tmp_path / "out").values():
        for phase in "PS":
            residuals = residuals_s(table, phase)
            assert len(residuals) == 32 and (residuals == 0).all()
    for table in tables(tmp_path / "out", stem="task1").values():
        assert (table["score_detection"] == (table["trace_type"] == "earthquake")).all()
        assert table["p_sample_pred"].isna().all()


def test_finished_cells_are_left_alone_and_a_new_rate_is_added(spikes, rows, tmp_path):
    rows.to_csv(tmp_path / "task23.csv", index=False)
    files = {"task23": tmp_path / "task23.csv"}
    first = predict(settings("oracle"), spikes, files, tmp_path, [20])
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.parquet")}
    second = predict(settings("oracle"), spikes, files, tmp_path, [20, 50])
    assert second[:1] == first and [record["target"] for record in second] == ["t/20hz", "t/50hz"]
    assert all(path.stat().st_mtime_ns == when for path, when in written.items())


def test_foreign_windows_are_refused(spikes, rows, tmp_path):
    rows.assign(trace_idx=7).to_csv(tmp_path / "task23.csv", index=False)
    with pytest.raises(InputError, match="does not lie in this dataset"):
        predict(settings("oracle"), spikes, {"task23": tmp_path / "task23.csv"}, tmp_path)


@pytest.mark.parametrize("rate", RATES)
def test_a_low_frequency_is_played_faster(rate, tmp_path):
    """2 Hz in the ground, at 20 Hz: one period is 10 samples, which at 100 Hz is 10 Hz. SciPy and ObsPy agree."""
    time = np.arange(12_000) / 100
    sine = np.tile(np.sin(2 * np.pi * 2 * time), (3, 1)).astype(np.float32)
    played = PlayedDataset(PreparedDataset(write_prepared(tmp_path / "d", [sine], {"split": ["test"]})), rate)
    given = played.waveform(0)
    assert given.dtype == np.float32 and given.shape == (3, played.metadata["trace_npts"][0])
    frequency, power = signal.periodogram(given[0], fs=100.0)
    assert frequency[power.argmax()] == pytest.approx(2 * 100 / rate, abs=0.1)
    inside = slice(int(5 * rate), int(110 * rate))
    np.testing.assert_allclose(
        given[0, inside], np.sin(4 * np.pi * np.arange(given.shape[1]) / rate)[inside], atol=2e-3
    )
    by_fourier = signal.resample(sine[0], given.shape[1])
    np.testing.assert_allclose(given[0, inside], by_fourier[inside], atol=5e-3)
    if rate != 33.3:  # ObsPy rounds 3996 samples down by one, and stretches the others.
        trace = Trace(sine[0].copy(), {"sampling_rate": 100.0}).resample(rate, window=None)
        np.testing.assert_allclose(given[0, inside], trace.data[inside], atol=5e-3)


@pytest.mark.parametrize("name", ["phasenet", "gpd", "baer-kradolfer"])
def test_pickers_answer_as_on_a_dataset_that_was_written_at_that_rate(name, easy_dataset, tmp_path):
    played = PlayedDataset(PreparedDataset(easy_dataset), 50)
    written = write_prepared(tmp_path / "d", [played.waveform(i) for i in range(96)], {"split": ["test"] * 96})
    rows = played.rows_to_ask(windows(PreparedDataset(easy_dataset), "task23")).iloc[::8]
    adapter = load_adapter(settings(name))
    if adapter.networks():
        torch.manual_seed(1)
        weights = {key: tensor.numpy() for key, tensor in adapter.network().state_dict().items()}
    else:
        weights = dict(zip(PARAMETERS, map(np.array, (20, 1, 2, 1.5, 5)), strict=True))
    there, here = (
        adapter.answer(Question(dataset, rows, ["p_sample_pred"], seed=1, batch_size=3), weights)
        for dataset in (PreparedDataset(written), played)
    )
    assert here["p_sample_pred"].nunique() > 1
    pd.testing.assert_frame_equal(here, there)


def test_what_the_new_rate_cannot_hold_is_gone(tmp_path):
    time = np.arange(12_000) / 100
    sine = np.tile(np.sin(2 * np.pi * 23 * time), (3, 1)).astype(np.float32)
    played = PlayedDataset(PreparedDataset(write_prepared(tmp_path / "d", [sine], {"split": ["test"]})), 20)
    # Without a filter it would be there in full, as 3 Hz.
    assert np.abs(played.waveform(0)[0, 100:-100]).max() < 1e-3


@pytest.mark.parametrize("rate", [20, 33.3])
def test_crops_are_slices_padded_with_zeros(spikes, rate):
    played = PlayedDataset(PreparedDataset(spikes), rate)
    start = np.array([-7, 100, int(played.metadata["trace_npts"][2]) - 3, 10**6])
    pieces, valid = played.crop(np.array([0, 0, 2, 2]), start, 50)
    assert pieces.shape == (4, 3, 50) and pieces.dtype == np.float32
    assert valid.tolist() == [[7, 50], [0, 50], [0, 3], [0, 0]]
    np.testing.assert_array_equal(pieces[0, :, 7:], played.waveform(0)[:, :43])
    np.testing.assert_array_equal(pieces[1], played.waveform(0)[:, 100:150])
    np.testing.assert_array_equal(pieces[2, :, :3], played.waveform(2)[:, -3:])
    assert not pieces[3].any() and not pieces[0, :, :7].any()


@pytest.mark.parametrize("rate", RATES)
def test_windows_stay_in_their_traces(rate, tmp_path):
    """Lengths of all remainders, with windows at both ends."""
    lengths = np.arange(1000, 1040)
    waveforms = [np.ones((3, npts), np.float32) for npts in lengths]
    played = PlayedDataset(
        PreparedDataset(write_prepared(tmp_path / "d", waveforms, {"split": ["test"] * len(lengths)})), rate
    )
    assert all(played.waveform(i).shape[1] == npts for i, npts in enumerate(played.metadata["trace_npts"]))
    for start in (np.zeros_like(lengths), lengths - 995):
        rows = pd.DataFrame({"trace_idx": range(40), "start_sample": start, "end_sample": start + 995})
        asked = played.rows_to_ask(rows)
        assert (asked["start_sample"] >= 0).all() and (asked["end_sample"] <= played.metadata["trace_npts"]).all()
        assert (asked["end_sample"] - asked["start_sample"]).nunique() == 1


# The study in a configuration.

BASE = read_yaml(ROOT / "config" / "config.yaml")
ON = {"models": ["phasenet"], "sources": ["ethz", "stead"], "targets": ["geofon", "neic"], "rates_hz": [50, 20.0, 100]}


def study(changes: dict, **config) -> RateStudy:
    config = {**BASE, **config, "rate_study": {**ON, **changes}}
    return RateStudy(Grid(load_project(config, ROOT, [ROOT / "config" / "config.yaml"])))


def test_it_is_off_unless_models_are_named():
    assert study({"models": [], "sources": [], "targets": []}).pickers() == []


def test_pickers_targets_and_rates():
    asked = study({})
    assert asked.pickers() == [("phasenet", "ethz", 42), ("phasenet", "stead", 42)]
    assert asked.targets_of("phasenet") == ["geofon", "neic"]
    assert asked.other_rates_hz == [20.0, 50.0]
    # Detection is not asked of NEIC.
    assert study({"models": ["cred"]}).targets_of("cred") == ["geofon"]
    # What is left out is the run's; LenDB has no windows to search Baer-Kradolfer's parameters on.
    everything = study({"models": ["phasenet", "baer-kradolfer"], "sources": [], "targets": []}, seeds=[1, 2])
    assert len(everything.pickers()) == 2 * (8 + 7) and len(everything.targets_of("phasenet")) == 8


MISTAKES = {
    "unknown model": (
        {"models": ["phasnet"]},
        r"'rate_study.models': 'phasnet' is not among the run's models; .*'phasenet",
    ),
    "model of another run": ({"models": ["gpd-org"]}, r"'gpd-org' is not among the run's models; did you mean 'gpd'"),
    "sources alone": (
        {"models": [], "targets": []},
        r"'rate_study.sources' is \['ethz', 'stead'\], but there is no study without 'rate_study.models'; name models",
    ),
    "targets alone": ({"models": [], "sources": []}, r"'rate_study.targets' is \['geofon', 'neic'\], but there is no"),
    "unknown source": ({"sources": ["staed"]}, r"'rate_study.sources': 'staed' is not among .* did you mean 'stead'"),
    "unknown target": ({"targets": ["geofom"]}, r"'rate_study.targets': 'geofom' is .* did you mean 'geofon'"),
    "path as id": ({"targets": ["../geofon"]}, r"rate_study.targets.0.*\.\./geofon"),
    "unknown key": ({"rates": [20]}, r"unknown key 'rate_study.rates'; did you mean 'rates_hz'"),
    "no rate": ({"rates_hz": []}, r"'rate_study.rates_hz'"),
    "too high": ({"rates_hz": [200]}, r"rate_study.rates_hz.0.*200"),
    "too low": ({"rates_hz": [1]}, r"rate_study.rates_hz.0.*1"),
    "one path": ({"rates_hz": [20, 20.0000001]}, r"'rate_study.rates_hz': two of them are 20 to six digits"),
    "nothing to compare": ({"rates_hz": [100]}, r"'rate_study.rates_hz': no other rate than the 100 Hz of the data"),
    "no task": ({"models": ["cred"], "targets": ["neic"]}, r"no target of the study has a task of cred"),
    "no picker": ({"models": ["baer-kradolfer"], "sources": ["lendb"]}, r"baer-kradolfer learned nothing from any"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_one_line_that_names_the_file(name, tmp_path):
    changes, message = MISTAKES[name]
    config, path = {**BASE, "rate_study": {**ON, **changes}}, tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    with pytest.raises(InputError, match=f"mine.yaml: .*{message}") as caught:
        RateStudy(Grid(load_project(config, ROOT, [path])))
    assert "\n" not in str(caught.value)
