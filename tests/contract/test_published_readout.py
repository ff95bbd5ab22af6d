"""`readout: paper` gives what the published benchmark gives, faults included, for weights that it trained.

The reference is written here a window at a time, on top of `seisbench.generate`, from a description of what the
published code does, and knows nothing of the batches that it is compared with.
"""

import numpy as np
import pandas as pd
import pytest
import torch
from seisbench import generate as sbg

from pickbench.data.prepared import PreparedDataset
from pickbench.models import load_adapter
from pickbench.models.base import Question
from tests.conftest import write_prepared
from tests.registry import FILES, settings

NAMES = [name for name in FILES if load_adapter(settings(name)).networks()]


def steered(trace: np.ndarray, window, samples: int, *transforms) -> tuple[torch.Tensor, int, int]:
    """A window with its surroundings as the published code cuts it, and the window's borders in it."""
    control = {"start_sample": window.start_sample, "end_sample": window.end_sample}
    state = {"X": (trace.copy(), {"trace_sampling_rate_hz": 100.0}), "_control_": control}
    for transform in (sbg.SteeredWindow(windowlen=samples, strategy="pad"), *transforms):
        transform(state)
    low, high = state["window_borders"][0]
    return torch.from_numpy(state["X"][0].astype(np.float32)), int(low), int(high)


DEMEAN = sbg.Normalize(demean_axis=-1, amp_norm_axis=-1, amp_norm_type="peak")
DETREND = sbg.Normalize(detrend_axis=-1, amp_norm_axis=-1, amp_norm_type="peak")


def of_curves(detection, p, s, low: int, high: int, later: int = 0) -> dict:
    inside = [curve[low:high] for curve in (detection, p, s)]
    return {
        "score_detection": inside[0].max(),
        "score_p_or_s": inside[1].max() / inside[2].max(),
        "p_sample_pred": inside[1],
        "s_sample_pred": inside[2],
        "later": later,
    }


def phasenet(module, trace, window) -> dict:
    x, low, high = steered(trace, window, 3001, DEMEAN)
    p, s, noise = module(x[None])[0]
    return of_curves(1 - noise, p, s, low, high)


def eqtransformer(module, trace, window) -> dict:
    x, low, high = steered(trace, window, 6000, DETREND)
    return of_curves(*(curve[0] for curve in module(x[None])), low, high)


