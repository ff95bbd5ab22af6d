"""DeepPhasePick (Soto & Schurr 2021, doi 10.1093/gji/ggab266): a detector and two pickers that work apart.

The detector says whether 5 s hold a P, an S or neither; the pickers say from which sample on the phase is there, the
one for P from the vertical component, the one for S from the horizontal ones. All three are one model here: they are
trained one after the other, and each gives its own answers.
"""

import logging
from dataclasses import replace

import pandas as pd
import seisbench.models as sbm
import torch
from torch.nn.functional import binary_cross_entropy

from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.models import base
from pickbench.models.network import Network
from pickbench.models.readout import p_or_s
from pickbench.models.settings import whole
from pickbench.training.draws import WindowRecipe
from pickbench.training.labels import class_labels, negative_log_likelihood, step_labels
from pickbench.training.transforms import normalise

log = logging.getLogger(__name__)
CLASSES = "PSN"
CERTAIN = 0.5


class Detector(Network):
    """The detector, which reads 30 s as six windows of 5 s."""

    ARCHITECTURES = {"DPPDetector": sbm.DPPDetector}
    GIVES = ("score_detection", "score_p_or_s")
    train_samples = 500
    input_samples = 3000

    def model_args(self) -> dict:
        """Nothing can be chosen."""
        return {}

    def prepare(self, network: torch.nn.Module, waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Demean and scale every component."""
        return normalise(waveforms, valid, "peak")

    def labels(
        self, network: torch.nn.Module, picks: torch.Tensor, phases: tuple[str, ...], plan: base.TrainingPlan
    ) -> torch.Tensor:
        """Class of the pick nearest to the middle as an index into PSN, (B,) int64."""
        return class_labels(picks, phases, CLASSES, self.train_samples)

    def loss(self, output: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Negative log-likelihood."""
        return negative_log_likelihood(output, labels, 1e-5)

    def inputs_of(self, network: torch.nn.Module, waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Pieces of 5 s, (B, 6, 3, 500)."""
        return self.prepared_pieces(network, waveforms, valid, self.train_samples)

    def apply(
        self, network: torch.nn.Module, inputs: torch.Tensor, valid: torch.Tensor, borders: torch.Tensor
    ) -> torch.Tensor:
        """Probabilities of each 5 s, (B, 6, 3)."""
        return network(inputs.flatten(0, 1)).unflatten(0, inputs.shape[:2])

    def read_out(self, network: torch.nn.Module, output: torch.Tensor, borders: torch.Tensor) -> dict:
        """Take the largest probabilities of those 5 s that the window touches."""
        begin = self.train_samples * torch.arange(output.shape[1], device=output.device)
        touched = (begin < borders[:, 1:]) & (begin + self.train_samples > borders[:, :1])
        p, s, noise = output.unbind(dim=2)
        curves = torch.stack([p, s, 1 - noise], dim=1).masked_fill(~touched[:, None], float("-inf"))
        largest_p, largest_s, detection = curves.amax(dim=2).unbind(dim=1)
        return {"score_detection": detection, "score_p_or_s": p_or_s(largest_p, largest_s)}

    def curves_of(self, network: torch.nn.Module, output: torch.Tensor, borders: torch.Tensor) -> dict:
        """Give the detection, the same over each 5 s; onsets are not read out of the detector."""
        return {"detection": 1 - output[..., CLASSES.index("N")].repeat_interleave(self.train_samples, dim=1)}


class Picker(Network):
    """The picker of one phase: the probability that it has arrived, at every sample of 10 s.

    Parameters
    ----------
    settings
        As of `Network`, without the keys that only the three together have.
    phase
        P or S.
    """

    ARCHITECTURES = {"DPPPicker": sbm.DPPPicker}
    train_samples = input_samples = 1000

    def __init__(self, settings: dict, phase: str):
        self.phase = phase
        super().__init__(settings)

    @property
    def GIVES(self) -> tuple[str, ...]:
        """The onset of its phase."""
        return (f"{self.phase.lower()}_sample_pred",)

    @property
    def name(self) -> str:
        """Name of the class, and the phase."""
        return f"DPPPicker{self.phase}"

    def network(self, model_args: dict | None = None) -> torch.nn.Module:
        """Build the network with fresh weights, for its phase."""
        return sbm.DPPPicker(**(model_args or self.model_args()))

    def model_args(self) -> dict:
        """The phase."""
        return {"mode": self.phase}

    def recipe(self, plan: base.TrainingPlan) -> WindowRecipe:
        """Windows around picks of its own phase, and no others."""
        return replace(super().recipe(plan), phases=self.phase, only_with_pick=True)

    def prepare(self, network: torch.nn.Module, waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Demean and scale the vertical component for P, (B, 1, L), the horizontal ones for S, (B, 2, L)."""
        components = slice(0, 1) if self.phase == "P" else slice(1, 3)
        return normalise(waveforms[:, components], valid, "peak")

    def labels(
        self, network: torch.nn.Module, picks: torch.Tensor, phases: tuple[str, ...], plan: base.TrainingPlan
    ) -> torch.Tensor:
        """0 before the onset and 1 from it on, (B, 1000)."""
        return step_labels(picks, phases, self.phase, self.train_samples)

    def loss(self, output: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Binary cross entropy."""
        return binary_cross_entropy(output, labels)

    def read_out(self, network: torch.nn.Module, output: torch.Tensor, borders: torch.Tensor) -> dict:
        """Take the first sample above one half, and where there is none the middle of the window.

        The published code takes sample 500, also of a window that is shorter than 1000.
        """
        first, end = borders.unbind(dim=1)
        sample = torch.arange(output.shape[-1], device=output.device)
        arrived = (output > CERTAIN) & (sample >= first[:, None]) & (sample < end[:, None])
        middle = first + (500 if self.reads_as_published else torch.div(end - first, 2, rounding_mode="floor"))
        return {self.GIVES[0]: torch.where(arrived.any(dim=1), arrived.int().argmax(dim=1), middle)}

    def curves_of(self, network: torch.nn.Module, output: torch.Tensor, borders: torch.Tensor) -> dict:
        """Of its phase, that it has arrived: the curve stays high behind the onset."""
        return {self.phase: output}


class Adapter(base.Adapter):
    """DeepPhasePick: the detector and both pickers."""

    SETTINGS = {
        **Network.SETTINGS,
        "picker_around_pick_samples": whole(1, 1_000_000),
        "picker_max_epochs": whole(1, 1_000_000),
    }

    def __init__(self, settings: dict):
        super().__init__(settings)
        if settings.get("architecture") != "DeepPhasePick":
            raise InputError(
                f"{self.file}: key 'architecture' is {settings.get('architecture')!r}, expected DeepPhasePick"
            )
        own = {key: settings["settings"][key] for key in Network.SETTINGS}
        reach = settings["settings"]["picker_around_pick_samples"]
        of_pickers = {**own, "around_pick_share": 1, "around_pick_samples": reach}
        detector = Detector({**settings, "architecture": "DPPDetector", "settings": own})
        pickers = [Picker({**settings, "architecture": "DPPPicker", "settings": of_pickers}, phase) for phase in "PS"]
        self._networks = {network.name: network for network in (detector, *pickers)}

    def networks(self) -> dict:
        """The three networks by name."""
        return self._networks

    def weights_of(self, network: str, weights: base.Weights) -> base.Weights:
        """The arrays of one of the three, whose names begin with its own."""
        begin = f"{network}/"
        return {name.removeprefix(begin): array for name, array in weights.items() if name.startswith(begin)}

    def fit(self, dataset: PreparedDataset, plan: base.TrainingPlan) -> base.Fit:
        """Train those networks whose answers can be learned, one after the other.

        Each has an even share of the time that those before it have left.
        """
        trained = [network for network in self._networks.values() if set(network.GIVES) & set(plan.answers)]
        fits, spent_h = {}, 0.0
        for number, network in enumerate(trained):
            share_h = (plan.max_time_h - spent_h) / (len(trained) - number)
            epochs = plan.max_epochs
            if isinstance(network, Picker):
                epochs = min(epochs, self.settings["settings"]["picker_max_epochs"])
            log.info("%s  network %d of %d; the time left is its own", network.name, number + 1, len(trained))
            fit = network.fit(dataset, replace(plan, max_time_h=share_h, max_epochs=epochs))
            fits[network.name] = fit
            spent_h += fit.history["seconds"].sum() / 3600
        noted = {
            name: {**fits[name].facts, "unlearned": fits[name].unlearned}
            if name in fits
            else {"unlearned": dict.fromkeys(network.GIVES, f"the source declares no {_labels_of(network)} picks")}
            for name, network in self._networks.items()
        }
        return base.Fit(
            weights={f"{name}/{key}": array for name, fit in fits.items() for key, array in fit.weights.items()},
            history=pd.concat([fit.history for fit in fits.values()], ignore_index=True),
            dev_loss={column: loss for fit in fits.values() for column, loss in fit.dev_loss.items()},
            unlearned={column: reason for fit in fits.values() for column, reason in fit.unlearned.items()},
            facts={
                "parameters": sum(fit.facts.get("parameters", 0) for fit in fits.values()),
                "networks": noted,
            },
        )

    def answer(self, question: base.Question, weights: base.Weights) -> pd.DataFrame:
        """Answer windows, each network for its own answers."""
        answers = pd.DataFrame(index=question.windows.index)
        for name, network in self._networks.items():
            wanted = [column for column in question.columns if column in network.GIVES]
            if wanted:
                answers[wanted] = network.answer(replace(question, columns=wanted), self.weights_of(name, weights))
        return answers[question.columns]

    def curves(self, question: base.Question, weights: base.Weights) -> list[dict[str, base.Curve]]:
        """Give the detector's and the pickers' curves, each network's as far as they are asked for."""
        found = super().curves(question, weights)
        for name, network in self._networks.items():
            wanted = [column for column in question.columns if column in network.GIVES and column in base.CURVES]
            if wanted:
                given = network.curves(replace(question, columns=wanted), self.weights_of(name, weights))
                found = [before | now for before, now in zip(found, given, strict=True)]
        return found


def _labels_of(network: Network) -> str:
    """The phases that a network learns from."""
    return network.phase if isinstance(network, Picker) else "P and S"
