"""Train one candidate."""

from pathlib import Path

from pickbench.candidate import CandidateFiles, train_candidate
from pickbench.joblog import logged
from pickbench.models.base import TrainingPlan, Tuning

checkpoints = Path(snakemake.output.weights).parent / "checkpoints"
with logged(snakemake.log[0], snakemake.config["model_options"], kept=checkpoints / "log"):
    params, out = snakemake.params.plan, snakemake.output
    data = Path(snakemake.input.data[0]).parent
    plan = TrainingPlan(
        learning_rate=float(snakemake.wildcards.lr),
        seed=int(snakemake.wildcards.seed),
        threads=snakemake.threads,
        answers=tuple(column for columns in params["columns"].values() for column in columns),
        checkpoints=checkpoints,
        tuning=Tuning(**params["tuning"]) if "tuning" in params else None,
        windows={name: Path(path) for name, path in snakemake.input.items() if name != "data"},
        **params.get("training", {}),
    )
    files = CandidateFiles(
        Path(out.weights), Path(out.history), Path(out.run), {"task1": Path(out.task1), "task23": Path(out.task23)}
    )
    batch_size = snakemake.config["prediction"]["batch_size"]
    train_candidate(params["model"], data, params["columns"], plan, batch_size, files)
