"""Batches of training windows, cut from the memory-mapped dataset; what follows runs on the device that trains."""

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from pickbench.data.prepared import PreparedDataset
from pickbench.training.draws import Draws, TraceTable


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
        Windows in a batch; the last one may be smaller.
    """

    def __init__(self, dataset: PreparedDataset, table: TraceTable, draws: Draws, length: int, batch_size: int):
        self._dataset = dataset
        self._table = table
        self._draws = draws
        self._length = length
        self._batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self._draws.row) // self._batch_size)

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
        part = slice(item * self._batch_size, (item + 1) * self._batch_size)
        row, start = self._draws.row[part], self._draws.start[part]
        waveforms, valid = self._dataset.crop(self._table.trace_idx[row], start, self._length)
        valid = np.stack(
            [
                np.maximum(valid[:, 0], self._draws.low[part] - start),
                np.minimum(valid[:, 1], self._draws.high[part] - start),
            ],
            axis=1,
        )
        picks = (self._table.picks[row] - start[:, None]).astype(np.float32)
        return {
            "waveforms": torch.from_numpy(waveforms),
            "valid": torch.from_numpy(valid),
            "picks": torch.from_numpy(picks),
        }


def loader(batches: Batches, threads: int) -> DataLoader:
    """Feed batches in order.

    Beside a GPU the spare cores cut the batches ahead; without one the cores are all for the training, which cuts its
    batches itself.
    """
    on_gpu = torch.cuda.is_available()
    return DataLoader(batches, batch_size=None, num_workers=threads - 1 if on_gpu else 0, pin_memory=on_gpu)
