"""Resampling against closed forms: the sample values of sines, impulses and lines at the new rate are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pickbench.data.resample import MAX_DRIFT_SAMPLES, PASSBAND, resample, simple_ratio

# Rates of the eight datasets, and 100.001 Hz, which over 200,000 samples is no simple ratio of 100 Hz.
RATES = [20.0, 25.0, 40.0, 50.0, 62.5, 80.0, 120.0, 125.0, 200.0, 250.0, 500.0]


def sine(frequency, rate, npts, phase=0.3):
    return np.sin(2 * np.pi * frequency * np.arange(npts) / rate + phase)


def interior(values, edge=400):
    return values[..., edge:-edge]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("share", [0.05, 0.4, 0.75])
def test_a_sine_in_the_passband_keeps_amplitude_and_phase(rate, share):
    frequency = share * min(rate, 100) / 2
    npts = int(60 * rate)
    resampled, factor = resample(sine(frequency, rate, npts), rate, 100)
    assert factor == 100 / rate
    assert len(resampled) == 6000
    assert np.abs(interior(resampled - sine(frequency, 100, 6000))).max() < 1e-3


@pytest.mark.parametrize(("rate", "npts"), [(100.001, 200_000), (19.99993, 24_000), (200.003, 100_000)])
def test_awkward_ratios_over_long_traces_are_taken_exactly(rate, npts):
    assert simple_ratio(rate, 100, npts) is None
    frequency = 0.5 * min(rate, 100) / 2
    resampled, factor = resample(sine(frequency, rate, npts), rate, 100)
    assert factor == 100 / rate
    assert np.abs(interior(resampled - sine(frequency, 100, len(resampled)), 2000)).max() < 1e-3


@pytest.mark.parametrize(("rate", "npts"), [(100.001, 200_000), (200.0, 2000)])
def test_what_happens_at_one_end_stays_there(rate, npts):
    impulse = np.zeros(npts)
    impulse[-3] = 1
    resampled, _ = resample(impulse, rate, 100)
    assert np.abs(resampled[:100]).max() < 1e-4 * np.abs(resampled).max()


def test_rates_as_data_centres_write_them_count_as_the_simple_ones():
    npts = 2400  # Two minutes: 0.04 samples of drift.
    resampled, factor = resample(np.ones((3, npts)), 19.99993, 100)
    assert factor == 5
    assert resampled.shape == (3, 12_000)
    waveform = np.random.default_rng(0).standard_normal((3, 6000))
    assert resample(waveform, 99.9995, 100)[0] is waveform


@given(rate=st.floats(1, 1000), npts=st.integers(2, 100_000))
def test_simple_ratios_drift_less_than_a_tenth_of_a_sample(rate, npts):
    ratio = simple_ratio(rate, 100, npts)
    if ratio is not None:
        assert abs(float(ratio) * npts - 100 / rate * npts) < MAX_DRIFT_SAMPLES


@pytest.mark.parametrize("rate", [20.0, 40.0, 120.0, 200.0, 500.0])
def test_an_impulse_keeps_its_position_and_is_symmetric(rate):
    npts, at = int(40 * rate), int(20 * rate)
    impulse = np.zeros(npts)
    impulse[at] = 1
    resampled, factor = resample(impulse, rate, 100)
    peak = int(np.argmax(resampled))
    assert peak == at * factor == 2000
    np.testing.assert_allclose(resampled[peak - 300 : peak], resampled[peak + 300 : peak : -1], atol=1e-12)
    # An impulse has the area of one input sample, whatever the rate.
    assert resampled.sum() / 100 == pytest.approx(1 / rate, rel=1e-3)


@pytest.mark.parametrize("rate", [120.0, 200.0, 250.0, 500.0, 200.003])
def test_what_lies_above_the_new_nyquist_frequency_is_suppressed(rate):
    npts = int(60 * rate) if rate != 200.003 else 100_000
    for share in (0.0, 0.5, 0.95):
        frequency = 50.5 + share * (rate / 2 - 50.5)
        resampled, _ = resample(sine(frequency, rate, npts), rate, 100)
        assert 20 * np.log10(np.abs(interior(resampled)).max()) < -60


def test_a_chirp_is_kept_below_and_gone_above_the_new_nyquist_frequency():
    rate, seconds = 500.0, 100.0
    time = np.arange(int(rate * seconds)) / rate
    chirp = np.sin(2 * np.pi * 1.5 * time**2 / 2)  # 1.5 Hz/s: 0 to 150 Hz.
    resampled, _ = resample(chirp, rate, 100)
    new_time = np.arange(len(resampled)) / 100
    expected = np.sin(2 * np.pi * 1.5 * new_time**2 / 2)
    kept = (new_time > 2) & (1.5 * new_time < PASSBAND * 50 - 2)
    gone = (1.5 * new_time > 53) & (new_time < seconds - 2)
    assert np.abs((resampled - expected)[kept]).max() < 1e-3
    assert np.abs(resampled[gone]).max() < 1e-3


@settings(max_examples=30)
@given(rate=st.sampled_from([*RATES, 33.3333, 99.0]), offset=st.floats(-1e6, 1e6), slope=st.floats(-100, 100))
def test_offsets_and_trends_do_not_ring_at_the_ends(rate, offset, slope):
    time = np.arange(500) / rate
    resampled, factor = resample(offset + slope * time, rate, 100)
    expected = offset + slope * np.arange(len(resampled)) / factor / rate
    np.testing.assert_allclose(resampled, expected, rtol=1e-9, atol=1e-6)


def test_the_same_rate_changes_nothing():
    waveform = np.random.default_rng(0).standard_normal((3, 1001)).astype(np.float32)
    resampled, factor = resample(waveform, 100, 100)
    assert factor == 1 and resampled.tobytes() == waveform.tobytes()


@settings(max_examples=30)
@given(rate=st.sampled_from(RATES), npts=st.integers(2, 700), at=st.floats(0, 1, exclude_max=True))
def test_positions_inside_stay_inside(rate, npts, at):
    resampled, factor = resample(np.zeros((1, npts)), rate, 100)
    assert at * npts * factor < resampled.shape[-1]


@pytest.mark.parametrize("rate", [40.0, 200.0])
def test_traces_are_resampled_each_on_its_own(rate):
    waveforms = np.random.default_rng(1).standard_normal((4, 3, 1000))
    together, _ = resample(waveforms, rate, 100)
    for waveform, resampled in zip(waveforms, together, strict=True):
        np.testing.assert_array_equal(resample(waveform, rate, 100)[0], resampled)
