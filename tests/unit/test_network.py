"""Where a network's input lies around a window, and what is read out of its output."""

import numpy as np
import pytest
import torch
from seisbench.generate import SteeredWindow

from pickbench.models import load_adapter
from pickbench.windows.steering import steer
from tests.registry import settings


def test_input_lies_where_seisbench_puts_it():
    rng = np.random.default_rng(0)
    npts = rng.integers(3000, 9000, 300)
    length = rng.choice([1000, 3000], 300)
    start = (rng.random(300) * (npts - length)).astype(int)
    first = steer(start, start + length, npts, 3001)
    for i in range(300):
        control = {"start_sample": start[i], "end_sample": start[i] + length[i]}
        state = {"X": (np.arange(npts[i])[None], {}), "_control_": control}
        SteeredWindow(3001, strategy="pad")(state)
        assert state["X"][0][0, 0] == first[i]
        assert list(state["window_borders"][0]) == [start[i] - first[i], start[i] + length[i] - first[i]]


def test_read_out_by_hand():
    adapter = load_adapter(settings("phasenet"))
    output = torch.zeros(2, 3, 8)
    output[0] = torch.tensor(
        [
            [0.9, 0.1, 0.2, 0.6, 0.1, 0.0, 0.0, 0.8],
            [0.0, 0.1, 0.3, 0.1, 0.2, 0.4, 0.0, 0.9],
            [0.1, 0.8, 0.5, 0.3, 0.7, 0.6, 1.0, 0.05],
        ]
    )
    output[1, 2] = 1.0  # nothing but noise
    given = adapter.read_out(adapter.network(), output, torch.tensor([[1, 6], [0, 8]]))
    assert given["score_detection"].tolist() == pytest.approx([0.7, 0.0])
    assert given["score_p_or_s"].tolist() == pytest.approx([0.6 / 0.4, 1.0])
    assert given["p_sample_pred"].tolist() == [3, 0]
    assert given["s_sample_pred"].tolist() == [5, 0]


def test_no_s_at_all_is_certainly_p():
    output = torch.zeros(1, 3, 4)
    output[0, 0, 2] = 0.5
    adapter = load_adapter(settings("phasenet"))
    given = adapter.read_out(adapter.network(), output, torch.tensor([[0, 4]]))
    assert given["score_p_or_s"].item() == np.inf
