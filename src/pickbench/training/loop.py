"""One training: a network, its windows, Adam, and Lightning's loop around them.

The training keeps its best weights by dev loss and a checkpoint a pass from which it goes on after an interruption:
the windows, the order and the random numbers of an epoch follow from the seed and the epoch, so it ends as it would
have ended. A loss that stops being a number ends the training and is reported as such.
"""

import logging
import math
import time
from datetime import timedelta

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, Timer
from pytorch_lightning.plugins.environments import LightningEnvironment
from pytorch_lightning.plugins.io import TorchCheckpointIO

from pickbench.data.prepared import PreparedDataset
from pickbench.files import replacing
from pickbench.models.base import DIVERGED, HISTORY_COLUMNS, Fit, TrainingPlan
from pickbench.models.network import Network
from pickbench.training.batches import Batches, loader
from pickbench.training.draws import TraceTable, WindowRecipe, draw_windows

log = logging.getLogger(__name__)
# Streams of random numbers of one seed: dev windows must not depend on the epoch.
DEV_STREAM, TRAIN_STREAM = 0, 1


class Module(pl.LightningModule):
    """A network that learns what its adapter makes of a batch."""

    def __init__(self, adapter: Network, phases: tuple[str, ...], plan: TrainingPlan):
        super().__init__()
        self.network = adapter.network()
        self._adapter, self._phases, self._plan = adapter, phases, plan

    def training_step(self, batch: dict, _: int) -> torch.Tensor:
        """Loss of a training batch."""
        return self._loss("train_loss", batch, augment=True)

    def validation_step(self, batch: dict, _: int) -> None:
        """Loss of a dev batch."""
        self._loss("dev_loss", batch, augment=False)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam, as in the paper."""
        return torch.optim.Adam(self.parameters(), lr=self._plan.learning_rate)

    def _loss(self, name: str, batch: dict, *, augment: bool) -> torch.Tensor:
        inputs, labels = self._adapter.example(self.network, batch, self._phases, self._plan, augment=augment)
        loss = self._adapter.loss(self.network(inputs), labels)
        self.log(name, loss, on_step=False, on_epoch=True, batch_size=len(inputs))
        return loss


class Windows(pl.LightningDataModule):
    """The windows of every epoch."""

    def __init__(self, dataset: PreparedDataset, recipe: WindowRecipe, plan: TrainingPlan):
        super().__init__()
        self._dataset, self._recipe, self._plan = dataset, recipe, plan
        self.train, self.dev = (
            TraceTable.from_metadata(dataset.metadata, split, plan.arrival_columns).for_recipe(recipe)
            for split in ("train", "dev")
        )

    def train_dataloader(self):
        """Windows of the current epoch, in random order."""
        rng = np.random.default_rng([self._plan.seed, TRAIN_STREAM, self.trainer.current_epoch])
        return self._loader(self.train, rng, shuffle=True)

    def val_dataloader(self):
        """Dev windows, the same in every epoch."""
        return self._loader(self.dev, np.random.default_rng([self._plan.seed, DEV_STREAM]), shuffle=False)

    def _loader(self, table: TraceTable, rng: np.random.Generator, *, shuffle: bool):
        draws = draw_windows(table, self._recipe, rng, shuffle=shuffle)
        batches = Batches(self._dataset, table, draws, self._recipe.length, self._plan.batch_size)
        return loader(batches, self._plan.threads)


class Keeper(Callback):
    """Keeps the best weights and the history, in memory and in every checkpoint, and says how far the training is."""

    def __init__(self, name: str, seed: int, samples: int):
        self.best: dict[str, torch.Tensor] = {}
        self.history: list[dict] = []
        self.diverged = False
        self._name = name
        self._seed = seed
        self._samples = samples
        self._started = 0.0

    def on_train_epoch_start(self, trainer, module) -> None:
        """Make the epoch's random numbers a matter of seed and epoch."""
        torch.manual_seed(self._seed + 1_000_003 * (trainer.current_epoch + 1))
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer, module) -> None:
        """Note the epoch; keep its weights if no earlier ones were better."""
        train_loss = trainer.callback_metrics["train_loss"].item()
        dev_loss = trainer.callback_metrics["dev_loss"].item()
        seconds = time.perf_counter() - self._started
        rate = self._samples / seconds
        epoch = trainer.current_epoch + 1
        if not (math.isfinite(train_loss) and math.isfinite(dev_loss)):
            log.warning("epoch %d: the loss is not a number, the training has diverged", epoch)
            self.diverged = trainer.should_stop = True
        elif dev_loss < min((row["dev_loss"] for row in self.history), default=math.inf):
            self.best = {k: v.detach().cpu().clone() for k, v in module.network.state_dict().items()}
        row = (self._name, epoch, train_loss, dev_loss, rate, seconds)
        self.history.append(dict(zip(HISTORY_COLUMNS, row, strict=True)))
        left = timedelta(seconds=round(seconds * (trainer.max_epochs - epoch)))
        log.info(
            "%s  epoch %d/%d  train loss %.4f  dev loss %.4f  %.0f samples/s  %s left at most",
            self._name, epoch, trainer.max_epochs, train_loss, dev_loss, rate, left,
        )  # fmt: skip

    def state_dict(self) -> dict:
        """What a checkpoint holds of it."""
        return {"best": self.best, "history": self.history, "diverged": self.diverged}

    def load_state_dict(self, state: dict) -> None:
        """Go on from a checkpoint."""
        self.best, self.history, self.diverged = state["best"], state["history"], state["diverged"]


