"""Travel times, sources, wave field and noise against TauP, closed forms, ObsPy's noise models and Welch's estimate."""

import numpy as np
import pytest
import scipy.signal
from obspy.signal.spectral_estimation import get_nhnm, get_nlnm
from obspy.taup import TauPyModel

from pickbench.simulation import noise, sources, wavefield
from pickbench.simulation.traveltimes import KM_PER_DEGREE, TravelTimes

PLACES = [(5, 0), (12, 9.3), (39, 7.4), (101, 22.6), (146, 12), (346, 33.7), (900, 110), (3300, 18.4), (7000, 560)]


@pytest.fixture(scope="module")
def table() -> TravelTimes:
    return TravelTimes(["P", "PKP", "Pg", "pP", "PP", "S", "Sg"], 17000, 680)


def taup_first(distance_km: float, depth_km: float, phases: list[str]) -> float:
    arrivals = TauPyModel("ak135").get_travel_times(depth_km, distance_km / KM_PER_DEGREE, phases)
    return arrivals[0].time if arrivals else np.nan


@pytest.mark.parametrize(("distance_km", "depth_km"), PLACES)
def test_s_minus_p_is_that_of_taup(table, distance_km, depth_km):
    place = np.array([float(distance_km)]), np.array([float(depth_km)])
    p_s, s_s = (table.seconds(phase, *place)[0] for phase in ("P", "S"))
    assert p_s == pytest.approx(taup_first(distance_km, depth_km, ["p", "P"]), abs=0.03)
    expected = taup_first(distance_km, depth_km, ["s", "S"]) - taup_first(distance_km, depth_km, ["p", "P"])
    assert s_s - p_s == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(
    ("phase", "taup", "distance_km", "depth_km"),
    [
        ("Pg", ["p", "Pg"], 200, 8.5),
        ("Sg", ["s", "Sg"], 250, 15),
        ("pP", ["pP"], 6000, 145),
        ("PP", ["PP"], 3500, 25),
        ("P", ["Pdiff"], 11500, 20),
        ("PKP", ["PKIKP"], 15500, 100),
    ],
)
def test_other_phases_are_those_of_taup(table, phase, taup, distance_km, depth_km):
    got = table.seconds(phase, np.array([float(distance_km)]), np.array([float(depth_km)]))[0]
    assert got == pytest.approx(taup_first(distance_km, depth_km, taup), abs=0.05)


def test_phases_that_do_not_exist_are_nan(table):
    def at(phase, distance_km, depth_km):
        return table.seconds(phase, np.array([distance_km]), np.array([depth_km]))[0]

    assert np.isnan(at("S", 14000.0, 10.0))  # S ends at the core's shadow
    assert np.isnan(at("Pg", 100.0, 80.0))  # no crustal wave from below the crust
    assert np.isnan(at("pP", 500.0, 300.0))


def test_slowness_of_crustal_p_is_that_of_the_upper_crust(table):
    slowness = table.slowness_s_per_km("Pg", np.array([60.0]), np.array([1.0]))
    assert slowness[0] == pytest.approx(1 / 5.8, rel=0.01)  # ak135's upper crust


def test_brune_spectrum_has_plateau_corner_and_fall_off():
    corner, plateau = np.array([2.0]), np.array([3e-6])
    frequency = np.array([0.002, 2.0, 200.0, 400.0])
    velocity = sources.velocity_spectrum_m(frequency, plateau, corner, np.zeros(1))[0]
    displacement = velocity / (2 * np.pi * frequency)
    assert displacement[0] == pytest.approx(3e-6, rel=1e-4)
    assert displacement[1] == pytest.approx(1.5e-6, rel=1e-9)  # half at the corner of an omega-square source
    assert np.log2(displacement[3] / displacement[2]) == pytest.approx(-2, abs=0.001)


