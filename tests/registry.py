"""Registered models as tests use them: settings, a short training, windows drawn by hand, columns to be answered."""

import numpy as np
import pandas as pd

from pickbench.data.prepared import PreparedDataset
from pickbench.grid import TASK_FILES, columns_of
from pickbench.metrics.registry import ANSWERS
from pickbench.models.base import TrainingPlan, Tuning
from pickbench.schemas import check, with_defaults
from pickbench.yamlfiles import read_yaml
from tests.conftest import ROOT

SCHEMA = read_yaml(ROOT / "workflow" / "schemas" / "model.schema.yaml")
FILES = {path.stem: path for path in sorted((ROOT / "config" / "models").glob("*.yaml"))}


def settings(name: str) -> dict:
    content = read_yaml(FILES[name])
    check(content, SCHEMA, FILES[name])
    return {**with_defaults(content, SCHEMA), "id": name}


def plan(folder, dataset: PreparedDataset | None = None, **changes) -> TrainingPlan:
    """A short training; with the dataset's own windows where it is given."""
    files = {}
    for name in TASK_FILES if dataset else ():
        files[name] = folder / f"{name}.csv"
        folder.mkdir(parents=True, exist_ok=True)
        pd.concat([windows(dataset, name, split) for split in ("dev", "test")]).to_csv(files[name], index=False)
    chosen = {
        "learning_rate": 1e-2,
        "seed": 42,
        "batch_size": 32,
        "max_epochs": 1,
        "max_time_h": 1.0,
        "threads": 1,
        "random_window": None,
        "detection_samples": None,
        "rotate_array": False,
        "answers": tuple(ANSWERS),
        "arrival_columns": None,
        "checkpoints": folder / "checkpoints",
        "tuning": Tuning(initial_points=3, points=2, picks=12),
        "windows": files,
    }
    return TrainingPlan(**{**chosen, **changes})


def windows(dataset: PreparedDataset, task_file: str, split: str = "test") -> pd.DataFrame:
    """The windows of every trace of a split, drawn by hand: 30 s of event and of noise, or 10 s around each pick."""
    metadata = dataset.metadata
    rows = []
    for i in np.flatnonzero(metadata["split"] == split):
        p, s = metadata.loc[i, ["trace_p_arrival_sample", "trace_s_arrival_sample"]].astype(float)
        fixed = {"trace_name": metadata.at[i, "trace_name"], "trace_idx": i, "trace_chunk": "", "trace_split": split}
        fixed["sampling_rate"] = 100.0
        if task_file == "task1":
            rows.append({**fixed, "start_sample": 1000, "end_sample": 4000, "trace_type": "earthquake"})
            rows.append({**fixed, "start_sample": 0, "end_sample": int(p) - 150, "trace_type": "noise"})
        else:
            for phase, onset in (("P", p), ("S", s)):
                start = int(onset) - 100 if phase == "S" else int(onset) - 600
                here = {"start_sample": start, "end_sample": start + 700, "phase_label": phase}
                rows.append({**fixed, **here, "full_phase_label": phase, "phase_onset": onset})
    return pd.DataFrame(rows)


def columns(name: str, task_file: str) -> list[str]:
    tasks = settings(name)["tasks"]
    return columns_of(task_file, [c for c, answer in ANSWERS.items() if answer.task in tasks])
