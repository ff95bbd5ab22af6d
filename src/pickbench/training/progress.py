"""How far a training is, and the checkpoint that holds it.

A checkpoint may be made after any batch. With the network, its optimiser and what is noted here, all that follows is
determined: the windows of an epoch follow from the seed and the epoch, the random numbers of a batch from its place.
"""

import logging
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import torch

from pickbench.files import replacing
from pickbench.weightfiles import UNREADABLE

CHECKSUM_BYTES = sha256().digest_size
log = logging.getLogger(__name__)


@dataclass
class Pass:
    """One pass over a split, as far as it has come; `input_seconds`, for making the input, are part of `seconds`."""

    batches: int = 0
    windows: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    input_seconds: float = 0.0

    def note(self, windows: int, loss: float, seconds: float, input_seconds: float) -> None:
        """Count a batch with its mean loss."""
        self.batches += 1
        self.windows += windows
        self.loss_sum += windows * loss
        self.seconds += seconds
        self.input_seconds += input_seconds

    @property
    def loss(self) -> float:
        """Mean over the windows so far, NaN before the first."""
        return self.loss_sum / self.windows if self.windows else float("nan")

    @property
    def samples_per_s(self) -> float:
        """Windows a second, NaN before the first."""
        return self.windows / self.seconds if self.seconds else float("nan")


@dataclass
class Progress:
    """A training so far.

    Attributes
    ----------
    train, dev
        The passes of the current epoch.
    history
        A row for each finished epoch.
    best
        The network's state after the epoch of the lowest dev loss.
    ended
        Why the training is over (`pickbench.models.base.Fit`); empty while it is not.
    """

    train: Pass = field(default_factory=Pass)
    dev: Pass = field(default_factory=Pass)
    history: list[dict] = field(default_factory=list)
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    ended: str = ""

    @property
    def seconds(self) -> float:
        """Time spent so far, whatever came in between."""
        return sum(row["seconds"] for row in self.history) + self.train.seconds + self.dev.seconds

    def state(self) -> dict:
        """What a checkpoint holds of it."""
        return {**vars(self), "train": asdict(self.train), "dev": asdict(self.dev)}

    @classmethod
    def from_state(cls, state: dict) -> "Progress":
        """Go on from a checkpoint."""
        return cls(**{**state, "train": Pass(**state["train"]), "dev": Pass(**state["dev"])})


def save_checkpoint(path: Path, state: dict) -> None:
    """Write a checkpoint, whole or not at all: its checksum, and behind it what torch makes of it."""
    stream = BytesIO()
    torch.save(state, stream)
    content = stream.getbuffer()
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(sha256(content).digest())
        file.write(content)


def load_checkpoint(path: Path) -> dict | None:
    """Read a checkpoint, refusing anything that would have to be unpickled; None if there is none that is whole."""
    if not path.exists():
        return None
    try:
        written = path.read_bytes()
        checksum, content = written[:CHECKSUM_BYTES], written[CHECKSUM_BYTES:]
        if checksum != sha256(content).digest():
            raise ValueError("it is not as it was written")
        return torch.load(BytesIO(content), map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        log.warning("%s cannot be read (%s): training starts again", path, " ".join(str(error).split())[:200])
        return None


def batch_seed(*place: int) -> int:
    """Seed of the random numbers of a batch, which follows from its place alone."""
    return int(np.random.SeedSequence(place).generate_state(1, np.uint64)[0])
