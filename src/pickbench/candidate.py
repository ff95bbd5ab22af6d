"""One training run, whole: learn, write the best weights, and answer the source's own dev windows.

Selection reads those answers. The process that trained is already warm, so it gives them at once.
"""

import platform
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pandas as pd

from pickbench.data.prepared import PreparedDataset
from pickbench.files import digest, replacing, sha256, write_json
from pickbench.models import load_adapter
from pickbench.models.base import Fit, TrainingPlan, save_weights
from pickbench.phases import DEFAULT_ARRIVAL_COLUMNS
from pickbench.prediction import answer_windows, check_rows, write_answers
from pickbench.provenance import versions
from pickbench.stages import VERSIONS
from pickbench.windows.tables import read_windows


@dataclass(frozen=True)
class CandidateFiles:
    """Where a training run writes.

    Attributes
    ----------
    weights, history, run
        Best weights, losses by epoch, and what made them.
    dev
        Answers to the source's dev windows, by windows file (task1, task23).
    """

    weights: Path
    history: Path
    run: Path
    dev: dict[str, Path]


def train_candidate(
    model: dict,
    dataset: Path,
    columns: dict[str, Sequence[str]],
    plan: TrainingPlan,
    batch_size: int,
    files: CandidateFiles,
) -> None:
    """Train one candidate and answer the source's dev windows with it.

    Parameters
    ----------
    model
        The model's settings.
    dataset
        Folder of the prepared source.
    columns
        The answers wanted of each windows file.
    plan
        How to train; the checkpoint goes to a folder of its own in `plan.checkpoints`. For a task that is not among
        `plan.windows` the answers are an empty table.
    batch_size
        Windows at a time when answering.
    files
        What to write.
    """
    started = time.time()
    data_checksum = sha256(dataset / "checksums.json")
    resumable = replace(plan, checkpoints=plan.checkpoints / _key(model, plan, data_checksum))
    adapter = load_adapter(model)
    # Picks are all that training needs of the metadata, which may have millions of rows.
    prepared = PreparedDataset(dataset, columns=list(plan.arrival_columns or DEFAULT_ARRIVAL_COLUMNS))
    dev = {name: read_windows(path, "dev") for name, path in plan.windows.items()}
    for rows in dev.values():
        check_rows(prepared, rows)
    fit = adapter.fit(prepared, resumable)
    for name, path in files.dev.items():
        rows = dev.get(name, pd.DataFrame())
        answers = pd.DataFrame(index=rows.index)
        learned = [column for column in columns[name] if column not in fit.unlearned]
        if len(rows) and learned:
            answers = answer_windows(adapter, prepared, rows, fit.weights, learned, plan.seed, batch_size)
        write_answers(path, rows, answers)
    save_weights(files.weights, fit.weights)
    with replacing(files.history) as temporary:
        fit.history.to_csv(temporary, index=False)
    write_json(files.run, _record(model, plan, fit, data_checksum, time.time() - started))
    shutil.rmtree(plan.checkpoints, ignore_errors=True)


def _key(model: dict, plan: TrainingPlan, data_checksum: str) -> str:
    """A checksum of all that a training follows from: only the same training goes on from a checkpoint."""
    limits = {key: value for key, value in asdict(plan).items() if key not in ("checkpoints", "threads")}
    # Only a search learns from windows.
    limits["windows"] = {name: sha256(path) for name, path in plan.windows.items()} if plan.tuning else None
    made_from = {"version": VERSIONS["train"], "packages": versions(), "data": data_checksum}
    return digest({"model": model, "plan": limits, **made_from})[:16]


def _record(model: dict, plan: TrainingPlan, fit: Fit, data_checksum: str, seconds: float) -> dict:
    """What made the weights, for run.json."""
    return {
        "model": model["id"],
        "learning_rate": plan.learning_rate,
        "seed": plan.seed,
        "epochs": int(fit.history["epoch"].max()) if len(fit.history) else 0,
        "dev_loss": fit.dev_loss,
        "unlearned": fit.unlearned,
        "data_checksum": data_checksum,
        "seconds": round(seconds, 3),
        "host": platform.node(),
        "versions": versions(),
        **fit.facts,
    }
