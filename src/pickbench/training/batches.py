"""Batches of training windows, cut from the memory-mapped dataset; what follows runs on the device that trains."""

import signal

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from pickbench.data.prepared import PreparedDataset
from pickbench.models.base import TrainingPlan
from pickbench.signals import SIGNALS
from pickbench.training.draws import Draws, TraceTable, WindowRecipe, draw_windows

# Streams of random numbers of one seed: dev windows must not depend on the epoch.
DEV_STREAM, TRAIN_STREAM = 0, 1


def parts(count: int, size: int) -> list[int]:
    """Sizes of the parts that so many windows come in; a single one that is left over joins the part before it.

    Batch norm has nothing to work with in a part of one.
    """
    full, rest = divmod(count, size)
    if rest == 1 and full:
        return [size] * (full - 1) + [size + 1]
    return [size] * full + ([rest] if rest else [])


class Batches(Dataset):
    """The batches of one epoch; an item is a whole batch.

    Parameters
    ----------
    dataset
        The prepared dataset.
    table
        The traces of the split.
    draws
        The epoch's windows.
    length
        Samples of a window.
    batch_size
        Windows in a batch; the last one may be smaller, or larger by one (`parts`).
    """

    def __init__(self, dataset: PreparedDataset, table: TraceTable, draws: Draws, length: int, batch_size: int):
        self._dataset = dataset
        self._table = table
        self._draws = draws
        self._length = length
        self._ends = np.cumsum([0, *parts(len(draws.row), batch_size)])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, item: int) -> dict[str, torch.Tensor]:
        """One batch.

        Returns
        -------
        dict
            `waveforms` (B, 3, length) float32; `valid` (B, 2) int64, the part of each window that holds data;
            `picks` (B, k) float32, samples from the window's start, NaN where there is none.
        """
        if not 0 <= item < len(self):
            raise IndexError(item)
        part = slice(self._ends[item], self._ends[item + 1])
        row, start = self._draws.row[part], self._draws.start[part]
        waveforms, valid = self._dataset.crop(self._table.trace_idx[row], start, self._length)
        valid = np.stack(
            [
                np.maximum(valid[:, 0], self._draws.low[part] - start),
                np.minimum(valid[:, 1], self._draws.high[part] - start),
            ],
            axis=1,
        )
        # The piece around a pick ends where it ends, though the trace goes on.
        for waveform, (low, high) in zip(waveforms, valid.tolist(), strict=True):
            waveform[:, :low], waveform[:, max(low, high) :] = 0, 0
        picks = (self._table.picks[row] - start[:, None]).astype(np.float32)
        return {
            "waveforms": torch.from_numpy(waveforms),
            "valid": torch.from_numpy(valid),
            "picks": torch.from_numpy(picks),
        }


class Windows:
    """The windows of every epoch of a training.

    Parameters
    ----------
    dataset
        The prepared source.
    recipe
        How windows are drawn.
    plan
        Seed, batch size and threads.
    """

    def __init__(self, dataset: PreparedDataset, recipe: WindowRecipe, plan: TrainingPlan):
        self._dataset, self._recipe, self._plan = dataset, recipe, plan
        self._tables = {
            split: TraceTable.from_metadata(dataset.metadata, split, plan.arrival_columns).for_recipe(recipe)
            for split in ("train", "dev")
        }
        self.phases = self._tables["train"].phases

    def missing(self) -> str:
        """Why nothing can be learned; empty if something can."""
        wanted = f" with a pick of {' or '.join(self._recipe.phases)}" if self._recipe.only_with_pick else ""
        for split, table in self._tables.items():
            if not len(table):
                return f"the {split} split has no trace{wanted}"
        return f"the train split has a single trace{wanted}" if len(self._tables["train"]) == 1 else ""

    def batches(self, split: str) -> int:
        """Number of batches in an epoch."""
        return len(parts(len(self._tables[split]), self._plan.batch_size))

    def loader(self, split: str, epoch: int, first: int) -> DataLoader:
        """Batches of an epoch, from the `first` on: train windows in random order, dev windows always the same.

        Beside a GPU the spare cores cut the batches ahead; without one the cores are all for the training, which cuts
        its batches itself.
        """
        place = (TRAIN_STREAM, epoch) if split == "train" else (DEV_STREAM,)
        rng = np.random.default_rng([self._plan.seed, *place])
        table, on_gpu = self._tables[split], torch.cuda.is_available()
        draws = draw_windows(table, self._recipe, rng, shuffle=split == "train")
        batches = Batches(self._dataset, table, draws, self._recipe.length, self._plan.batch_size)
        return DataLoader(
            batches,
            batch_size=None,
            sampler=range(first, len(batches)),
            num_workers=self._plan.threads - 1 if on_gpu else 0,
            pin_memory=on_gpu,
            worker_init_fn=_leave_signals_to_the_parent,
        )


def _leave_signals_to_the_parent(_: int) -> None:
    """Schedulers send a signal to all processes of a job, but only the one that trains knows when to stop."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
