"""What every picker can do: learn from a dataset, write what it learned, and answer windows.

What a picker learned is a dictionary of arrays, kept as a NumPy archive: a file that can be read without running or
unpickling anything.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.files import replacing

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
        As in the configuration's `training`.
    checkpoints
        Folder for what an interrupted training goes on from.
    batch_size, max_epochs, max_time_h
        As in the configuration's `training`, for a model that is trained on traces.
    random_window
        The dataset's bounds for random windows, samples, or None.
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
    batch_size: int = 0
    max_epochs: int = 0
    max_time_h: float = 0.0
    random_window: tuple[int | None, int | None] | None = None
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
        One row an epoch, or a point of a search: epoch, train_loss, dev_loss, samples_per_s, seconds; a search adds
        the point's parameters.
    facts
        Further entries for run.json, such as the device and the best epoch.
    diverged
        Whether the loss stopped being a number; the weights are then no result.
    """

    weights: Weights
    history: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=HISTORY_COLUMNS))
    facts: dict = field(default_factory=dict)
    diverged: bool = False


HISTORY_COLUMNS = ["epoch", "train_loss", "dev_loss", "samples_per_s", "seconds"]


class Adapter(ABC):
    """A picker's architecture with its training and its read-out.

    Parameters
    ----------
    settings
        The model's settings, as `pickbench.config.load_project` gives them.
    """

    #: Keys of `settings["settings"]` that the adapter reads, with their types.
    SETTINGS: dict[str, type | tuple[type, ...]] = {}

    def __init__(self, settings: dict):
        self.settings = settings
        #: What to call the model in a message.
        self.file = f"config/models/{settings['id']}.yaml"
        self._check_settings(settings["settings"])

    def _check_settings(self, own: dict) -> None:
        for key, kind in self.SETTINGS.items():
            if key not in own:
                raise InputError(f"{self.file}: key 'settings.{key}' is missing")
            kinds = kind if isinstance(kind, tuple) else (kind,)
            if not isinstance(own[key], kinds) or (isinstance(own[key], bool) and bool not in kinds):
                names = " or ".join(k.__name__ for k in kinds)
                raise InputError(f"{self.file}: key 'settings.{key}' is {own[key]!r}, expected {names}")
        unknown = sorted(set(own) - set(self.SETTINGS))
        if unknown:
            known = ", ".join(self.SETTINGS) or "none"
            raise InputError(f"{self.file}: unknown key 'settings.{unknown[0]}'; known are {known}")

    @abstractmethod
    def fit(self, dataset: PreparedDataset, plan: TrainingPlan) -> Fit:
        """Learn from the train and dev splits of a dataset."""

    @abstractmethod
    def answer(
        self,
        dataset: PreparedDataset,
        windows: pd.DataFrame,
        weights: Weights,
        columns: list[str],
        *,
        seed: int,
        batch_size: int,
    ) -> pd.DataFrame:
        """Answer windows.

        Parameters
        ----------
        dataset
            The target.
        windows
            Rows of a windows file of the target.
        weights
            What `fit` gave.
        columns
            The answers asked for (`pickbench.metrics.registry.ANSWERS`).
        seed
            The picker's seed.
        batch_size
            Windows at a time.

        Returns
        -------
        DataFrame
            One row a window, one float column an answer. Samples are those of the trace.
        """


def save_weights(path: Path, weights: Weights) -> None:
    """Write weights whole or not at all; the same weights give the same bytes."""
    with replacing(path) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, **weights)


def load_weights(path: Path) -> Weights:
    """Read weights, refusing anything that would have to be unpickled.

    Raises
    ------
    InputError
        When the file is damaged or holds Python objects.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, BadZipFile) as error:
        raise InputError(f"{path}: not a readable weights file ({error}); delete it to have it made again") from None
