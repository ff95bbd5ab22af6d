"""What networks share that give the probabilities of P, S and noise at every sample: labels, loss and read-out."""

import torch

from pickbench.models.base import TrainingPlan
from pickbench.models.network import Network
from pickbench.models.readout import from_classes, of_classes
from pickbench.training.labels import gaussian_labels, soft_cross_entropy


class ClassCurves(Network):
    """A network with a curve for each of P, S and noise; `sigma_samples` is the standard deviation of its labels."""

    def labels(
        self, network: torch.nn.Module, picks: torch.Tensor, phases: tuple[str, ...], plan: TrainingPlan
    ) -> torch.Tensor:
        """Gaussians around the picks, (B, 3, train_samples)."""
        return gaussian_labels(picks, phases, network.labels, self.train_samples, self.own["sigma_samples"])

    def loss(self, output: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Soft cross entropy."""
        return soft_cross_entropy(output, labels)

    def read_out(self, network: torch.nn.Module, output: torch.Tensor, borders: torch.Tensor) -> dict:
        """Take the largest probabilities in the window, and where they are."""
        return from_classes(output, network.labels, borders)

    def curves_of(self, network: torch.nn.Module, output: torch.Tensor, borders: torch.Tensor) -> dict:
        """All three; an event is detected as far as there is no noise."""
        return of_classes(output, network.labels)
