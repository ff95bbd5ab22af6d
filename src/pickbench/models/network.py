"""What all networks share: training by `pickbench.training.loop`, and answering windows batch by batch."""

import json
import os
from abc import abstractmethod
from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from pickbench.ahead import ahead
from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError, model_file
from pickbench.messages import suggestion
from pickbench.models import base
from pickbench.models.readout import READOUTS
from pickbench.models.settings import choice, number, whole
from pickbench.training.draws import WindowRecipe
from pickbench.training.transforms import cut
from pickbench.windows.steering import steer

COMPONENTS = "ZNE"
# The entry of a weights file that says how a published network wants to be built, as JSON text.
MODEL_ARGS = "model_args"
# Of those who train: as the published code does, or without its faults.
VARIANTS = ("corrected", "paper")
NORMALISED_OTHERWISE = (
    "Caution: trained on windows that were normalised as by the published benchmark (`variant: paper`), not as by "
    "SeisBench's annotate and classify."
)


class Network(base.Adapter):
    """A picker that is a neural network of `seisbench.models`, on 100 Hz data in the order ZNE.

    In shapes B stands for windows, L for samples of an input, and k for columns of picks.
    """

    #: Classes that `architecture` may name.
    ARCHITECTURES: dict[str, type[torch.nn.Module]]
    #: Samples of a training window.
    train_samples: int
    #: Samples that are cut around an evaluation window.
    input_samples: int

    SETTINGS = {
        "variant": choice(*VARIANTS),
        "around_pick_share": number(0, 1),
        "around_pick_samples": whole(1, 1_000_000),
    }

    def __init__(self, settings: dict):
        name = settings.get("architecture")
        if name not in self.ARCHITECTURES:
            raise InputError(
                f"{model_file(settings['id'])}: key 'architecture' is {name!r}{suggestion(name, self.ARCHITECTURES)}"
            )
        super().__init__(settings)
        self.own = settings["settings"]
        self.readout = settings.get("readout", READOUTS[0])

    # What a family of networks says of itself.

    @abstractmethod
    def model_args(self) -> dict:
        """Arguments of the class in `seisbench.models`, as its weight files keep them."""

    @abstractmethod
    def prepare(self, network: torch.nn.Module, waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Turn windows into the network's input.

        Parameters
        ----------
        network
            The network, which may be a published one with a normalisation of its own.
        waveforms
            (B, 3, L).
        valid
            First and past-the-end sample with data, (B, 2).

        Returns
        -------
        Tensor
            Mostly (B, components, L).
        """

    @abstractmethod
    def labels(
        self, network: torch.nn.Module, picks: torch.Tensor, phases: tuple[str, ...], plan: base.TrainingPlan
    ) -> torch.Tensor:
        """Say what the network should give for training windows.

        Parameters
        ----------
        network
            The network; it knows the order of its classes.
        picks
            Arrivals in samples of the window, (B, k), NaN where there is none.
        phases
            P or S for each of the k columns.
        plan
            The training's settings.

        Returns
        -------
        Tensor
            One row a window, as `loss` takes it.
        """

    @abstractmethod
    def loss(self, output: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Loss of a batch: a mean over its windows, so that unequal batches can be weighted by their size.

        Parameters
        ----------
        output
            What the network gave.
        labels
            What `labels` gave.

        Returns
        -------
        Tensor
            A scalar.
        """

    @abstractmethod
    def read_out(self, network: torch.nn.Module, output: torch.Tensor, borders: torch.Tensor) -> dict:
        """Answer from the network's output.

        Parameters
        ----------
        network
            The network; it knows the order of its classes.
        output
            What `apply` gave for a batch.
        borders
            First and past-the-end sample of each evaluation window within the input, (B, 2).

        Returns
        -------
        dict
            Every answer the network has, (B,); picks in samples of the input.
        """

    @abstractmethod
    def curves_of(self, network: torch.nn.Module, output: torch.Tensor, borders: torch.Tensor) -> dict:
        """Curves that `read_out` looks at, with its parameters.

        Returns
        -------
        dict
            detection, P and S as far as the network has them, each with a value at every sample of the input, (B, L).
        """

    def recipe(self, plan: base.TrainingPlan) -> WindowRecipe:
        """How its training windows are drawn: most of them around a pick, the rest anywhere."""
        reach = self.own["around_pick_samples"]
        return WindowRecipe(self.train_samples, self.own["around_pick_share"], reach, reach)

    def inputs_of(self, network: torch.nn.Module, waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """All of what can be done to evaluation windows before the network sees them, ahead of it in another thread.

        Parameters
        ----------
        network
            The network, in evaluation mode.
        waveforms
            What `frame` cut around the windows, (B, 3, L).
        valid
            First and past-the-end sample with data, (B, 2).

        Returns
        -------
        Tensor
            As `apply` takes it.
        """
        return self.prepare(network, waveforms, valid)

    def apply(
        self, network: torch.nn.Module, inputs: torch.Tensor, valid: torch.Tensor, borders: torch.Tensor
    ) -> torch.Tensor:
        """Output of the network for evaluation windows; where one forward is not enough, of all of them.

        Parameters
        ----------
        network
            The network, in evaluation mode.
        inputs
            What `inputs_of` gave for a batch.
        valid
            First and past-the-end sample with data, (B, 2).
        borders
            First and past-the-end sample of each evaluation window within the input, (B, 2).

        Returns
        -------
        Tensor or tuple of Tensor
            As `read_out` takes it.
        """
        return network(inputs)

    def frame(self, start: np.ndarray, end: np.ndarray, npts: np.ndarray) -> tuple[np.ndarray, int]:
        """Place what is cut around evaluation windows.

        Parameters
        ----------
        start, end
            Evaluation windows in samples of their traces, (n,).
        npts
            Samples of the traces, (n,).

        Returns
        -------
        first : ndarray
            First sample in the trace, (n,); it may be negative.
        length : int
            Samples, the same for all.

        Raises
        ------
        InputError
            When a window is longer than what the network looks at.
        """
        longest = int((end - start).max(initial=0))
        if longest > self.input_samples:
            raise InputError(
                f"a window of {longest} samples is longer than the {self.input_samples} that "
                f"{self.settings['id']} looks at; make windows.detection_s and windows.phase_s shorter"
            )
        return steer(start, end, npts, self.input_samples), self.input_samples

    def caution(self) -> str:
        """What a user of the exported weights has to know; empty if there is nothing."""
        return ""

    # What follows from it.

    @property
    def learns_as_published(self) -> bool:
        """Whether its weights are trained as by the published code, faults included: how they want their input."""
        return self.own["variant"] == "paper"

    @property
    def reads_as_published(self) -> bool:
        """Whether windows are read out as the published code does, faults included."""
        return self.readout == "paper"

    @property
    def name(self) -> str:
        """Name of the class."""
        return self.settings["architecture"]

    def networks(self) -> dict:
        """Itself, by the name of its class."""
        return {self.name: self}

    def device(self) -> str:
        """A GPU where there is one."""
        return "cuda" if torch.cuda.is_available() else "cpu"

    def network(self, model_args: dict | None = None) -> torch.nn.Module:
        """Build the network with fresh weights; a published one with its own `model_args`."""
        return self.ARCHITECTURES[self.name](**(self.model_args() if model_args is None else model_args))

    def example(
        self, network: torch.nn.Module, batch: dict, phases: tuple[str, ...], plan: base.TrainingPlan, *, augment: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Input and labels of a batch of `pickbench.training.batches.Batches`.

        Parameters
        ----------
        network
            The network.
        batch
            Waveforms, valid parts and picks, on the device that trains.
        phases
            P or S for each column of picks.
        plan
            The training's settings.
        augment
            Whether random changes are allowed, as they are in training, or not, as for the dev loss.

        Returns
        -------
        inputs, labels : Tensor
            As `prepare` and `labels` give them.
        """
        inputs = self.prepare(network, batch["waveforms"], self.trusted(batch))
        return inputs, self.labels(network, batch["picks"], phases, plan)

    def trusted(self, batch: dict) -> torch.Tensor:
        """The valid parts of training windows, (B, 2); the published code takes padding for data."""
        valid = batch["valid"]
        if not self.learns_as_published:
            return valid
        return torch.tensor([0, batch["waveforms"].shape[-1]], device=valid.device).expand_as(valid)

    def fit(self, dataset: PreparedDataset, plan: base.TrainingPlan) -> base.Fit:
        """Train on the train split, keeping the weights of the lowest dev loss."""
        # The loop imports this module.
        from pickbench.training.loop import train_network

        return train_network(self, dataset, plan)

    @torch.inference_mode()
    def answer(self, question: base.Question, weights: base.Weights) -> pd.DataFrame:
        """Answer windows, in the order of their traces so that reading stays local."""
        network = self._ready(weights)
        answers = {column: np.full(len(question.windows), np.nan) for column in question.columns}
        for part, first, (inputs, valid, borders) in self._batches(network, question):
            given = self.read_out(network, self.apply(network, inputs, valid, borders), borders)
            for column in question.columns:
                offset = first if column.endswith("_sample_pred") else 0
                answers[column][part] = given[column].cpu().numpy().astype(np.float64) + offset
        return pd.DataFrame(answers, index=question.windows.index)

    @torch.inference_mode()
    def curves(self, question: base.Question, weights: base.Weights) -> list[dict[str, base.Curve]]:
        """Give the curves that answers are read out of."""
        network = self._ready(weights)
        found = super().curves(question, weights)
        wanted = [base.CURVES[column] for column in question.columns if column in base.CURVES]
        for part, first, (inputs, valid, borders) in self._batches(network, question):
            given = self.curves_of(network, self.apply(network, inputs, valid, borders), borders)
            for name in wanted:
                for window, begin, values in zip(part, first, given[name].float().cpu().numpy(), strict=True):
                    found[window][name] = base.Curve(int(begin), values)
        return found

    def _ready(self, weights: base.Weights) -> torch.nn.Module:
        """The network with these weights, on the device that answers."""
        # Torch looks at this once, at the first large block of memory of a process, and then asks for huge pages. On a
        # processor they speed up prediction (compare with 0, set outside, by benchmarks.prediction), not training.
        os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
        return self.load(weights).to(self.device()).eval()

    def _batches(
        self, network: torch.nn.Module, question: base.Question
    ) -> Iterator[tuple[np.ndarray, np.ndarray, tuple[torch.Tensor, torch.Tensor, torch.Tensor]]]:
        """Windows batch by batch: their positions, where what is cut around them begins, and what `apply` wants."""
        device = torch.device(self.device())
        dataset, windows = question.dataset, question.windows
        trace = windows["trace_idx"].to_numpy()
        start = windows["start_sample"].to_numpy(np.int64)
        end = windows["end_sample"].to_numpy(np.int64)
        first, length = self.frame(start, end, dataset.metadata["trace_npts"].to_numpy()[trace])
        borders = np.stack([start - first, end - first], axis=1)

        @torch.inference_mode()
        def ready(part: np.ndarray) -> tuple:
            waveforms, valid = dataset.crop(trace[part], first[part], length)
            if self.reads_as_published:
                valid[:] = 0, length
            waveforms, valid, within = (torch.from_numpy(x).to(device) for x in (waveforms, valid, borders[part]))
            return part, first[part], (self.inputs_of(network, waveforms, valid), valid, within)

        return ahead(ready, question.batches())

    def prepared_pieces(
        self, network: torch.nn.Module, waveforms: torch.Tensor, valid: torch.Tensor, step: int
    ) -> torch.Tensor:
        """Inputs of the training's length from longer windows, one every `step` samples, (B, n, 3, train_samples).

        Each is normalised by itself, as in training; the published code normalises the whole window.
        """
        if self.reads_as_published:
            waveforms = self.prepare(network, waveforms, valid)
        pieces, within = cut(waveforms, valid, self.train_samples, step)
        if self.reads_as_published:
            return pieces
        return self.prepare(network, pieces.flatten(0, 1), within.flatten(0, 1)).unflatten(0, pieces.shape[:2])

    def load(self, weights: base.Weights) -> torch.nn.Module:
        """Build the network with these weights.

        Raises
        ------
        InputError
            When they are another network's.
        """
        arrays = dict(weights)
        args = arrays.pop(MODEL_ARGS, None)
        network = self.network(None if args is None else json.loads(str(args)))
        try:
            network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
        except RuntimeError as error:
            raise InputError(f"weights do not fit {self.settings['id']}: {' '.join(str(error).split())}") from None
        return network


def in_order_of(network: torch.nn.Module, waveforms: torch.Tensor) -> torch.Tensor:
    """Components in the order that a network was trained with, (B, 3, L)."""
    wanted = network.component_order
    return waveforms if wanted == COMPONENTS else waveforms[:, [COMPONENTS.index(component) for component in wanted]]
