"""PhaseNet (Zhu & Beroza 2019, doi 10.1093/gji/ggy423), today's and the lighter one of Münchmeyer et al. (2022).

A U-Net over 30 s of three components that gives the probabilities of P, S and noise at every sample.
"""

import seisbench.models as sbm
import torch

from pickbench.config import suggestion
from pickbench.errors import InputError
from pickbench.models.base import TrainingPlan
from pickbench.models.network import Network
from pickbench.training.draws import WindowRecipe
from pickbench.training.labels import gaussian_labels, soft_cross_entropy
from pickbench.training.transforms import normalise

ARCHITECTURES = {"PhaseNet": sbm.PhaseNet, "PhaseNetLight": sbm.PhaseNetLight}
CLASSES = "PSN"


class Adapter(Network):
    """PhaseNet; `architecture` is PhaseNet or PhaseNetLight."""

    SETTINGS = {
        "norm": str,
        "sigma_samples": (int, float),
        "around_pick_share": (int, float),
        "around_pick_samples": int,
        "use_random_window": bool,
    }
    input_samples = 3001

    def __init__(self, settings: dict):
        super().__init__(settings)
        name, own = settings.get("architecture"), settings["settings"]
        if name not in ARCHITECTURES:
            raise InputError(f"{self.file}: key 'architecture' is {name!r}{suggestion(name, ARCHITECTURES)}")
        if own["norm"] not in ("peak", "std"):
            raise InputError(f"{self.file}: key 'settings.norm' is {own['norm']!r}, expected peak or std")
        for key, low, high in (
            ("sigma_samples", 0.1, self.input_samples),
            ("around_pick_share", 0, 1),
            ("around_pick_samples", 1, 1_000_000),
        ):
            if not low <= own[key] <= high:
                raise InputError(f"{self.file}: key 'settings.{key}' is {own[key]}, expected {low} to {high}")
        self._build = ARCHITECTURES[name]

    def network(self) -> torch.nn.Module:
        """Build it with classes in the order P, S, noise."""
        return self._build(phases=CLASSES, norm=self.settings["settings"]["norm"])

    def recipe(self, plan: TrainingPlan) -> WindowRecipe:
        """Windows of 30 s, most of them around a pick."""
        own = self.settings["settings"]
        heeds_bounds = own["use_random_window"] and plan.random_window is not None
        return WindowRecipe(
            self.input_samples,
            own["around_pick_share"],
            own["around_pick_samples"],
            tuple(plan.random_window) if heeds_bounds else (None, None),
        )

    def prepare(self, waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Demean and scale every component."""
        return normalise(waveforms, valid, self.settings["settings"]["norm"])

    def loss(self, network: torch.nn.Module, batch: dict, phases: tuple[str, ...]) -> torch.Tensor:
        """Soft cross entropy against Gaussian labels."""
        labels = gaussian_labels(
            batch["picks"], phases, CLASSES, self.input_samples, self.settings["settings"]["sigma_samples"]
        )
        return soft_cross_entropy(network(self.prepare(batch["waveforms"], batch["valid"])), labels)

    def read_out(self, output: torch.Tensor, borders: torch.Tensor) -> dict[str, torch.Tensor]:
        """Take the largest probabilities in the window, and where they are."""
        sample = torch.arange(output.shape[-1], device=output.device)
        inside = (sample >= borders[:, :1]) & (sample < borders[:, 1:])
        p, s, noise = output.unbind(dim=1)
        curves = torch.stack([1 - noise, p, s], dim=1).masked_fill(~inside[:, None, :], float("-inf"))
        largest, where = curves.max(dim=-1)
        detection, largest_p, largest_s = largest.unbind(dim=1)
        neither = (largest_p == 0) & (largest_s == 0)
        return {
            "score_detection": detection,
            "score_p_or_s": torch.where(neither, 1.0, largest_p / largest_s),
            "p_sample_pred": where[:, 1],
            "s_sample_pred": where[:, 2],
        }
