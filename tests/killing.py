"""A training in a process of its own, to be killed: what the tests and `tests.soak.kill_training` share."""

import subprocess
import sys
from pathlib import Path

import pandas as pd

from pickbench.candidate import CandidateFiles, train_candidate
from pickbench.joblog import logged
from pickbench.training import loop
from tests.conftest import ROOT
from tests.registry import plan, settings


def start(dataset: Path, folder: Path, model: str = "phasenetlight", epochs: int = 12) -> subprocess.Popen:
    """Start a training, or have it go on; all it writes is in `folder`."""
    words = [sys.executable, "-m", "tests.killing", dataset, folder, model, epochs]
    return subprocess.Popen([str(word) for word in words], cwd=ROOT)


def main(dataset: str, folder: str, model: str, epochs: str) -> None:
    """Train with a checkpoint after every batch, so that a process does not have to live long to come on."""
    loop.SAVE_EVERY_S = 0.0
    out = Path(folder)
    chosen = plan(out, max_epochs=int(epochs), batch_size=8)
    files = CandidateFiles(out / "weights.npz", out / "history.csv", out / "run.json", {})
    with logged(out / "log"):
        train_candidate(settings(model), Path(dataset), {}, chosen, 8, files)


def checkpoint(folder: Path) -> Path | None:
    """The checkpoint that a training has left, if there is one."""
    return next(folder.glob("checkpoints/*/[!.]*.ckpt"), None)


def result(folder: Path) -> tuple[bytes, pd.DataFrame]:
    """The weights and the losses of a finished training: what must not depend on interruptions."""
    history = pd.read_csv(folder / "history.csv", float_precision="round_trip")
    return (folder / "weights.npz").read_bytes(), history[["network", "epoch", "train_loss", "dev_loss"]]


if __name__ == "__main__":
    main(*sys.argv[1:])
