"""PhaseNet (Zhu & Beroza 2019, doi 10.1093/gji/ggy423), today's and the lighter one of Münchmeyer et al. (2022).

A U-Net over 30 s of three components that gives the probabilities of P, S and noise at every sample.
"""

import seisbench.models as sbm
import torch

from pickbench.models.base import TrainingPlan
from pickbench.models.curves import ClassCurves
from pickbench.models.network import COMPONENTS, in_order_of
from pickbench.models.settings import choice, flag, number
from pickbench.training.draws import WindowRecipe
from pickbench.training.transforms import normalise


class Adapter(ClassCurves):
    """PhaseNet; `architecture` is PhaseNet or PhaseNetLight."""

    ARCHITECTURES = {"PhaseNet": sbm.PhaseNet, "PhaseNetLight": sbm.PhaseNetLight}
    SETTINGS = {
        **ClassCurves.SETTINGS,
        "norm": choice("peak", "std"),
        "sigma_samples": number(0.1, 3001),
        "use_random_window": flag(),
    }
    train_samples = input_samples = 3001

    def model_args(self) -> dict:
        """Classes in the order P, S, noise."""
        return {"phases": "PSN", "norm": self.own["norm"], "component_order": COMPONENTS}

    def recipe(self, plan: TrainingPlan) -> WindowRecipe:
        """Windows of 30 s, most of them around a pick."""
        return super().recipe(plan).within(plan.random_window if self.own["use_random_window"] else None)

    def prepare(self, network: torch.nn.Module, waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Demean and scale every component."""
        norm = "peak" if network.norm_amp_per_comp else network.norm
        return normalise(in_order_of(network, waveforms), valid, norm, trend=network.norm_detrend)
