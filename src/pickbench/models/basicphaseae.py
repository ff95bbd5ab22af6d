"""BasicPhaseAE (Woollam et al. 2019, doi 10.1785/0220180312): a small convolutional autoencoder over 6 s.

It gives the probabilities of P, S and noise at every sample. Longer windows are covered by overlapping pieces.
"""

from dataclasses import replace

import seisbench.models as sbm
import torch

from pickbench.models.base import TrainingPlan
from pickbench.models.curves import ClassCurves
from pickbench.models.network import COMPONENTS, NORMALISED_OTHERWISE, in_order_of
from pickbench.models.settings import number
from pickbench.training.draws import WindowRecipe
from pickbench.training.transforms import normalise

# Pieces of 6 s start every 4 s; the first second of a piece is left to the piece before it.
STEP, OVERLAP = 400, 100


class Adapter(ClassCurves):
    """BasicPhaseAE."""

    ARCHITECTURES = {"BasicPhaseAE": sbm.BasicPhaseAE}
    SETTINGS = {**ClassCurves.SETTINGS, "sigma_samples": number(0.1, 600)}
    train_samples = 600
    input_samples = 3000

    def model_args(self) -> dict:
        """Classes in the order P, S, noise."""
        return {"phases": "PSN", "component_order": COMPONENTS}

    def recipe(self, plan: TrainingPlan) -> WindowRecipe:
        """Windows of 6 s; in the published code the piece around a pick ends at the pick and never holds it."""
        recipe = super().recipe(plan)
        return replace(recipe, after=0) if self.learns_as_published else recipe

    def caution(self) -> str:
        """SeisBench's class normalises as the default variant does."""
        return NORMALISED_OTHERWISE if self.learns_as_published else ""

    def prepare(self, network: torch.nn.Module, waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Demean and scale each component, (B, 3, 600), by its standard deviation as SeisBench does, or by its peak."""
        return normalise(in_order_of(network, waveforms), valid, "peak" if self.learns_as_published else "std")

    def inputs_of(self, network: torch.nn.Module, waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Seven pieces, (B, 7, 3, 600)."""
        return self.prepared_pieces(network, waveforms, valid, STEP)

    def apply(
        self, network: torch.nn.Module, inputs: torch.Tensor, valid: torch.Tensor, borders: torch.Tensor
    ) -> torch.Tensor:
        """Probabilities at every sample, (B, 3, 3000), joined from the pieces."""
        batch, count = inputs.shape[:2]
        given = network(inputs.flatten(0, 1)).unflatten(0, (batch, count))
        joined = given.new_empty(batch, 3, self.input_samples)
        joined[..., : self.train_samples] = given[:, 0]
        for i in range(1, count):
            joined[..., i * STEP + OVERLAP : i * STEP + self.train_samples] = given[:, i, :, OVERLAP:]
        return joined
