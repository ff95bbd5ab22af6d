"""What is read out of each family of networks, by hand."""

import numpy as np
import pytest
import torch

from pickbench.models import load_adapter
from tests.registry import settings


def part(name: str, network: str | None = None, **changes):
    networks = load_adapter({**settings(name), **changes}).networks()
    return networks[network or next(iter(networks))]


def output_of(adapter, network, waveforms: torch.Tensor, valid: torch.Tensor, borders: torch.Tensor) -> torch.Tensor:
    return adapter.apply(network, adapter.inputs_of(network, waveforms, valid), valid, borders)


def test_basicphaseae_joins_pieces():
    """Every piece answers with its own number, so that the joined curve says who spoke where."""
    adapter = part("basicphaseae")
    calls = []

    class Numbered(torch.nn.Module):
        labels, component_order = "PSN", "ZNE"

        def forward(self, inputs):
            calls.append(inputs)
            return torch.arange(7.0).repeat(len(inputs) // 7)[:, None, None].expand(-1, 3, 600)

    waveforms = torch.randn(2, 3, 3000)
    given = output_of(adapter, Numbered(), waveforms, torch.tensor([[0, 3000], [0, 2500]]), None)
    begins = [0, 500, 900, 1300, 1700, 2100, 2500, 3000]
    for i in range(7):
        assert (given[0, :, begins[i] : begins[i + 1]] == i).all()
    # Each piece is scaled by itself: over its own data the standard deviation is 1, and padding stays zero.
    inputs = calls[0].reshape(2, 7, 3, 600)
    torch.testing.assert_close(inputs[0].std(dim=-1, unbiased=False), torch.ones(7, 3), atol=1e-4, rtol=0)
    assert not inputs[1, 6, :, 100:].any() and inputs[1, 6, :, :100].any()


def test_cred_takes_the_cells_that_the_window_touches():
    """Output i speaks of samples 160 i - 80 to 160 i + 80, the last one to the end."""
    adapter = part("cred")
    output = torch.arange(19.0)[None, :, None].expand(3, -1, -1)
    borders = torch.tensor([[0, 80], [1000, 2000], [2960, 3000]])
    given = adapter.read_out(None, output, borders)["score_detection"]
    assert given.tolist() == [0, 12, 18]
    falling = adapter.read_out(None, 18 - output, borders)["score_detection"]
    assert falling.tolist() == [18, 18 - 6, 0]


def test_cred_labels_are_the_share_of_each_cell():
    adapter = part("cred")
    plan = type("Plan", (), {"detection_samples": 400})
    labels = adapter.labels(None, torch.tensor([[1000.0, float("nan")]]), ("P", "S"), plan)[0]
    # The event lies at 1000 to 1400; cells 6 (880 to 1040), 7, 8 (1200 to 1360) and 9 (1360 to 1520) touch it.
    assert labels.tolist() == pytest.approx([0] * 6 + [40 / 160, 1, 1, 40 / 160] + [0] * 9)


class Centre(torch.nn.Module):
    """Stands for a GPD whose P is what lies at the centre of the vertical, whose S is that of the first horizontal."""

    phases, component_order, filter_args = "PSN", "ZNE", None

    def __init__(self):
        super().__init__()
        self.positions = 0

    def forward(self, inputs):
        self.positions += len(inputs)
        p, s = (inputs[:, 0, 199] > 0.5).float() * 0.9, (inputs[:, 1, 199] > 0.5).float() * 0.6
        return torch.stack([p, s, 1 - torch.maximum(p, s)], dim=1)


def test_gpd_says_what_its_centre_saw():
    adapter, network = part("gpd"), Centre()
    start, end = np.array([1000, 1200]), np.array([2000, 1457])
    first, length = adapter.frame(start, end, np.array([6000, 6000]))
    waveforms = torch.zeros(2, 3, length)
    borders = torch.from_numpy(np.stack([start - first, end - first], axis=1))
    for row, (p, s) in enumerate([(1500, 1735), (1250, 1300)]):
        waveforms[row, 0, p - first[row]] = waveforms[row, 1, s - first[row]] = 1
    output = output_of(adapter, network, waveforms, torch.tensor([[0, length]] * 2), borders)
    given = adapter.read_out(network, output, borders)
    assert (given["p_sample_pred"].numpy() + first).tolist() == [1500, 1250]
    assert (given["s_sample_pred"].numpy() + first).tolist() == [1735, 1300]
    assert given["score_detection"].tolist() == pytest.approx([0.9, 0.9])
    assert given["score_p_or_s"].tolist() == pytest.approx([1.5, 1.5])
    # One position every 5 samples of the window, and no others: 200 of 10 s, 52 of 257 samples.
    assert network.positions == 200 + 52


def test_gpd_hears_nothing_outside_its_window():
    adapter, network = part("gpd"), Centre()
    first, length = adapter.frame(np.array([1000]), np.array([2000]), np.array([6000]))
    waveforms = torch.zeros(1, 3, length)
    waveforms[0, 0, 995 - first[0]] = waveforms[0, 0, 2000 - first[0]] = 1
    borders = torch.tensor([[1000 - first[0], 2000 - first[0]]])
    output = output_of(adapter, network, waveforms, torch.tensor([[0, length]]), borders)
    given = adapter.read_out(network, output, borders)
    assert given["score_detection"].item() == 0


def test_dpp_detector_takes_the_pieces_that_the_window_touches():
    adapter = part("dpp", "DPPDetector")
    output = torch.zeros(2, 6, 3)
    output[:, :, 2] = 1
    output[0, 1], output[0, 3] = torch.tensor([0.7, 0.1, 0.2]), torch.tensor([0.1, 0.8, 0.1])
    output[1, 0], output[1, 5] = torch.tensor([0.4, 0.2, 0.4]), torch.tensor([0.9, 0.1, 0.0])
    given = adapter.read_out(None, output, torch.tensor([[500, 1500], [0, 2500]]))
    assert given["score_detection"].tolist() == pytest.approx([0.8, 0.6])
    assert given["score_p_or_s"].tolist() == pytest.approx([7, 2])


@pytest.mark.parametrize(("readout", "nowhere"), [("corrected", 300 + 228), ("paper", 300 + 500)])
def test_dpp_picker_takes_the_first_certain_sample(readout, nowhere):
    adapter = part("dpp", "DPPPickerP", readout=readout)
    output = torch.zeros(2, 1000)
    output[0, 200:] = 0.51  # certain before the window begins
    output[1, 900:] = 0.9  # certain only behind its end
    output[0, 300:320] = 0.2
    given = adapter.read_out(None, output, torch.tensor([[300, 757], [300, 757]]))["p_sample_pred"]
    assert given.tolist() == [320, nowhere]


def test_eqtransformer_reads_three_curves():
    adapter = part("eqtransformer")
    detection, p, s = torch.zeros(3, 1, 8)
    detection[0, 2], detection[0, 7] = 0.8, 1.0
    p[0, 3], s[0, 5] = 0.6, 0.3
    network = adapter.network()
    given = adapter.read_out(network, (detection, p, s), torch.tensor([[1, 7]]))
    assert [given[key].item() for key in ("score_detection", "score_p_or_s")] == pytest.approx([0.8, 2.0])
    assert (given["p_sample_pred"].item(), given["s_sample_pred"].item()) == (3, 5)


def inside(curve, borders):
    return curve[0, borders[0, 0] : borders[0, 1]]


@pytest.mark.parametrize("name", ["phasenet", "basicphaseae", "eqtransformer"])
def test_the_read_out_is_the_largest_of_the_curves(name):
    adapter = part(name)
    network, borders = adapter.network(), torch.tensor([[400, 1400]])
    output = torch.rand(1, 3, adapter.input_samples)
    output = tuple(output.unbind(dim=1)) if name == "eqtransformer" else output.softmax(dim=1)
    curves = adapter.curves_of(network, output, borders)
    given = adapter.read_out(network, output, borders)
    assert list(curves) == ["detection", "P", "S"]
    detection, p, s = (inside(curve, borders) for curve in curves.values())
    assert given["score_detection"].item() == detection.max().item()
    assert given["p_sample_pred"].item() == 400 + p.argmax().item()
    assert given["s_sample_pred"].item() == 400 + s.argmax().item()
    assert given["score_p_or_s"].item() == pytest.approx((p.max() / s.max()).item())


def test_gpd_s_curves_are_steps_within_the_window():
    adapter, network = part("gpd"), Centre()
    first, length = adapter.frame(np.array([1000]), np.array([1257]), np.array([6000]))
    waveforms = torch.zeros(1, 3, length)
    waveforms[0, 0, 1100 - first[0]] = 1
    borders = torch.tensor([[1000 - first[0], 1257 - first[0]]])
    output = output_of(adapter, network, waveforms, torch.tensor([[0, length]]), borders)
    curves = adapter.curves_of(network, output, borders)
    for curve in curves.values():
        assert curve.isfinite().sum() == 257 and inside(curve, borders).isfinite().all()
    p = inside(curves["P"], borders)
    assert np.flatnonzero(p.numpy() > 0.5).tolist() == [100, 101, 102, 103, 104]
    assert adapter.read_out(network, output, borders)["p_sample_pred"].item() + first[0] == 1100


@pytest.mark.parametrize("readout", ["corrected", "paper"])
def test_cred_s_curve_holds_over_each_cell(readout):
    adapter = part("cred", readout=readout)
    output = torch.rand(3, 19, 1)
    curve = adapter.curves_of(None, output, None)["detection"]
    assert curve.shape == (3, 3000) and (curve[:, -1] == output[:, 18, 0]).all()
    if readout == "paper":
        assert (curve[:, 158:316] == output[:, 1]).all() and (curve[:, :158] == output[:, 0]).all()
        return
    assert (curve[:, 80:240] == output[:, 1]).all() and (curve[:, :80] == output[:, 0]).all()
    borders = torch.tensor([[0, 80], [999, 2001], [2960, 3000]])
    largest = [curve[i, first:end].max().item() for i, (first, end) in enumerate(borders.tolist())]
    assert adapter.read_out(None, output, borders)["score_detection"].tolist() == largest


def test_dpp_s_curves_are_those_of_three_networks():
    borders = torch.tensor([[500, 1500]])
    output = torch.rand(1, 6, 3).softmax(dim=2)
    curves = part("dpp", "DPPDetector").curves_of(None, output, borders)
    assert list(curves) == ["detection"] and curves["detection"].shape == (1, 3000)
    given = part("dpp", "DPPDetector").read_out(None, output, borders)
    assert inside(curves["detection"], borders).max().item() == given["score_detection"].item()
    output = torch.rand(1, 1000)
    assert part("dpp", "DPPPickerS").curves_of(None, output, borders) == {"S": output}
