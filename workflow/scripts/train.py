"""Train one candidate."""

from pathlib import Path

from pickbench.candidate import CandidateFiles, train_candidate
from pickbench.joblog import logged
from pickbench.models.base import TrainingPlan

with logged(snakemake.log[0]):
    params, out = snakemake.params.plan, snakemake.output
    data = Path(snakemake.input.data[0]).parent
    plan = TrainingPlan(
        learning_rate=float(snakemake.wildcards.lr),
        seed=int(snakemake.wildcards.seed),
        **params["training"],
        threads=snakemake.threads,
        random_window=params["random_window"],
        detection_samples=params["detection_samples"],
        rotate_array=params["rotate_array"],
        arrival_columns=params["arrival_columns"],
        answers=tuple(column for columns in params["columns"].values() for column in columns),
        checkpoints=Path(out.weights).parent / "checkpoints",
    )
    windows = {name: Path(path) for name, path in snakemake.input.items() if name != "data"}
    files = CandidateFiles(
        Path(out.weights), Path(out.history), Path(out.run), {"task1": Path(out.task1), "task23": Path(out.task23)}
    )
    batch_size = snakemake.config["prediction"]["batch_size"]
    train_candidate(params["model"], data, windows, params["columns"], plan, batch_size, files)
