"""EQTransformer (Mousavi et al. 2020, doi 10.1038/s41467-020-17591-w): detection, P and S over 60 s.

Convolutions, recurrent layers and attention; three sigmoids at every sample. It is the one network of the benchmark
that is trained on randomly changed windows.
"""

import seisbench.models as sbm
import torch
from torch.nn.functional import binary_cross_entropy

from pickbench.models.base import TrainingPlan
from pickbench.models.network import COMPONENTS, Network, in_order_of
from pickbench.models.readout import from_curves
from pickbench.models.settings import number
from pickbench.training import augment as augmentation
from pickbench.training.labels import detection_labels, gaussian_labels
from pickbench.training.transforms import normalise

SAMPLES = 6000
# Detection, P, S (Münchmeyer et al. 2022).
LOSS_WEIGHTS = (0.05, 0.40, 0.55)
# Share of the windows of a dataset with `rotate_array` that are rotated.
ROTATED = 0.99


class Adapter(Network):
    """EQTransformer."""

    ARCHITECTURES = {"EQTransformer": sbm.EQTransformer}
    SETTINGS = {
        **Network.SETTINGS,
        "sigma_samples": number(0.1, SAMPLES),
        **dict.fromkeys(("second_event", "noise", "gap", "dropout"), number(0, 1)),
    }
    train_samples = input_samples = SAMPLES

    def model_args(self) -> dict:
        """Detrended components, each scaled by its own peak."""
        return {
            "phases": "PS",
            "norm": "peak",
            "norm_detrend": True,
            "norm_amp_per_comp": True,
            "component_order": COMPONENTS,
        }

    def prepare(self, network: torch.nn.Module, waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Detrend and scale every component; published weights may want it otherwise."""
        waveforms = in_order_of(network, waveforms)
        if self.learns_as_published:
            return normalise(waveforms, valid, "peak", trend=True)
        norm = "peak" if network.norm_amp_per_comp else network.norm
        return normalise(waveforms, valid, norm, trend=network.norm_detrend, across=norm == "std")

    def labels(
        self, network: torch.nn.Module, picks: torch.Tensor, phases: tuple[str, ...], plan: TrainingPlan
    ) -> torch.Tensor:
        """Event, and Gaussians around P and S, (B, 3, 6000)."""
        labels = gaussian_labels(picks, phases, "NPS", SAMPLES, self.own["sigma_samples"])
        labels[:, 0] = detection_labels(picks, phases, SAMPLES, plan.detection_samples)
        return labels

    def example(
        self, network: torch.nn.Module, batch: dict, phases: tuple[str, ...], plan: TrainingPlan, *, augment: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Input and labels; in training with a second event, noise, rotation, gaps and missing components."""
        inputs, labels = super().example(network, batch, phases, plan, augment=augment)
        if not augment:
            return inputs, labels
        draws = augmentation.draw(
            labels[:, 0],
            rotation=ROTATED if plan.rotate_array else 0.0,
            **{key: self.own[key] for key in ("second_event", "noise", "gap", "dropout")},
        )
        inputs, labels = augmentation.apply(draws, inputs, labels)
        # What was zero before the first normalisation has become part of the window.
        whole = batch["valid"].new_tensor([0, SAMPLES]).expand_as(batch["valid"])
        return self.prepare(network, inputs, whole), labels

    def loss(self, output: tuple[torch.Tensor, ...], labels: torch.Tensor) -> torch.Tensor:
        """Weighted binary cross entropies of detection, P and S."""
        return sum(
            weight * binary_cross_entropy(given, labels[:, i])
            for i, (weight, given) in enumerate(zip(LOSS_WEIGHTS, output, strict=True))
        )

    def read_out(self, network: torch.nn.Module, output: tuple[torch.Tensor, ...], borders: torch.Tensor) -> dict:
        """Take the largest probabilities in the window, and where they are."""
        return from_curves(*self.curves_of(network, output, borders).values(), borders)

    def curves_of(self, network: torch.nn.Module, output: tuple[torch.Tensor, ...], borders: torch.Tensor) -> dict:
        """All three, as the network gives them."""
        return {"detection": output[0], **{phase: output[1 + network.phases.index(phase)] for phase in "PS"}}