class Checkpoint(Callback):
    """Saves after every epoch, once the epoch's results are noted."""

    def __init__(self, path):
        self._path = path

    def on_train_epoch_end(self, trainer, module) -> None:
        """Save all that the next epoch depends on."""
        trainer.save_checkpoint(self._path, weights_only=False)


class WholeFileIO(TorchCheckpointIO):
    """Checkpoints that are whole or absent."""

    def save_checkpoint(self, checkpoint, path, storage_options=None) -> None:
        """Write beside, then move into place."""
        with replacing(path) as temporary:
            super().save_checkpoint(checkpoint, temporary, storage_options)


def train_network(adapter: Network, dataset: PreparedDataset, plan: TrainingPlan) -> Fit:
    """Train a network on a dataset.

    Parameters
    ----------
    adapter
        The network's adapter.
    dataset
        The prepared source.
    plan
        Learning rate, seed and limits.

    Returns
    -------
    Fit
        The weights of the lowest dev loss, and how it went.
    """
    torch.set_num_threads(plan.threads)
    pl.seed_everything(plan.seed, verbose=False)
    windows = Windows(dataset, adapter.recipe(plan), plan)
    keeper = Keeper(adapter.name, plan.seed, len(windows.train))
    last = plan.checkpoints / f"{adapter.name}.ckpt"
    trainer = pl.Trainer(
        max_epochs=plan.max_epochs,
        accelerator="auto",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        callbacks=[keeper, Timer(timedelta(hours=plan.max_time_h)), Checkpoint(last)],
        # One process on one device, whatever a scheduler says around it.
        plugins=[WholeFileIO(), LightningEnvironment()],
    )
    module = Module(adapter, windows.train.phases, plan)
    trainer.fit(module, datamodule=windows, ckpt_path=_resumable(last), weights_only=True)
    history = pd.DataFrame(keeper.history, columns=HISTORY_COLUMNS)
    if keeper.diverged:
        return Fit({}, history, unlearned=dict.fromkeys(adapter.GIVES, DIVERGED), facts=_facts(trainer, module))
    weights = {name: tensor.numpy() for name, tensor in keeper.best.items()}
    best = history.loc[history["dev_loss"].idxmin()]
    facts = {**_facts(trainer, module), "best_epoch": int(best["epoch"])}
    return Fit(weights, history, dict.fromkeys(adapter.GIVES, float(best["dev_loss"])), facts=facts)


def _facts(trainer: pl.Trainer, module: Module) -> dict:
    trainable = sum(p.numel() for p in module.network.parameters() if p.requires_grad)
    return {"device": str(trainer.strategy.root_device), "parameters": trainable}


def _resumable(path) -> str | None:
    """The checkpoint to go on from, if there is one that can be read."""
    if not path.exists():
        return None
    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged archive raises anything, from EOFError to UnpicklingError
        log.warning("%s cannot be read (%s): training starts again", path, error)
        path.unlink()
        return None
    log.info("going on from %s", path)
    return str(path)
