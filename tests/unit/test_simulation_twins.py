"""Every shipped twin, made small: SeisBench opens it, its labels, physics and shares are those of its recipe."""

import hashlib
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from obspy.taup import TauPyModel
from scipy import stats

from pickbench.simulation import seismograms, simulate
from pickbench.simulation.traveltimes import KM_PER_DEGREE

ROOT = Path(__file__).resolve().parents[2]
TWINS = sorted(path.stem for path in (ROOT / "config" / "datasets").glob("mini-*.yaml"))
TRACES = 160


def recipe_of(twin: str, **changes) -> dict:
    text = (ROOT / "config" / "datasets" / f"{twin}.yaml").read_text()
    return yaml.safe_load(text)["source"]["simulate"] | changes


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Give a function that simulates a twin once and gives its folder and recipe."""
    folder, done = tmp_path_factory.mktemp("twins"), {}

    def make(twin: str) -> tuple[Path, dict]:
        if twin not in done:
            recipe = recipe_of(twin, traces=TRACES)
            simulate(recipe, folder / twin, seed=8)
            done[twin] = folder / twin, recipe
        return done[twin]

    return make


@pytest.fixture(scope="session")
def opened(made):
    """Give a function that opens a twin with SeisBench."""
    import seisbench
    from seisbench.data import WaveformDataset

    seisbench.logger.setLevel(logging.ERROR)
    return lambda twin: WaveformDataset(made(twin)[0], component_order="ZNE")


def arrival_columns(metadata: pd.DataFrame) -> list[str]:
    return [name for name in metadata.columns if name.startswith("trace_") and name.endswith("_arrival_sample")]


def assert_share(count: int, total: int, share: float) -> None:
    """Binomial bounds that a sound generator breaks once in ten thousand times."""
    low, high = stats.binom.interval(0.9999, total, share)
    assert low <= count <= high, f"{count} of {total}, expected {share:.1%}"


@pytest.mark.parametrize("twin", TWINS)
def test_seisbench_opens_it_and_labels_lie_inside(opened, made, twin):
    dataset, recipe = opened(twin), made(twin)[1]
    metadata = dataset.metadata
    assert len(dataset) == TRACES
    for trace in range(0, TRACES, 8):
        waveform = dataset.get_waveforms(trace)
        assert waveform.shape == (3, metadata["trace_npts"][trace])
        assert np.isfinite(waveform).all() and waveform.any()
    for column in arrival_columns(metadata):
        samples = metadata[column].dropna()
        assert ((samples >= 0) & (samples < metadata["trace_npts"][samples.index])).all()
    rates = {option["hz"] for option in recipe["network"]["sampling_rates"]}
    assert set(metadata["trace_sampling_rate_hz"]) <= rates
    if len(rates) > 1:
        assert metadata["trace_sampling_rate_hz"].nunique() > 1
    assert not set(recipe.get("omit_columns", [])) & set(metadata.columns)
    assert metadata["trace_name_original"].is_unique
    assert set(metadata["split"]) <= {"train", "dev", "test"}


@pytest.mark.parametrize("twin", TWINS)
def test_shares_are_those_of_the_recipe(made, twin):
    folder, recipe = made(twin)
    metadata = pd.read_csv(folder / "metadata.csv")
    is_noise = metadata["trace_category"] == "noise"
    assert_share(int(is_noise.sum()), TRACES, recipe["noise"]["share"])
    columns = arrival_columns(metadata)
    assert metadata.loc[is_noise, columns].isna().all(axis=None)
    names = recipe["labels"]["names"]
    has = {}
    for wave in ("P", "S"):
        own = {f"trace_{column}_arrival_sample" for name, column in names.items() if name.strip("pgn")[-1:] == wave}
        has[wave] = metadata[sorted(own)].notna().any(axis=1)[~is_noise]
    shares, total = recipe["labels"]["shares"], len(has["P"])
    assert (has["P"] | has["S"]).all()
    assert_share(int(has["S"].sum()), total, shares["both"] + shares["only_s"])
    if "length_s" in recipe["window"]:
        assert_share(int(has["P"].sum()), total, shares["both"] + shares["only_p"])


@pytest.mark.parametrize("twin", TWINS)
def test_distances_and_magnitudes_are_in_the_real_range(made, twin):
    folder, recipe = made(twin)
    metadata = pd.read_csv(folder / "metadata.csv").query("trace_category != 'noise'")
    quantiles = recipe["events"]["distance_km"]
    distance = metadata["path_ep_distance_km"]
    assert distance.between(0, quantiles["max"]).all()
    # A handful of stations an event makes distances dependent, so the bounds are wide: 35 to 65 % below the median.
    assert 0.35 < (distance < quantiles["median"]).mean() < 0.65
    assert (distance < quantiles["p10"]).mean() < 0.25
    assert (distance > quantiles["p90"]).mean() < 0.25
    magnitude = recipe["events"]["magnitude"]
    assert metadata["source_magnitude"].between(magnitude["min"], magnitude["max"]).all()


@pytest.mark.parametrize("twin", ["mini-ethz", "mini-iquique", "mini-stead"])
def test_true_s_minus_p_is_that_of_taup(made, twin):
    metadata = pd.read_csv(made(twin)[0] / "metadata.csv").dropna(subset=["path_ep_distance_km"])
    model = TauPyModel("ak135")
    for _, row in metadata.iloc[::25].iterrows():
        degrees = row["path_ep_distance_km"] / KM_PER_DEGREE
        p_s, s_s = (
            model.get_travel_times(row["source_depth_km"], degrees, phases)[0].time
            for phases in (["p", "P"], ["s", "S"])
        )
        assert row["trace_true_S_onset_s"] - row["trace_true_P_onset_s"] == pytest.approx(s_s - p_s, abs=0.05)
        start = pd.Timestamp(row["trace_start_time"]) - pd.Timestamp(row["source_origin_time"])
        assert start.total_seconds() + row["trace_true_P_onset_s"] == pytest.approx(p_s, abs=0.03)


def test_traces_of_an_event_share_its_source(made):
    metadata = pd.read_csv(made("mini-ethz")[0] / "metadata.csv")
    events = metadata.groupby("source_id")
    for column in ("source_origin_time", "source_magnitude", "source_depth_km", "source_latitude_deg", "split"):
        assert (events[column].nunique() == 1).all(), column
    assert (events["station_code"].nunique() == events.size()).all()
    assert events.size().mean() > 3
    assert metadata["station_code"].nunique() < len(metadata)


def test_splits_follow_the_real_rules(made):
    ethz = pd.read_csv(made("mini-ethz")[0] / "metadata.csv")
    day = ethz["source_origin_time"].str[:10]
    expected = np.select([day >= "2019-09-04", day >= "2019-01-08"], ["test", "dev"], "train")
    np.testing.assert_array_equal(ethz["split"], expected)
    lendb = pd.read_csv(made("mini-lendb")[0] / "metadata.csv")
    day = lendb["trace_start_time"].str[:10]
    expected = np.select([day >= "2017-08-16", day >= "2017-01-16"], ["test", "dev"], "train")
    np.testing.assert_array_equal(lendb["split"], expected)
    scedc = pd.read_csv(made("mini-scedc")[0] / "metadata.csv")
    assert (scedc.groupby("source_id")["split"].nunique() > 1).any()  # by trace: events are torn apart
    assert_share(int((scedc["split"] == "test").sum()), TRACES, 0.3)
    instance = pd.read_csv(made("mini-instance")[0] / "metadata.csv")
    assert (instance.groupby("source_id")["split"].nunique() == 1).all()


def test_fixed_positions_of_labels(made):
    neic = pd.read_csv(made("mini-neic")[0] / "metadata.csv")
    assert set(neic["trace_p_arrival_sample"].dropna()) == {1200.0}
    assert set(neic["trace_s_arrival_sample"].dropna()) == {1200.0}
    assert (neic[["trace_p_arrival_sample", "trace_s_arrival_sample"]].notna().sum(axis=1) == 1).all()
    lendb = pd.read_csv(made("mini-lendb")[0] / "metadata.csv")
    assert set(lendb["trace_p_arrival_sample"].dropna()) == {80.0}
    stead = pd.read_csv(made("mini-stead")[0] / "metadata.csv")
    assert set(stead["trace_p_arrival_sample"].dropna() % 100) == {0.0}


def test_late_labels_of_instance(made):
    metadata = pd.read_csv(made("mini-instance")[0] / "metadata.csv").dropna(subset=["trace_P_arrival_sample"])
    error_s = metadata["trace_P_arrival_sample"] / 100 - metadata["trace_true_P_onset_s"]
    assert_share(int((error_s > 0.35).sum()), len(metadata), 0.1)


def test_energy_begins_at_the_true_onset(opened):
    dataset = opened("mini-stead")
    clean = dataset.metadata.query("trace_snr_db > 30 and trace_completeness == 1 and not trace_has_spikes")
    assert len(clean) > 20
    delays = []
    for trace, onset_s in clean["trace_true_P_onset_s"].items():
        vertical = dataset.get_waveforms(trace)[0]
        onset = round(onset_s * 100)
        quiet = np.abs(vertical[onset - 300 : onset]).max()
        delays.append(np.argmax(np.abs(vertical[onset:]) > 2 * quiet) / 100)
    assert np.quantile(delays, 0.9) < 0.15


def test_p_is_led_by_z_and_s_by_the_horizontals(opened):
    dataset = opened("mini-stead")
    apart = "trace_true_S_onset_s - trace_true_P_onset_s > 3"
    clean = dataset.metadata.query(
        f"trace_snr_db > 25 and trace_completeness == 1 and not trace_has_spikes and {apart}"
    )
    assert len(clean) > 20
    p_ratio, s_ratio = [], []
    for trace, row in clean.iterrows():
        waveform = dataset.get_waveforms(trace)
        for ratios, onset_s in ((p_ratio, row["trace_true_P_onset_s"]), (s_ratio, row["trace_true_S_onset_s"])):
            begin = round(onset_s * 100)
            energy = (waveform[:, begin : begin + 100] ** 2).sum(axis=1)
            ratios.append(energy[0] / energy[1:].mean())
    assert np.mean(np.array(p_ratio) > 1) > 0.9
    assert np.mean(np.array(s_ratio) < 1) > 0.9


def test_teleseismic_p_is_long_period_and_local_p_is_not(opened):
    def median_frequency_hz(twin: str, query: str) -> float:
        dataset, found = opened(twin), []
        for trace, row in dataset.metadata.query(query).iterrows():
            rate = row["trace_sampling_rate_hz"]
            begin = round(row["trace_true_P_onset_s"] * rate)
            p = dataset.get_waveforms(trace)[0, begin : begin + round(5 * rate)]
            power = np.abs(np.fft.rfft(p * np.hanning(len(p)))) ** 2
            found.append(np.fft.rfftfreq(len(p), 1 / rate)[power.argmax()])
        assert len(found) > 10
        return float(np.median(found))

    assert median_frequency_hz("mini-geofon", "path_ep_distance_km > 3500 and trace_snr_db > 20") < 2
    assert median_frequency_hz("mini-stead", "path_ep_distance_km < 80 and trace_snr_db > 20") > 3


def test_without_noise_nothing_precedes_the_onset(tmp_path, monkeypatch):
    still = lambda rng, level, corner, rate, npts: np.zeros((len(level), 3, npts), np.float32)  # noqa: E731
    monkeypatch.setattr(seismograms.noise, "ambient_velocity_m_s", still)
    recipe = recipe_of("mini-ethz", traces=40, faults={"spikes": 0, "gaps": 0, "dead_channels": 0})
    with np.errstate(divide="ignore", invalid="ignore"):
        simulate(recipe, tmp_path, seed=3)
    import h5py

    metadata = pd.read_csv(tmp_path / "metadata.csv")
    checked = 0
    with h5py.File(tmp_path / "waveforms.hdf5") as file:
        for _, row in metadata.dropna(subset=["trace_true_P_onset_s"]).iterrows():
            block, place = row["trace_name"].split("$")
            waveform = np.abs(file["data"][block][int(place.split(",")[0])])
            onset = round(row["trace_true_P_onset_s"] * row["trace_sampling_rate_hz"])
            assert waveform[:, :onset].max() < 1e-5 * waveform.max()
            within = waveform[:, onset : onset + round(row["trace_sampling_rate_hz"])]
            assert within.max() > 1e-3 * waveform.max()
            checked += 1
    assert checked > 30


def digest(folder: Path) -> list[str]:
    return [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("metadata.csv", "waveforms.hdf5")]


def test_files_are_the_same_bit_for_bit_from_one_seed(tmp_path):
    # More than one block, mixed rates, noise and faults.
    recipe = recipe_of("mini-instance", traces=150) | {"network": recipe_of("mini-scedc")["network"]}
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        simulate(recipe, tmp_path / name, seed=seed)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert digest(tmp_path / "a")[0] != digest(tmp_path / "c")[0]
    assert digest(tmp_path / "a")[1] != digest(tmp_path / "c")[1]


def test_a_larger_twin_begins_with_the_smaller_one(tmp_path):
    for name, traces in (("small", 128), ("large", 200)):
        simulate(recipe_of("mini-lendb", traces=traces), tmp_path / name, seed=1)
    small, large = (pd.read_csv(tmp_path / name / "metadata.csv") for name in ("small", "large"))
    pd.testing.assert_frame_equal(small, large[:128], check_dtype=False)
    assert len(large) == 200


def test_an_old_twin_is_replaced_whole(made, tmp_path):
    recipe = recipe_of("mini-lendb", traces=20)
    simulate(recipe, tmp_path, seed=1)
    first = digest(tmp_path)
    simulate(recipe, tmp_path, seed=2)
    assert digest(tmp_path) != first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["metadata.csv", "waveforms.hdf5"]
