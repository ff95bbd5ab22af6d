"""The tables of what a run costs (paper, section 4.3): `demand` by model and source, `demand-stages` in hours.

Time, memory and CPU time come from Snakemake's benchmark files. Such a file is about the last start of a job alone,
and absent where the job was run elsewhere or by hand; so the time of a training is the one that its run.json adds up,
whatever interrupted it, and what a missing file would have said is left out and counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.candidate import read_history
from pickbench.files import read_json
from pickbench.tables.benchmarks import NAN, Job
from pickbench.tables.formats import EN_DASH, Cell, Matrix, Page, Row, columns_of_text, row_of_text, write_page

DEMAND = "demand"
STAGES = "demand-stages"
TOTAL = "(total)"
# The stages of which the table by model and source is, and that of what shows results, of whose jobs no list is kept.
TRAIN, PREDICT, SHOWING = "train", "predict", "show"
COLUMNS = [
    "model", "source", "trainings", "device", "parameters", "epochs", "training_s", "samples_per_s",
    "training_peak_mb", "gpu_peak_mb", "prediction_s", "prediction_peak_mb", "benchmarks_missing",
]  # fmt: skip
STAGE_COLUMNS = ["stage", "jobs", "benchmarks_missing", "wall_h", "cpu_h", "gpu_h", "peak_mb", "estimated"]
NOTES = [
    "All trainings of a picker together: every learning rate and seed. Time is that of learning (train and dev windows,"
    " or the points of a search, which stand as epochs), over all starts of a job; samples a second are windows learned"
    " from, averaged over that time. Prediction is on all targets, with what a job does besides; its last start, if it"
    " was killed.",
    "Memory is the most that a job held (resident, MiB); of the GPU what torch had allocated in training.",
    f"{EN_DASH} not known: no GPU, nothing to train, or no benchmark file; the last column counts those.",
]
STAGE_NOTES = [
    "Sums over the jobs of this configuration. The row show is what gathers and shows their results (facts, examples,"
    " tables, figures), as far as it had been measured where and when this table was made, which may be little.",
    "Where a training was resumed, the CPU time of its last start is scaled up to the time that it learned in all.",
    "Snakemake looks at a job every half a minute in the end, so that CPU time may lack that much of a job.",
    f"{EN_DASH} not known. Jobs without a benchmark file, which were not run here, are counted and add no CPU time.",
]


@dataclass(frozen=True)
class JobFiles:
    """The files of one job.

    Attributes
    ----------
    benchmark
        Its benchmark file, which need not be there.
    model, source
        Ids, where it is a picker's training or prediction.
    training
        Folder of a training, with run.json and history.csv.
    cells
        cells.json of a prediction.
    """

    benchmark: str
    model: str = ""
    source: str = ""
    training: str | None = None
    cells: str | None = None


@dataclass(frozen=True)
class Training:
    """One candidate's training: its benchmark, if there is one, and what its own records say."""

    job: Job | None
    seconds: float
    windows: float
    epochs: int
    parameters: float
    devices: tuple[str, ...]
    gpu_s: float
    gpu_peak_mb: float

    @property
    def resumed(self) -> bool:
        """Whether the benchmark is about less than the training."""
        return self.job is not None and 0 < self.job.seconds < self.seconds


@dataclass(frozen=True)
class Spent:
    """What a job took, NaN where not known: by its benchmark, if there is one, and by what it has noted itself.

    `estimated` is whether its CPU time is scaled up.
    """

    job: Job | None
    wall_s: float
    cpu_s: float
    gpu_s: float = 0.0
    estimated: bool = False


def read_training(folder: str | Path, job: Job | None) -> Training:
    """Read what a training took from its run.json and its history.csv, beside its benchmark if there is one."""
    run, history = read_json(Path(folder) / "run.json"), read_history(Path(folder) / "history.csv")
    networks = run.get("networks") or {name: run for name in history["network"].unique()}
    on_gpu = [name for name, facts in networks.items() if facts.get("device") == "cuda"]
    rate, spent = history["samples_per_s"].astype(float), history["seconds"].astype(float)
    peaks = [facts["gpu_peak_mb"] for facts in networks.values() if "gpu_peak_mb" in facts]
    return Training(
        job=job,
        seconds=float(run["seconds"]),
        windows=float((rate * spent)[np.isfinite(rate)].sum()),
        epochs=int(run["epochs"]),
        parameters=float(run.get("parameters") or NAN),
        devices=tuple(dict.fromkeys(facts["device"] for facts in networks.values() if "device" in facts)),
        gpu_s=float(spent[history["network"].isin(on_gpu)].sum()),
        gpu_peak_mb=max(peaks, default=NAN),
    )