def cred(module, trace, window) -> dict:
    x, low, high = steered(trace, window, 3000, DETREND)
    given = module(module.waveforms_to_spectrogram(x[None]))[0, :, 0]
    return {"score_detection": given[low // 158 : high // 158 + 1].max()}


def basicphaseae(module, trace, window) -> dict:
    x, low, high = steered(trace, window, 3000, DEMEAN)
    joined = torch.zeros(3, 3000)
    for begin in range(0, 2401, 400):
        given = module(x[None, :, begin : begin + 600])[0]
        kept = 0 if begin == 0 else 100
        joined[:, begin + kept : begin + 600] = given[:, kept:]
    return of_curves(1 - joined[2], joined[0], joined[1], low, high)


def gpd(module, trace, window) -> dict:
    highpass = sbg.Filter(1, 0.5, "highpass")
    x, low, high = steered(trace, window, 3400, sbg.SlidingWindow(timestep=5, windowlen=400), DETREND, highpass)
    given = torch.cat([module(part) for part in x.split(100)])
    assert len(given) == 601
    whole = torch.zeros(3405, 3)
    whole[200:-200] = given.repeat_interleave(5, dim=0)
    whole[:200, 2] = whole[-200:, 2] = 1
    return of_curves(1 - whole[:, 2], whole[:, 0], whole[:, 1], low, high, later=2)


def dpp_detector(module, trace, window) -> dict:
    x, low, high = steered(trace, window, 3000, DEMEAN)
    given = torch.cat([module(x[None, :, begin : begin + 500]) for begin in range(0, 3000, 500)])
    given = given[low // 500 : int(np.ceil(high / 500))]
    return {
        "score_detection": (1 - given[:, 2]).max(),
        "score_p_or_s": given[:, 0].max() / given[:, 1].max(),
    }


def dpp_picker(module, trace, window) -> dict:
    x, low, high = steered(trace, window, 1000, DEMEAN)
    components = slice(0, 1) if module.mode == "P" else slice(1, 3)
    above = (module(x[None, components])[0, low:high] > 0.5).nonzero()
    return {f"{module.mode.lower()}_sample_pred": int(above[0]) if len(above) else 500, "later": 0}


REFERENCES = {
    "PhaseNet": phasenet,
    "PhaseNetLight": phasenet,
    "EQTransformer": eqtransformer,
    "CRED": cred,
    "BasicPhaseAE": basicphaseae,
    "GPD": gpd,
    "DPPDetector": dpp_detector,
    "DPPPickerP": dpp_picker,
    "DPPPickerS": dpp_picker,
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> PreparedDataset:
    """Coloured noise with an offset and bursts, also in traces shorter than any input."""
    rng = np.random.default_rng(5)
    waveforms = []
    for npts in (12000, 7000, 3500, 2000, 1100):
        wave = np.cumsum(rng.standard_normal((3, npts)), axis=1) + 50
        wave[:, npts // 2 :] += 30 * rng.standard_normal((3, npts - npts // 2))
        waveforms.append(wave.astype("<f4"))
    columns = {"split": "test", "trace_p_arrival_sample": 100.0, "trace_s_arrival_sample": 200.0}
    return PreparedDataset(write_prepared(tmp_path_factory.mktemp("published") / "data", waveforms, columns))


def windows(dataset: PreparedDataset, longest: int) -> pd.DataFrame:
    """Windows in the middle and at either end of traces, and short ones."""
    rows = []
    for i, npts in enumerate(dataset.metadata["trace_npts"]):
        for length in (3000, 1000, 457):
            if length <= min(npts, longest):
                for start in {0, (npts - length) // 3, npts - length}:
                    rows.append({"trace_idx": i, "start_sample": start, "end_sample": start + length})
    return pd.DataFrame(rows)


def lively(module: torch.nn.Module) -> torch.nn.Module:
    """Weights that give outputs which differ from window to window."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if parameter.ndim > 1 and "lstm" not in name:
                parameter.mul_(2)
    return module.eval()


CASES = [(name, part) for name in NAMES for part in load_adapter(settings(name)).networks()]


@pytest.mark.parametrize(("name", "part"), CASES)
def test_published_readout(name, part, dataset):
    torch.manual_seed(0)
    chosen = settings(name)
    as_published = {"settings": {**chosen["settings"], "variant": "paper"}, "readout": "paper"}
    adapter = load_adapter({**chosen, **as_published}).networks()[part]
    module = lively(adapter.network())
    weights = {key: tensor.numpy() for key, tensor in module.state_dict().items()}
    rows = windows(dataset, 1000 if part.startswith("DPPPicker") else 3000)
    columns = list(adapter.GIVES)
    ours = adapter.answer(Question(dataset, rows, columns, seed=0, batch_size=7), weights)
    for window, given in zip(rows.itertuples(), ours.to_dict("records"), strict=True):
        with torch.inference_mode():
            expected = REFERENCES[part](module, dataset.waveform(window.trace_idx), window)
        for column in columns:
            if column.startswith("score"):
                assert given[column] == pytest.approx(float(expected[column]), rel=1e-5, abs=1e-5), window
            else:
                same_pick(given[column] - window.start_sample - expected["later"], expected[column])


def same_pick(sample: float, expected) -> None:
    """The same sample; of samples whose probabilities float32 cannot tell apart, any."""
    if isinstance(expected, int):
        assert sample == expected
    elif sample != int(expected.argmax()):
        assert expected[int(sample)] == pytest.approx(float(expected.max()), abs=1e-6)
