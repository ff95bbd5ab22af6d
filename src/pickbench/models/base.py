"""What every picker can do: learn from a dataset, write what it learned, and answer windows.

What a picker learned is a dictionary of arrays, kept as a NumPy archive: a file that can be read without running or
unpickling anything.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError, model_file
from pickbench.files import checked, remedy, replacing
from pickbench.metrics.registry import ANSWERS, phases_to_learn
from pickbench.models.settings import Setting, check_settings

Weights = dict[str, np.ndarray]


@dataclass(frozen=True)
class Tuning:
    """How parameters are searched on dev windows, as in the configuration's `tuning`.

    Attributes
    ----------
    initial_points
        Random points before the search begins.
    points
        Points that the search chooses.
    picks
        Dev windows that a point is judged by at most.
    """

    initial_points: int
    points: int
    picks: int


@dataclass(frozen=True)
class TrainingPlan:
    """How one candidate is to be trained; a model is told only what it follows from.

    Attributes
    ----------
    learning_rate
        Learning rate; 0 for a model that is not trained on traces.
    seed
        Seed of the initial weights and of every draw.
    threads
        CPU cores.
    checkpoints
        Folder for what an interrupted training goes on from.
    answers
        The answers that can be learned from the dataset (columns of a prediction file).
    batch_size, max_epochs, max_time_h, device_batch, precision, compile
        As in the configuration's `training`, for a network.
    random_window
        The dataset's bounds for random windows, samples, or None.
    detection_samples
        The dataset's fixed length of a detection label from the P on, samples, or None for one that follows from S - P.
    rotate_array
        Whether the dataset's picks lie at places that a network could learn, so that windows are to be rotated.
    arrival_columns
        The dataset's own mapping of metadata columns to P or S, or None for the usual one.
    tuning
        For a model whose parameters are searched on windows.
    windows
        The source's windows files by name (task1, task23), those that it has.
    """

    learning_rate: float
    seed: int
    threads: int
    checkpoints: Path
    answers: tuple[str, ...]
    batch_size: int = 0
    max_epochs: int = 0
    max_time_h: float = 0.0
    device_batch: int | None = None
    precision: int | str = 32
    compile: bool = False
    random_window: tuple[int | None, int | None] | None = None
    detection_samples: int | None = None
    rotate_array: bool = False
    arrival_columns: dict[str, str] | None = None
    tuning: Tuning | None = None
    windows: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Fit:
    """What a training hands on.

    Attributes
    ----------
    weights
        The best weights.
    history
        One row an epoch of a network, or a point of a search: network, epoch, train_loss, dev_loss, samples_per_s (of
        the train windows), seconds (of train and dev windows), input_seconds (of these, spent on making the input); a
        search adds the point's parameters.
    dev_loss
        The lowest dev loss of the network that gives an answer, by answer.
    unlearned
        The answers that were not learned, and why: `diverged` when the loss stopped being a number, `collapsed` when
        all dev windows got one answer (`pickbench.collapse`), else what the source lacks. For those that have collapsed
        there are weights, and no use for them.
    facts
        Further entries for run.json: of a network its device, the number of its parameters, its best epoch, what
        ended the training (`epochs`, `time` or `diverged`), and on a GPU the memory that it took (`gpu_peak_mb`, MiB).
        A model of several networks has those of each, with its `unlearned`, under `networks`.
    """

    weights: Weights
    history: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=HISTORY_COLUMNS))
    dev_loss: dict[str, float] = field(default_factory=dict)
    unlearned: dict[str, str] = field(default_factory=dict)
    facts: dict = field(default_factory=dict)


HISTORY_COLUMNS = ["network", "epoch", "train_loss", "dev_loss", "samples_per_s", "seconds", "input_seconds"]
DIVERGED = "diverged"


@dataclass(frozen=True)
class Question:
    """What a picker is asked.

    Attributes
    ----------
    dataset
        The target.
    windows
        Rows of a windows file of the target.
    columns
        The answers asked for (`pickbench.metrics.registry.ANSWERS`).
    seed
        The picker's seed.
    batch_size
        Windows at a time.
    """

    dataset: PreparedDataset
    windows: pd.DataFrame
    columns: list[str]
    seed: int
    batch_size: int

    def batches(self) -> list[np.ndarray]:
        """Positions of the windows, so many at a time, in the order of their traces so that reading stays local."""
        order = np.argsort(self.windows["trace_idx"].to_numpy(), kind="stable")
        return np.split(order, range(self.batch_size, len(order), self.batch_size))


class Curve(NamedTuple):
    """A probability at every sample of a trace, as far as it was asked for.

    Attributes
    ----------
    first
        Sample of the trace that the first value belongs to; it may be negative.
    values
        (n,) float32, one a sample; NaN where the model was not asked. An output that stands for more than one sample
        is repeated.
    """

    first: int
    values: np.ndarray


#: Of the answers that are read out of a curve of their own: its name.
CURVES = {"score_detection": "detection", "p_sample_pred": "P", "s_sample_pred": "S"}


class Adapter(ABC):
    """A picker's architecture with its training and its read-out.

    Parameters
    ----------
    settings
        The model's settings, as `pickbench.config.load_project` gives them.

    Raises
    ------
    InputError
        For a setting that is missing, unknown or not allowed, or an architecture that does not exist.
    """

    #: Keys of `settings["settings"]` that the adapter reads.
    SETTINGS: dict[str, Setting] = {}
    #: Those of them that matter to `answer` alone: weights do not follow from them.
    READ_OUT_SETTINGS: frozenset[str] = frozenset()
    #: The answers that it can give.
    GIVES: tuple[str, ...] = tuple(ANSWERS)
    #: What `fit` reads of the source: the traces of its train split, its dev windows, or nothing.
    LEARNS_FROM = "traces"

    def __init__(self, settings: dict):
        self.settings = settings
        #: What to call the model in a message.
        self.file = model_file(settings["id"])
        check_settings(settings["id"], settings["settings"], self.SETTINGS)

    def check_claims(self) -> None:
        """Hold what the model's file says that it can do against what the adapter can.

        Raises
        ------
        InputError
            For an answer that it cannot give, another way to learn, or another number of networks.
        """
        learns_from = self.settings["learns_from"]
        if learns_from != self.LEARNS_FROM:
            raise InputError(f"{self.file}: key 'learns_from' is '{learns_from}', expected '{self.LEARNS_FROM}'")
        # Jobs are not told: no result follows from it.
        networks, own = self.settings.get("networks"), len(self.networks())
        if networks not in (None, own):
            raise InputError(f"{self.file}: key 'networks' is {networks}, expected {own}")
        tasks, phases = self.settings["tasks"], set(self.settings["phases"])
        claimed = [a for a in ANSWERS.values() if a.task in tasks and phases_to_learn(a) <= phases]
        for answer in claimed:
            if answer.column not in self.GIVES:
                raise InputError(f"{self.file}: keys 'tasks' and 'phases' promise {answer.title}, which it cannot give")

    def networks(self) -> dict:
        """The neural networks (`pickbench.models.network.Network`) of the model by name; one without any has none."""
        return {}

    def device(self) -> str:
        """What it learns and answers on: cpu, or cuda, which only networks do."""
        return next((network.device() for network in self.networks().values()), "cpu")

    def weights_of(self, network: str, weights: Weights) -> Weights:
        """The arrays of one of its networks, by the names that the network gives them."""
        return weights

    @abstractmethod
    def fit(self, dataset: PreparedDataset, plan: TrainingPlan) -> Fit:
        """Learn from a dataset: never from its test split.

        Parameters
        ----------
        dataset
            The prepared source.
        plan
            How to learn; what an interrupted call left in `plan.checkpoints` is gone on from.

        Returns
        -------
        Fit
            What was learned, and how it went.

        Raises
        ------
        InputError
            When the source, or the machine, lacks what the model needs.
        SystemExit
            When a signal asked the job to leave.
        """

    @abstractmethod
    def answer(self, question: Question, weights: Weights) -> pd.DataFrame:
        """Answer windows.

        Parameters
        ----------
        question
            The windows, and what is asked of them.
        weights
            What `fit` gave.

        Returns
        -------
        DataFrame
            One row a window, one float column an answer. Samples are those of the trace.

        Raises
        ------
        InputError
            When the weights are another model's, or a window is longer than the model can look at.
        """

    def curves(self, question: Question, weights: Weights) -> list[dict[str, Curve]]:
        """Give the curves that answers are read out of; a model that has none gives none.

        Parameters
        ----------
        question, weights
            As for `answer`; the curves are those of the answers asked for (`CURVES`).

        Returns
        -------
        list of dict
            Of each window its curves by name (detection, P, S).

        Raises
        ------
        InputError
            As of `answer`.
        """
        return [{} for _ in range(len(question.windows))]


def save_weights(path: Path, weights: Weights, *, sealed: bool = False) -> None:
    """Write weights whole or not at all, if asked with a checksum beside them; the same ones give the same bytes."""
    with replacing(path, sealed=sealed) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, **weights)


def load_weights(path: Path) -> Weights:
    """Read weights, refusing anything that would have to be unpickled.

    Returns
    -------
    dict
        Arrays by name, as `save_weights` was given them.

    Raises
    ------
    InputError
        When the file is damaged or holds Python objects.
    """
    checked(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, BadZipFile) as error:
        raise InputError(f"{path}: not a readable weights file ({error}); {remedy('it')}") from None
