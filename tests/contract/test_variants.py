"""`variant: paper` brings back what the published training does, and the default leaves it out.

Every registered network takes padding for data in that variant. What else it changes, the model's file says in a remark
on "variant paper", in the words below; a model that says nothing changes nothing else.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pickbench.models import load_adapter
from pickbench.training.draws import TraceTable, draw_windows
from tests.registry import FILES, plan, settings

NETWORKS = [(name, part) for name in FILES for part in load_adapter(settings(name)).networks()]
#: How a remark calls what of a training the variant changes.
WORDS = {"recipe": "windows around a pick", "labels": "labels", "input": "scaled"}


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


def example_of(network, valid: tuple[int, int], folder) -> tuple[torch.Tensor, torch.Tensor]:
    """Input and labels of made-up windows that hold an offset, a trend and noise in their valid part, and zeros beside.

    Every fourth window has no P and every fifth no S.
    """
    rng, samples = np.random.default_rng(0), network.train_samples
    waveforms = 5 + np.linspace(0, 2, samples) + np.array([[1], [2], [4]]) * rng.standard_normal((20, 3, samples))
    waveforms[..., : valid[0]], waveforms[..., valid[1] :] = 0, 0
    picks = rng.uniform(*valid, (20, 2))
    picks[::4, 0], picks[::5, 1] = np.nan, np.nan
    batch = {
        "waveforms": torch.from_numpy(waveforms.astype("f4")),
        "valid": torch.tensor([valid]).repeat(20, 1),
        "picks": torch.from_numpy(picks.astype("f4")),
    }
    return network.example(network.network(), batch, ("P", "S"), plan(folder), augment=False)


@pytest.mark.parametrize(("name", "part"), NETWORKS)
def test_padding_is_data_in_the_published_training_alone(name, part, tmp_path):
    for variant in ("corrected", "paper"):
        network = adapter_of(name, variant).networks()[part]
        samples = network.train_samples
        inputs, _ = example_of(network, (samples // 2, samples), tmp_path)
        # Time is the last axis but one of spectrograms; their windows reach half a window into the padding.
        time = 2 if inputs.ndim == 4 else -1
        padding = inputs.narrow(time, 0, inputs.shape[time] // 2 - 2)
        # The offset becomes a step or a ramp in the padding where that counts as data.
        assert (padding.abs().max() > 0.01) == (variant == "paper")


def differences(name: str, folder) -> set[str]:
    """What differs between the variants of any of a model's networks where nothing is padded."""
    found = set()
    corrected, paper = (adapter_of(name, variant).networks() for variant in ("corrected", "paper"))
    for part, network in corrected.items():
        (inputs, labels), (paper_inputs, paper_labels) = (
            example_of(of[part], (0, network.train_samples), folder) for of in (corrected, paper)
        )
        differs = {
            "recipe": network.recipe(plan(folder)) != paper[part].recipe(plan(folder)),
            "labels": not torch.equal(labels, paper_labels),
            "input": not torch.equal(inputs, paper_inputs),
        }
        # Who exports weights of another normalisation than SeisBench's has to say so.
        assert bool(paper[part].caution()) == differs["input"] and not network.caution()
        found |= {what for what, is_other in differs.items() if is_other}
    return found


@pytest.mark.parametrize("name", dict.fromkeys(name for name, _ in NETWORKS))
def test_the_variant_changes_what_the_remarks_say(name, tmp_path):
    remark = " ".join(remark for remark in settings(name)["remarks"] if "variant paper" in remark)
    assert differences(name, tmp_path) == {what for what, words in WORDS.items() if words in remark}


def test_cred_cells_are_those_of_the_published_training(tmp_path):
    fixed = replace(plan(tmp_path), detection_samples=316)
    labels = adapter_of("cred", "paper").labels(None, torch.tensor([[158.0, float("nan")]]), ("P", "S"), fixed)[0]
    assert labels.tolist() == pytest.approx([0, 1, 1] + [0] * 16)
    # 19 x 158 = 3002: the last cell holds two samples that do not exist, which count as none.
    fixed = replace(fixed, detection_samples=5000)
    labels = adapter_of("cred", "paper").labels(None, torch.tensor([[0.0, float("nan")]]), ("P", "S"), fixed)[0]
    assert labels.tolist() == pytest.approx([1] * 18 + [156 / 158])