def test_attenuation_is_exponential_in_frequency_and_t_star():
    frequency = np.array([4.0])
    one = {"plateau_m_s": np.ones(1), "corner_hz": np.ones(1)}
    ratio = sources.velocity_spectrum_m(frequency, **one, t_star_s=np.array([0.3])) / sources.velocity_spectrum_m(
        frequency, **one, t_star_s=np.zeros(1)
    )
    assert ratio[0, 0] == pytest.approx(np.exp(-np.pi * 4 * 0.3))


def test_magnitude_sets_moment_and_corner():
    # Two units of magnitude are a factor of 1000 in moment, so 10 in corner frequency at one stress drop.
    assert sources.seismic_moment_n_m(6.0) == pytest.approx(1.2589e18, rel=1e-3)
    corner = sources.corner_frequency_hz(np.array([2.0, 4.0]), "S")
    assert corner[0] / corner[1] == pytest.approx(10)
    # Brune (1970) in words: magnitude 4 at 3 MPa has a radius 2.34 beta / (2 pi fc) with stress drop 7/16 M0 / r^3.
    radius_m = 2.34 * 3460 / (2 * np.pi * corner[1])
    assert 7 / 16 * sources.seismic_moment_n_m(4.0) / radius_m**3 == pytest.approx(3e6, rel=0.01)


def test_t_star_of_teleseismic_waves():
    assert sources.attenuation_time_s(np.array([600.0]), "P")[0] == 1.0
    assert sources.attenuation_time_s(np.array([1100.0]), "S")[0] == 4.0
    assert sources.attenuation_time_s(np.array([7.0]), "P")[0] < 0.03


@pytest.mark.parametrize(
    ("magnitude", "t_star_s", "rate_hz"), [(1.0, 0.05, 100.0), (3.5, 0.08, 200.0), (5.4, 1.0, 20.0)]
)
def test_pulse_has_its_spectrum(magnitude, t_star_s, rate_hz):
    corner, t_star = sources.corner_frequency_hz(np.array([magnitude]), "P"), np.array([t_star_s])
    npts = int(sources.pulse_duration_s(corner, t_star) * rate_hz)
    pulse = sources.velocity_pulses_m_s(np.array([2e-9]), corner, t_star, rate_hz, npts)[0]
    frequency = np.fft.rfftfreq(16384, 1 / rate_hz)
    expected = sources.velocity_spectrum_m(frequency, np.array([2e-9]), corner, t_star)[0]
    got = np.abs(np.fft.rfft(pulse, 16384)) / rate_hz
    loud = expected > 0.1 * expected.max()
    loud &= frequency > 0.2
    np.testing.assert_allclose(got[loud], expected[loud], rtol=0.1)


def test_pulse_begins_at_once_but_softly():
    corner, t_star = np.array([5.0, 0.7]), np.array([0.05, 1.0])
    pulses = sources.velocity_pulses_m_s(np.ones(2), corner, t_star, 100.0, 2000)
    level = np.abs(pulses) / np.abs(pulses).max(axis=1, keepdims=True)
    assert (level[:, 0] < 0.06).all()
    first = (level > 0.02).argmax(axis=1)
    peak = level.argmax(axis=1)
    # Visible within a third of the rise, and the whole rise is short: 0.1 s regionally, 1 s in teleseismic P.
    assert (first <= np.ceil(peak / 3) + 1).all()
    assert peak[0] < 15 and peak[1] < 120


def test_teleseismic_p_is_long_period_and_local_p_is_not():
    def dominant_hz(magnitude, travel_time_s, rate_hz):
        corner = sources.corner_frequency_hz(np.array([magnitude]), "P")
        t_star = sources.attenuation_time_s(np.array([travel_time_s]), "P") + 0.03
        pulse = sources.velocity_pulses_m_s(np.ones(1), corner, t_star, rate_hz, int(25 * rate_hz))[0]
        frequency = np.fft.rfftfreq(len(pulse), 1 / rate_hz)
        return frequency[np.abs(np.fft.rfft(pulse)).argmax()]

    assert dominant_hz(5.4, 600.0, 20.0) < 2
    assert dominant_hz(1.3, 7.0, 100.0) > 3


