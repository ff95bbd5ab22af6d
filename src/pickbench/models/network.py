"""What all networks share: training by `pickbench.training.loop`, and answering windows batch by batch."""

from abc import abstractmethod

import numpy as np
import pandas as pd
import torch

from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.models import base
from pickbench.training.draws import WindowRecipe
from pickbench.windows.steering import steer


class Network(base.Adapter):
    """A picker that is a neural network."""

    #: Samples of the network's input.
    input_samples: int

    @abstractmethod
    def network(self) -> torch.nn.Module:
        """Build the network with fresh weights."""

    @abstractmethod
    def recipe(self, plan: base.TrainingPlan) -> WindowRecipe:
        """How its training windows are drawn."""

    @abstractmethod
    def prepare(self, waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Turn windows (B, 3, L) with their valid parts (B, 2) into the network's input."""

    @abstractmethod
    def loss(self, network: torch.nn.Module, batch: dict, phases: tuple[str, ...]) -> torch.Tensor:
        """Loss of a batch of `pickbench.training.batches.Batches`."""

    @abstractmethod
    def read_out(self, output: torch.Tensor, borders: torch.Tensor) -> dict[str, torch.Tensor]:
        """Answer from the network's output.

        Parameters
        ----------
        output
            What the network gave for a batch.
        borders
            First and past-the-end sample of each evaluation window within the input, (B, 2).

        Returns
        -------
        dict
            Every answer the network has, (B,); picks in samples of the input.
        """

    def fit(self, dataset: PreparedDataset, plan: base.TrainingPlan) -> base.Fit:
        """Train on the train split, keeping the weights of the lowest dev loss."""
        # Lightning takes seconds to import, and applying a network does not need it.
        from pickbench.training.loop import train_network

        return train_network(self, dataset, self.recipe(plan), plan)

    def answer(
        self,
        dataset: PreparedDataset,
        windows: pd.DataFrame,
        weights: base.Weights,
        columns: list[str],
        *,
        seed: int,
        batch_size: int,
    ) -> pd.DataFrame:
        """Answer windows, in the order of their traces so that reading stays local."""
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = self._load(weights).to(device).eval()
        trace = windows["trace_idx"].to_numpy()
        start = windows["start_sample"].to_numpy(np.int64)
        end = windows["end_sample"].to_numpy(np.int64)
        npts = dataset.metadata["trace_npts"].to_numpy()[trace]
        if (end - start > self.input_samples).any():
            raise InputError(
                f"a window of {(end - start).max()} samples is longer than the {self.input_samples} that "
                f"{self.settings['id']} looks at; make windows.detection_s and windows.phase_s shorter"
            )
        first = steer(start, end, npts, self.input_samples)
        borders = np.stack([start - first, end - first], axis=1)
        answers = {column: np.full(len(windows), np.nan) for column in columns}
        order = np.argsort(trace, kind="stable")
        for part in np.split(order, range(batch_size, len(order), batch_size)):
            waveforms, valid = dataset.crop(trace[part], first[part], self.input_samples)
            with torch.inference_mode():
                inputs = self.prepare(torch.from_numpy(waveforms).to(device), torch.from_numpy(valid).to(device))
                given = self.read_out(network(inputs), torch.from_numpy(borders[part]).to(device))
            for column in columns:
                offset = first[part] if column.endswith("_sample_pred") else 0
                answers[column][part] = given[column].cpu().numpy().astype(np.float64) + offset
        return pd.DataFrame(answers, index=windows.index)

    def _load(self, weights: base.Weights) -> torch.nn.Module:
        network = self.network()
        try:
            network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
        except RuntimeError as error:
            raise InputError(f"weights do not fit {self.settings['id']}: {error}") from None
        return network