def demand_table(stages: Mapping[str, Sequence[JobFiles]], measured: Mapping[str, Job]) -> pd.DataFrame:
    """Give one row for each model and source, `COLUMNS`; times are sums, memory is the largest."""
    rows = []
    for model, source in dict.fromkeys((job.model, job.source) for job in (*stages[PREDICT], *stages[TRAIN])):
        trained, predicted = (
            [files for files in stages[stage] if (files.model, files.source) == (model, source)]
            for stage in (TRAIN, PREDICT)
        )
        trainings = [read_training(files.training, measured.get(files.benchmark)) for files in trained]
        predictions = [measured.get(files.benchmark) for files in predicted]
        seconds = sum(training.seconds for training in trainings)
        rows.append(
            {
                "model": model,
                "source": source,
                "trainings": len(trainings),
                "device": ", ".join(sorted({device for training in trainings for device in training.devices})),
                "parameters": _largest(training.parameters for training in trainings),
                "epochs": sum(training.epochs for training in trainings),
                "training_s": seconds if trainings else NAN,
                "samples_per_s": sum(training.windows for training in trainings) / seconds if seconds else NAN,
                "training_peak_mb": _largest(training.job.peak_mb for training in trainings if training.job),
                "gpu_peak_mb": _largest(training.gpu_peak_mb for training in trainings),
                "prediction_s": sum(job.seconds for job in predictions if job) if any(predictions) else NAN,
                "prediction_peak_mb": _largest(job.peak_mb for job in predictions if job),
                "benchmarks_missing": [*(training.job for training in trainings), *predictions].count(None),
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def stage_table(stages: Mapping[str, Sequence[JobFiles]], measured: Mapping[str, Job]) -> pd.DataFrame:
    """Add up time, CPU time and GPU time by stage, and of all stages.

    Parameters
    ----------
    stages
        Stage -> its jobs, in the order of the rows; one without jobs has none.
    measured
        What is known of jobs, by benchmark file (`pickbench.tables.benchmarks.read_benchmarks`).

    Returns
    -------
    DataFrame
        `STAGE_COLUMNS`; `estimated` counts the jobs whose CPU time is scaled up.
    """
    rows = []
    for stage, jobs in stages.items():
        if jobs:
            rows.append({"stage": stage, **_sums([_spent(files, measured.get(files.benchmark)) for files in jobs])})
            # Of these there are only those that were measured.
            rows[-1] |= {"benchmarks_missing": NAN} if stage == SHOWING else {}
    table = pd.DataFrame(rows, columns=STAGE_COLUMNS).fillna({"gpu_h": 0.0})
    total = {"stage": TOTAL, "peak_mb": table["peak_mb"].max()}
    total |= {name: table[name].sum() for name in STAGE_COLUMNS if name not in total}
    table = pd.concat([table, pd.DataFrame([total])], ignore_index=True)
    return table.astype({name: "Int64" for name in ("jobs", "benchmarks_missing", "estimated")})


def write_demand(
    stages: Mapping[str, Sequence[JobFiles]],
    measured: Mapping[str, Job],
    models: Mapping[str, Mapping],
    datasets: Mapping[str, Mapping],
    folder: Path,
) -> None:
    """Write {folder}/demand and {folder}/demand-stages as CSV, TeX and HTML.

    Parameters
    ----------
    stages, measured
        As for `stage_table`.
    models
        Id -> {"title": ..., "control": bool}.
    datasets
        Id -> {"title": ...}; published weights go by their id.
    folder
        Where to write.
    """
    table, by_stage = demand_table(stages, measured), stage_table(stages, measured)
    write_page(table, _demand_page(table, models, datasets), folder / DEMAND)
    write_page(by_stage, _stage_page(by_stage), folder / STAGES)


def _spent(files: JobFiles, job: Job | None) -> Spent:
    wall_s, cpu_s = (job.seconds, job.cpu_s) if job else (NAN, NAN)
    if files.training:
        training = read_training(files.training, job)
        cpu_s *= training.seconds / wall_s if training.resumed else 1
        # The time that was learned counts where a benchmark is about less.
        return Spent(job, _largest([training.seconds, wall_s]), cpu_s, training.gpu_s, estimated=training.resumed)
    if files.cells:
        on_gpu = any(cell["device"] == "cuda" for cell in read_json(files.cells)["cells"])
        return Spent(job, wall_s, cpu_s, wall_s if on_gpu else 0.0)
    return Spent(job, wall_s, cpu_s)


def _sums(spent: Sequence[Spent]) -> dict:
    """The row of a stage."""
    return {
        "jobs": len(spent),
        "benchmarks_missing": sum(each.job is None for each in spent),
        **{f"{what}_h": _hours(getattr(each, f"{what}_s") for each in spent) for what in ("wall", "cpu", "gpu")},
        "peak_mb": _largest(each.job.peak_mb for each in spent if each.job),
        "estimated": sum(each.estimated for each in spent),
    }


def _hours(seconds: Iterable[float]) -> float:
    """Sum in hours of what is known; NaN where nothing is."""
    known = [value for value in seconds if not np.isnan(value)]
    return sum(known) / 3600 if known else NAN


def _largest(values: Iterable[float]) -> float:
    return max((value for value in values if not np.isnan(value)), default=NAN)


def _demand_page(table: pd.DataFrame, models: Mapping, datasets: Mapping) -> Page:
    headings = [
        *("Trainings", "Device", "Parameters", "Epochs", "Training (h:mm:ss)", "Samples/s", "Memory (MiB)"),
        *("GPU memory (MiB)", "Prediction (h:mm:ss)", "Memory of prediction (MiB)", "No benchmark"),
    ]
    columns = columns_of_text(*headings)
    matrices = []
    for model, part in table.groupby("model", sort=False):
        rows = []
        for row in part.to_dict("records"):
            texts = [
                *(str(row["trainings"]), row["device"] or EN_DASH, _whole(row["parameters"]), str(row["epochs"])),
                *(_clock(row["training_s"]), _decimals(row["samples_per_s"], 1), _whole(row["training_peak_mb"])),
                *(_whole(row["gpu_peak_mb"]), _clock(row["prediction_s"]), _whole(row["prediction_peak_mb"])),
                str(row["benchmarks_missing"]),
            ]
            title = datasets.get(row["source"], {}).get("title", row["source"])
            rows.append(row_of_text(title, texts, control=models[model].get("control", False)))
        matrices.append(Matrix(models[model]["title"], "", "Source", columns, rows))
    return Page("Compute demand by model and source", matrices, NOTES)


def _stage_page(table: pd.DataFrame) -> Page:
    headings = ["Jobs", "No benchmark", "Wall (h)", "CPU (h, at least)", "GPU (h)", "Memory (MiB)"]
    columns = columns_of_text(*headings)
    rows = []
    for row in table.to_dict("records"):
        hours = [_decimals(row[name], 3) for name in ("wall_h", "cpu_h", "gpu_h")]
        missing = EN_DASH if row["stage"] == SHOWING else str(row["benchmarks_missing"])
        texts = [str(row["jobs"]), missing, *hours, _whole(row["peak_mb"])]
        title = "All" if row["stage"] == TOTAL else row["stage"]
        rows.append(Row(title, False, [Cell(text, home=row["stage"] == TOTAL) for text in texts]))
    total = table.iloc[-1]
    notes = list(STAGE_NOTES)
    if total["estimated"]:
        notes.append(f"Trainings whose CPU time is such an estimate: {total['estimated']}.")
    return Page("Compute demand by stage", [Matrix("All jobs", "", "Stage", columns, rows)], notes)


def _whole(value: float) -> str:
    return EN_DASH if np.isnan(value) else f"{value:,.0f}"


def _decimals(value: float, places: int) -> str:
    return EN_DASH if np.isnan(value) else f"{value:,.{places}f}"


def _clock(seconds: float) -> str:
    """h:mm:ss, also beyond a day."""
    if np.isnan(seconds):
        return EN_DASH
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{str(timedelta(seconds=rest))[2:]}"