def test_polarisation():
    slowness, back_azimuth = np.array([1 / 5.8, 0.05]), np.array([90.0, 0.0])
    p = wavefield.polarisation(slowness, back_azimuth, "P")
    sv = wavefield.polarisation(1.73 * slowness, back_azimuth, "S", np.zeros(2))
    sh = wavefield.polarisation(1.73 * slowness, back_azimuth, "S", np.full(2, np.pi / 2))
    for motion in (p, sv, sh):
        np.testing.assert_allclose(np.linalg.norm(motion, axis=1), 1)
    assert (np.abs(p[:, 0]) > np.abs(p[:, 1:]).max(axis=1)).all()
    assert p[0, 1] == pytest.approx(0, abs=1e-12) and p[0, 2] < 0  # a source in the east pushes upwards and west
    np.testing.assert_allclose((p * sh).sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(sh[:, 0], 0, atol=1e-12)
    assert (np.abs(sv[:, 0]) < np.hypot(sv[:, 1], sv[:, 2])).all()


@pytest.fixture(scope="module")
def seismogram() -> np.ndarray:
    """Velocity of 200 traces of 40 s at 100 Hz: P at sample 1000, S at 1800, decay times of 2 and 4 s."""
    rng = np.random.default_rng(3)
    count, npts = 200, 4000
    pulses = {
        wave: sources.velocity_pulses_m_s(np.full(count, 1e-9), np.full(count, 8.0), np.full(count, t_star), 100.0, 300)
        for wave, t_star in (("P", 0.04), ("S", 0.06))
    }
    directions = {
        "P": wavefield.polarisation(np.full(count, 0.17), rng.uniform(0, 360, count), "P"),
        "S": wavefield.polarisation(np.full(count, 0.3), rng.uniform(0, 360, count), "S", rng.uniform(0, 6, count)),
    }
    arrivals = [
        wavefield.Arrival("P", np.full(count, 1000.0), np.ones(count)),
        wavefield.Arrival("S", np.full(count, 1800.0), np.full(count, 3.0)),
    ]
    decay = {"P": np.full(count, 200.0), "S": np.full(count, 400.0)}
    begin, velocity = wavefield.ground_velocity_m_s(arrivals, pulses, directions, decay, rng, npts)
    assert begin == 1000
    return np.pad(velocity, ((0, 0), (0, 0), (begin, npts - begin - velocity.shape[2])))


def test_p_is_strongest_on_z_and_s_on_the_horizontals(seismogram):
    p, s = (np.sqrt((seismogram[..., at : at + 100] ** 2).mean(axis=(0, 2))) for at in (1000, 1800))
    assert p[0] > 1.5 * p[1:].max()
    assert s[1:].min() > 1.5 * s[0]


def test_coda_decays_exponentially(seismogram):
    energy = (seismogram**2).mean(axis=(0, 1))
    at = np.arange(2000, 3800, 100)
    level = np.array([energy[i : i + 100].mean() for i in at])
    slope = np.polyfit(at / 100, 0.5 * np.log(level), 1)[0]
    assert -1 / slope == pytest.approx(4.0, rel=0.1)


def test_nothing_moves_before_the_onset():
    # Onsets differ within the batch, so that each trace, not only the earliest, has to be still before its own.
    count, npts, rng = 3, 3000, np.random.default_rng(5)
    onset = np.array([500.0, 1500.0, np.nan])
    pulses = {"P": sources.velocity_pulses_m_s(np.ones(count), np.full(count, 3.0), np.full(count, 0.1), 100.0, 400)}
    velocity = np.zeros((count, 3, npts), dtype=np.float32)
    begin, moving = wavefield.ground_velocity_m_s(
        [wavefield.Arrival("P", onset, np.ones(count))],
        pulses,
        {"P": np.full((count, 3), 3**-0.5)},
        {"P": np.full(count, 300.0)},
        rng,
        npts,
    )
    velocity[..., begin : begin + moving.shape[2]] = moving
    peak = np.abs(velocity).max()
    assert begin == 500
    assert np.abs(velocity[1, :, :1500]).max() < 1e-5 * peak
    assert np.abs(velocity[2]).max() == 0
    for trace, first in enumerate((500, 1500)):
        assert np.abs(velocity[trace, :, first : first + 30]).max() > 0.1 * np.abs(velocity[trace]).max()


def test_an_earlier_arrival_leaves_its_coda_in_the_trace():
    pulses = {"P": sources.velocity_pulses_m_s(np.ones(1), np.full(1, 3.0), np.full(1, 0.1), 100.0, 400)}
    begin, velocity = wavefield.ground_velocity_m_s(
        [wavefield.Arrival("P", np.array([-200.0]), np.ones(1))],
        pulses,
        {"P": np.ones((1, 3))},
        {"P": np.full(1, 300.0)},
        np.random.default_rng(0),
        2000,
    )
    rms = np.sqrt((velocity[0] ** 2).mean(axis=0))
    assert begin == 0
    assert rms[100:400].mean() > 3 * rms[1000:1300].mean()


@pytest.mark.parametrize(("level", "model"), [(0.0, get_nlnm), (1.0, get_nhnm)])
def test_noise_has_the_spectrum_of_petersons_models(level, model):
    rate_hz, corner_hz = 40.0, 0.01
    rng = np.random.default_rng(1)
    traces = noise.ambient_velocity_m_s(rng, np.full(8, level), np.full(8, corner_hz), rate_hz, 24000)
    frequency, power = scipy.signal.welch(traces, rate_hz, nperseg=4096)
    periods_s, decibel = model()
    used = (frequency > 0.1) & (frequency < 10)
    acceleration = 10 * np.log10(power.mean(axis=(0, 1))[used] * (2 * np.pi * frequency[used]) ** 2)
    expected = np.interp(-np.log(frequency[used]), np.log(periods_s[::-1]), decibel[::-1])
    assert np.corrcoef(acceleration, expected)[0, 1] > 0.98
    assert np.abs(acceleration - expected).mean() < 1.0


def test_noise_between_the_models_is_gaussian_and_of_the_wanted_strength():
    rng = np.random.default_rng(2)
    wanted = np.full(40, 2e-7)
    corner = np.full(40, 1.0)
    level = noise.level_for_rms(wanted, corner, 100.0)
    assert 0 < level[0] < 1
    traces = noise.ambient_velocity_m_s(rng, level, corner, 100.0, 12000)
    assert np.sqrt((traces**2).mean()) == pytest.approx(2e-7, rel=0.1)
    standard = traces / traces.std(axis=2, keepdims=True)
    assert (standard**4).mean() == pytest.approx(3, abs=0.1)  # kurtosis of a Gaussian


def test_faults_are_as_frequent_as_asked_and_told():
    rng = np.random.default_rng(4)
    waveforms = rng.standard_normal((2000, 3, 1500)).astype(np.float32)
    clean = waveforms.copy()
    npts = np.full(2000, 1500)
    told = noise.spoil(waveforms, npts, 100.0, {"spikes": 0.1, "gaps": 0.05, "dead_channels": 0.02}, rng)
    dead = (waveforms == 0).all(axis=2).any(axis=1)
    gap = (waveforms == 0).all(axis=1)
    spiked = (np.abs(waveforms) > 2.9 * np.abs(clean).max(axis=2, keepdims=True)).any(axis=(1, 2))
    # Binomial bounds of 4 standard deviations; some spikes fall into a gap or a dead channel.
    assert abs(dead.sum() - 40) < 26
    assert abs(gap.any(axis=1).sum() - 100) < 39
    assert abs(spiked.sum() - 200) < 54
    assert not (spiked & ~told["trace_has_spikes"]).any()
    whole = ~dead & ~gap.any(axis=1)
    np.testing.assert_array_equal(told["trace_completeness"][whole], 1)
    only_gap = gap.any(axis=1) & ~dead
    np.testing.assert_allclose(told["trace_completeness"][only_gap], 1 - gap[only_gap].mean(axis=1), atol=1e-6)
    untouched = whole & ~told["trace_has_spikes"]
    np.testing.assert_array_equal(waveforms[untouched], clean[untouched])
