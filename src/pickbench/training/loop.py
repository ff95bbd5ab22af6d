"""One training: a network, its windows, Adam, and the loop over epochs and batches.

The best weights by dev loss are its result. It may be stopped after any batch and goes on as if it had not been: a
checkpoint is kept every few minutes, after every epoch, and when the job is asked to leave. A loss that stops being
a number ends the training and is reported as such.
"""

import logging
import math
import os
import shutil
import time
from datetime import timedelta

import pandas as pd
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import LightningEnvironment

from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.models.base import DIVERGED, HISTORY_COLUMNS, Fit, TrainingPlan
from pickbench.models.network import Network
from pickbench.signals import leaving_afterwards
from pickbench.training.batches import Windows, parts
from pickbench.training.progress import Pass, Progress, batch_seed, load_checkpoint, save_checkpoint

log = logging.getLogger(__name__)
# Within a long epoch; what a kill without warning costs at most.
SAVE_EVERY_S = 300.0
# What the network computes in, in Lightning's words; its weights and the loss are always in 32 bits.
PRECISION = {32: "32-true", "bf16-mixed": "bf16-mixed"}
# Stream of random numbers of the training batches, besides those of `batches`.
BATCH_STREAM = 2


class Training:
    """The training of one network.

    Parameters
    ----------
    adapter
        The network's adapter.
    windows
        The windows of every epoch.
    plan
        Learning rate, seed and limits.
    """

    def __init__(self, adapter: Network, windows: Windows, plan: TrainingPlan):
        self._adapter, self._windows, self._plan = adapter, windows, plan
        self._checkpoint = plan.checkpoints / f"{adapter.name}.ckpt"
        # One process on one device, whatever a scheduler says around it.
        self._fabric = Fabric(
            accelerator=adapter.device(),
            devices=1,
            precision=PRECISION[plan.precision],
            plugins=[LightningEnvironment()],
        )
        self.device = self._fabric.device
        torch.manual_seed(plan.seed)
        self.network = adapter.network()
        optimizer = torch.optim.Adam(self.network.parameters(), lr=plan.learning_rate)
        # A form for each shape of batch: which forms there are does not depend on the batch that a training resumes at.
        compiled = torch.compile(self.network, dynamic=False) if plan.compile else self.network
        self._forward, self._optimizer = self._fabric.setup(compiled, optimizer)
        self.progress = Progress()
        if self.device.type == "cuda":  # of this network alone, where a process trains several
            torch.cuda.reset_peak_memory_stats(self.device)
        self._saved_at = time.perf_counter()

    def run(self, asked: list[int]) -> None:
        """Train to the end, or until `asked` holds a signal."""
        self._resume()
        while not self.progress.ended and not asked:
            self._epoch(asked)
            self._save()

    def _epoch(self, asked: list[int]) -> None:
        """One epoch, or what is left of it."""
        for split in ("train", "dev"):
            self._go_over(split, asked)
            if self.progress.ended or asked:
                return
        self._close_epoch()

    def _go_over(self, split: str, asked: list[int]) -> None:
        """Learn from the train windows of an epoch, or take the loss of its dev windows."""
        progress, done, total = self.progress, getattr(self.progress, split), self._windows.batches(split)
        self.network.train(split == "train")
        batches = None
        while done.batches < total and not asked:
            if self._is_out_of_time():
                if progress.history:
                    progress.ended = "time"
                    return
                if split == "train":  # what there is of the first epoch is the result, and needs a dev loss
                    return
            started = time.perf_counter()
            batches = batches or iter(self._windows.loader(split, len(progress.history), done.batches))
            inputs, labels = self._example(next(batches), learn=split == "train")
            made = time.perf_counter()
            loss = self._step(inputs, labels, learn=split == "train")
            done.note(len(inputs), loss, time.perf_counter() - started, made - started)
            if not math.isfinite(loss):
                self._diverge(split)
                return
            if time.perf_counter() - self._saved_at > SAVE_EVERY_S:
                self._save()
                self._say(f"epoch {len(progress.history) + 1}, {done.batches / total:.0%} of {split}", done)

    @torch.no_grad()
    def _example(self, batch: dict, *, learn: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Input and labels of a batch; all that is random in it, and in its step, follows from its place."""
        plan, progress = self._plan, self.progress
        batch = {key: values.to(self.device, non_blocking=True) for key, values in batch.items()}
        if learn:
            torch.manual_seed(batch_seed(plan.seed, BATCH_STREAM, len(progress.history), progress.train.batches))
        return self._adapter.example(self.network, batch, self._windows.phases, plan, augment=learn)

    def _step(self, inputs: torch.Tensor, labels: torch.Tensor, *, learn: bool) -> float:
        """Mean loss of a batch, from which the network learns if it shall."""
        if learn:
            self._optimizer.zero_grad()
        total = torch.zeros((), device=self.device)
        with torch.set_grad_enabled(learn):
            sizes = parts(len(inputs), self._plan.device_batch or len(inputs))
            for part, wanted in zip(inputs.split(sizes), labels.split(sizes), strict=True):
                loss = self._loss(part, wanted) * (len(part) / len(inputs))
                if learn:
                    self._fabric.backward(loss)
                total += loss.detach()
        value = total.item()
        if learn and math.isfinite(value):
            self._optimizer.step()
        return value

    def _loss(self, inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return self._adapter.loss(self._forward(inputs), labels)

    def _close_epoch(self) -> None:
        """Note the epoch; keep its weights if no earlier ones were better."""
        progress, train, dev = self.progress, self.progress.train, self.progress.dev
        if dev.loss < min((row["dev_loss"] for row in progress.history), default=math.inf):
            progress.best = {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()}
        self._note_epoch()
        if len(progress.history) >= self._plan.max_epochs:
            progress.ended = "epochs"
        elif self._is_out_of_time():
            progress.ended = "time"
        self._say(f"epoch {len(progress.history)}/{self._plan.max_epochs}", train, f"  dev loss {dev.loss:.4f}")

    def _note_epoch(self) -> None:
        progress, train, dev = self.progress, self.progress.train, self.progress.dev
        row = {
            "network": self._adapter.name,
            "epoch": len(progress.history) + 1,
            "train_loss": train.loss,
            "dev_loss": dev.loss,
            "samples_per_s": train.samples_per_s,
            "seconds": train.seconds + dev.seconds,
            "input_seconds": train.input_seconds + dev.input_seconds,
        }
        progress.history.append(row)
        progress.train, progress.dev = Pass(), Pass()

    def _diverge(self, split: str) -> None:
        progress = self.progress
        batch = getattr(progress, split).batches
        self._note_epoch()
        progress.ended, progress.best = DIVERGED, {}
        log.warning(
            "%s  epoch %d: the loss of %s batch %d is not a number, the training has diverged",
            self._adapter.name, len(progress.history), split, batch,
        )  # fmt: skip

    def _is_out_of_time(self) -> bool:
        return self.progress.seconds >= 3600 * self._plan.max_time_h

    def _say(self, where: str, done: Pass, more: str = "") -> None:
        """Log how far the training is."""
        left = timedelta(seconds=max(round(self._seconds_left()), 0))
        line = "%s  %s  loss %.4f%s  %.0f samples/s  %s left at most"
        log.info(line, self._adapter.name, where, done.loss, more, done.samples_per_s, left)

    def _seconds_left(self) -> float:
        """Time for the epochs to come, or to the limit, whichever is less."""
        progress, train, plan = self.progress, self.progress.train, self._plan
        within = train.seconds + progress.dev.seconds
        if progress.history:
            an_epoch = sum(row["seconds"] for row in progress.history) / len(progress.history)
        else:
            an_epoch = train.seconds * self._windows.batches("train") / train.batches + progress.dev.seconds
        to_come = an_epoch * (plan.max_epochs - len(progress.history)) - within
        return min(to_come, 3600 * plan.max_time_h - progress.seconds)

    def _save(self) -> None:
        state = {
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "progress": self.progress.state(),
        }
        save_checkpoint(self._checkpoint, state)
        self._saved_at = time.perf_counter()

    def _resume(self) -> None:
        state = load_checkpoint(self._checkpoint)
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress.from_state(state["progress"])
        history, train = self.progress.history, self.progress.train
        log.info("%s  going on after epoch %d, batch %d", self._adapter.name, len(history), train.batches)


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

    Raises
    ------
    SystemExit
        When a signal asked the job to leave; the checkpoint holds all that was learned.
    InputError
        When a batch does not fit into memory, or there is no compiler for `compile`.
    """
    torch.set_num_threads(plan.threads)
    windows = Windows(dataset, adapter.recipe(plan), plan)
    missing = windows.missing()
    if missing:
        log.warning("%s  is not trained: %s", adapter.name, missing)
        return Fit({}, unlearned=dict.fromkeys(adapter.GIVES, missing))
    if plan.compile and shutil.which(os.environ.get("CXX", "g++")) is None:
        raise InputError(
            "configuration: key 'training.compile' is true, but there is no C++ compiler (g++, or what CXX names)"
        )
    training = Training(adapter, windows, plan)
    with leaving_afterwards() as asked:
        try:
            training.run(asked)
        except torch.cuda.OutOfMemoryError:
            raise InputError(
                f"the GPU's memory does not hold {plan.device_batch or plan.batch_size} windows in {adapter.name}; "
                "make training.device_batch smaller, which leaves batch_size as it is"
            ) from None
    return _fit(adapter, training)


def _fit(adapter: Network, training: Training) -> Fit:
    """What a finished training hands on."""
    progress = training.progress
    history = pd.DataFrame(progress.history, columns=HISTORY_COLUMNS)
    trainable = sum(p.numel() for p in training.network.parameters() if p.requires_grad)
    facts = {"device": training.device.type, "parameters": trainable, "ended": progress.ended}
    if training.device.type == "cuda":  # of the last start, which is like those before it
        facts["gpu_peak_mb"] = round(torch.cuda.max_memory_allocated(training.device) / 2**20, 1)
    if progress.ended == DIVERGED:
        return Fit({}, history, unlearned=dict.fromkeys(adapter.GIVES, DIVERGED), facts=facts)
    best = history.loc[history["dev_loss"].idxmin()]
    weights = {name: tensor.numpy() for name, tensor in progress.best.items()}
    facts["best_epoch"] = int(best["epoch"])
    return Fit(weights, history, dict.fromkeys(adapter.GIVES, float(best["dev_loss"])), facts=facts)
