"""`variant: paper` brings back what the published training does, and the default leaves it out."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pickbench.models import load_adapter
from pickbench.training.draws import TraceTable, draw_windows
from tests.contract.test_models import plan, settings


def adapter_of(name: str, variant: str):
    chosen = settings(name)
    return load_adapter({**chosen, "settings": {**chosen["settings"], "variant": variant}})


@pytest.mark.parametrize(
    ("variant", "gap", "of_all"),
    # Counted elsewhere for the published code and for a piece twice as long: S-P of 15 s and more, or of 3 to 5 s.
    [("paper", (1500, 4000), 0.035), ("corrected", (1500, 4000), 0.53), ("paper", (300, 500), 0.355),
     ("corrected", (300, 500), 0.605)],
)  # fmt: skip
def test_basicphaseae_sees_its_picks(variant, gap, of_all, tmp_path):
    rng = np.random.default_rng(0)
    n, npts = 20000, 12000
    p = rng.uniform(1000, npts - gap[1] - 1000, n)
    table = TraceTable(np.arange(n), np.full(n, npts), np.stack([p, p + rng.uniform(*gap, n)], axis=1), ("P", "S"))
    recipe = adapter_of("basicphaseae", variant).recipe(plan(tmp_path))
    draws = draw_windows(table, recipe, rng, shuffle=False)
    relative = table.picks - draws.start[:, None]
    holds = ((relative >= 0) & (relative < recipe.length)).any(axis=1)
    assert holds.mean() == pytest.approx(of_all, abs=0.03)


@pytest.mark.parametrize("name", ["phasenet", "eqtransformer", "cred", "basicphaseae", "gpd"])
def test_padding_is_data_in_the_published_training_alone(name, tmp_path):
    for variant in ("corrected", "paper"):
        adapter = adapter_of(name, variant)
        samples = adapter.train_samples
        waveforms = torch.full((1, 3, samples), 5.0) + torch.randn(1, 3, samples)
        waveforms[..., : samples // 2] = 0
        batch = {
            "waveforms": waveforms,
            "valid": torch.tensor([[samples // 2, samples]]),
            "picks": torch.tensor([[samples * 0.75, float("nan")]]),
        }
        network = adapter.network()
        inputs, _ = adapter.example(network, batch, ("P", "S"), plan(tmp_path), augment=False)
        first_half = inputs[..., : inputs.shape[2] // 2 - 2, :] if inputs.ndim == 4 else inputs[..., : samples // 2]
        # The offset of 5 becomes a step or a ramp in the padding where that counts as data.
        assert (first_half.abs().max() > 0.01) == (variant == "paper")


def test_cred_cells_are_those_of_the_published_training(tmp_path):
    fixed = replace(plan(tmp_path), detection_samples=316)
    labels = adapter_of("cred", "paper").labels(None, torch.tensor([[158.0, float("nan")]]), ("P", "S"), fixed)[0]
    assert labels.tolist() == pytest.approx([0, 1, 1] + [0] * 16)
    # 19 x 158 = 3002: the last cell holds two samples that do not exist, which count as none.
    fixed = replace(fixed, detection_samples=5000)
    labels = adapter_of("cred", "paper").labels(None, torch.tensor([[0.0, float("nan")]]), ("P", "S"), fixed)[0]
    assert labels.tolist() == pytest.approx([1] * 18 + [156 / 158])
