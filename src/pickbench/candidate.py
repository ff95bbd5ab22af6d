"""One training run, whole: learn, write the best weights, and answer the source's own dev windows.

Selection reads those answers. The process that trained is already warm, so it gives them at once. What was learned is
kept under a key of all that it follows from, so that only a change of that trains anew.
"""

import logging
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import pandas as pd

from pickbench.collapse import COLLAPSED, collapsed_answers
from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.files import checked, digest, read_json, remedy, replacing, sha256, write_json
from pickbench.grid import columns_of
from pickbench.metrics.registry import ANSWERS
from pickbench.models import load_adapter
from pickbench.models.base import HISTORY_COLUMNS, Adapter, Fit, Question, TrainingPlan, load_weights, save_weights
from pickbench.phases import DEFAULT_ARRIVAL_COLUMNS
from pickbench.prediction import answer_windows, check_rows, write_answers
from pickbench.provenance import made_here, versions
from pickbench.stages import VERSIONS
from pickbench.windows.tables import read_windows

log = logging.getLogger(__name__)
# Of a finished fit, besides fit.json.
KEPT_FILES = ("weights.npz", "history.csv")
# What run.json says of the model's file.
LEARNED_AS = ("adapter", "architecture", "tasks", "phases", "settings")


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
        How to train; what is to be kept goes to a folder of its own in `plan.checkpoints`. For a task that is not among
        `plan.windows` the answers are an empty table.
    batch_size
        Windows at a time when answering.
    files
        What to write.

    Raises
    ------
    SystemExit
        When a signal asked the job to leave while it trained (`pickbench.signals`).
    """
    data_checksum = sha256(dataset / "checksums.json")
    adapter = load_adapter(model)
    # Picks are all that training needs of the metadata, which may have millions of rows.
    prepared = PreparedDataset(dataset, columns=list(plan.arrival_columns or DEFAULT_ARRIVAL_COLUMNS))
    dev = {name: read_windows(path, "dev") for name, path in plan.windows.items()}
    for rows in dev.values():
        check_rows(prepared, rows)
    _check_lengths(adapter, dev)
    kept = plan.checkpoints / _key(model, adapter.READ_OUT_SETTINGS, plan, data_checksum)
    fit = _read_fit(kept)
    if fit is None:
        fit = adapter.fit(prepared, replace(plan, checkpoints=kept))
        # A job that was left running may have been faster, and on GPUs no two trainings are alike to the last bit.
        fit = _read_fit(kept) or _keep_fit(kept, replace(fit, facts={**fit.facts, **made_here()}))
    _remove_others(plan.checkpoints, kept)
    given = {}
    for name in files.dev:
        rows = dev.setdefault(name, pd.DataFrame())
        learned = [column for column in columns[name] if column not in fit.unlearned]
        question = Question(prepared, rows, learned, plan.seed, batch_size)
        asked = len(rows) and learned
        given[name] = answer_windows(adapter, question, fit.weights) if asked else pd.DataFrame(index=rows.index)
    fit = _without_collapsed(adapter, fit, dev, given, columns)
    for name, path in files.dev.items():
        write_answers(path, dev[name], given[name].drop(columns=fit.unlearned, errors="ignore"))
    save_weights(files.weights, fit.weights, sealed=True)
    _write_history(files.history, fit.history, sealed=True)
    write_json(files.run, _record(model, plan, fit, dataset), sealed=True)


def keep_records(folders: Mapping[float, Path], selected: Path, target: Path) -> None:
    """Copy what the trainings of a picker's candidates have noted, and which of them were selected.

    Parameters
    ----------
    folders
        Learning rate -> folder of the candidate.
    selected
        What `pickbench.selection.select` wrote.
    target
        Where to put them: as selected.json, and history.csv and run.json in a folder lrLR for each.
    """
    _copy(selected, target / "selected.json")
    for lr, folder in folders.items():
        for name in ("history.csv", "run.json"):
            _copy(folder / name, target / f"lr{lr}" / name)


def _copy(path: Path, target: Path) -> None:
    with replacing(target, sealed=True) as temporary:
        shutil.copyfile(checked(path), temporary)


def _without_collapsed(
    adapter: Adapter,
    fit: Fit,
    dev: Mapping[str, pd.DataFrame],
    given: Mapping[str, pd.DataFrame],
    columns: Mapping[str, Sequence[str]],
) -> Fit:
    """The fit, with the answers that have collapsed among those that were not learned.

    That is not kept with the weights, since it is seen in what is read out of them.
    """
    if adapter.LEARNS_FROM == "nothing":
        return fit
    learned = {column for wanted in columns.values() for column in wanted} - set(fit.unlearned)
    networks = {name: network.GIVES for name, network in adapter.networks().items()} or {"": adapter.GIVES}
    tables = {name: dev[name].join(answers) for name, answers in given.items()}
    collapsed = collapsed_answers(tables, [[c for c in gives if c in learned] for gives in networks.values()])
    if not collapsed:
        return fit
    titles = ", ".join(ANSWERS[column].title for column in collapsed)
    advice = "another learning rate, or more epochs, may help"
    log.warning("collapsed: one answer to all dev windows, which is none (%s); %s", titles, advice)
    facts = dict(fit.facts)
    if "networks" in facts:
        facts["networks"] = {
            name: {**noted, "unlearned": {**noted["unlearned"], **_reasons(collapsed, networks[name])}}
            for name, noted in facts["networks"].items()
        }
    return replace(fit, unlearned={**fit.unlearned, **_reasons(collapsed, ANSWERS)}, facts=facts)


def _reasons(collapsed: Collection[str], gives: Collection[str]) -> dict[str, str]:
    return {column: COLLAPSED for column in collapsed if column in gives}


def read_history(path: str | Path) -> pd.DataFrame:
    """Read the course of a training or a search.

    Parameters
    ----------
    path
        history.csv of a candidate.

    Returns
    -------
    DataFrame
        See `pickbench.models.base.Fit`; the numbers are those that were written, to the bit.

    Raises
    ------
    InputError
        When it cannot be read, lacks a column, or is not as it was written.
    """
    path = checked(path)
    try:
        # A network is called as it likes, also by a word that stands for no value elsewhere.
        none = {column: [""] for column in HISTORY_COLUMNS if column != "network"}
        history = pd.read_csv(path, keep_default_na=False, na_values=none, float_precision="round_trip")
        history[HISTORY_COLUMNS]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: not a readable history ({error}); {remedy('it')}") from None
    return history


def _check_lengths(adapter: Adapter, dev: dict[str, pd.DataFrame]) -> None:
    """Refuse windows that a network cannot take in before it is trained."""
    for name, rows in dev.items():
        for network in adapter.networks().values():
            if columns_of(name, network.GIVES):
                start, end = rows["start_sample"].to_numpy(), rows["end_sample"].to_numpy()
                network.frame(start, end, end)


def _key(model: dict, read_out_settings: Collection[str], plan: TrainingPlan, data_checksum: str) -> str:
    """Key of a training: a checksum of everything that it depends on; read-out settings are left out."""
    learns_as = {key: value for key, value in model.items() if key != "readout"}
    learns_as["settings"] = {
        key: value for key, value in model.get("settings", {}).items() if key not in read_out_settings
    }
    limits = {key: value for key, value in asdict(plan).items() if key not in ("checkpoints", "threads")}
    # Only a search learns from windows.
    limits["windows"] = {name: sha256(path) for name, path in plan.windows.items()} if plan.tuning else None
    made_from = {"version": VERSIONS["train"], "packages": versions(), "data": data_checksum}
    return digest({"model": learns_as, "plan": limits, **made_from})[:16]


def _keep_fit(folder: Path, fit: Fit) -> Fit:
    """Write a finished fit, and give it; fit.json comes last and says that it is whole."""
    save_weights(folder / "weights.npz", fit.weights)
    _write_history(folder / "history.csv", fit.history)
    content = {"dev_loss": fit.dev_loss, "unlearned": fit.unlearned, "facts": fit.facts}
    content["files"] = {name: sha256(folder / name) for name in KEPT_FILES}
    write_json(folder / "fit.json", {**content, "sha256": digest(content)})
    return fit


def _read_fit(folder: Path) -> Fit | None:
    """The fit that an earlier run has kept, if it finished and is as it was written."""
    if not (folder / "fit.json").exists():
        return None
    try:
        content = read_json(folder / "fit.json")
        whole = content.pop("sha256") == digest(content)
        whole = whole and content.pop("files") == {name: sha256(folder / name) for name in KEPT_FILES}
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        whole = False
    if not whole:
        log.warning("%s: not as it was written: training starts again", folder)
        return None
    log.info("trained before: going on from %s", folder)
    return Fit(load_weights(folder / "weights.npz"), read_history(folder / "history.csv"), **content)


def _remove_others(checkpoints: Path, kept: Path) -> None:
    """Remove the checkpoints of a finished fit, and what other trainings have left; one may still write there."""
    for path in [*checkpoints.iterdir(), *kept.glob("*.ckpt")]:
        if path.is_dir() and path != kept:
            shutil.rmtree(path, ignore_errors=True)
        elif path != kept:
            path.unlink(missing_ok=True)


def _write_history(path: Path, history: pd.DataFrame, *, sealed: bool = False) -> None:
    with replacing(path, sealed=sealed) as temporary:
        history.to_csv(temporary, index=False)


def _settings(model: dict, plan: TrainingPlan) -> dict:
    """The settings that a training follows from: the model's, and of the plan those that its kind uses."""
    used = {"answers"}
    if model["learns_from"] == "traces":
        used = {field.name for field in fields(plan)} - {"checkpoints", "threads", "windows", "tuning"}
    elif model["learns_from"] == "windows":
        used |= {"tuning"}
    limits = {key: value for key, value in asdict(plan).items() if key in used - {"learning_rate", "seed"}}
    return {**{key: value for key, value in model.items() if key in LEARNED_AS}, **limits}


def _record(model: dict, plan: TrainingPlan, fit: Fit, dataset: Path) -> dict:
    """What made the weights, for run.json."""
    return {
        "model": model["id"],
        "source": dataset.name,
        "learning_rate": plan.learning_rate,
        "seed": plan.seed,
        "settings": _settings(model, plan),
        "epochs": int(fit.history["epoch"].max()) if len(fit.history) else 0,
        "dev_loss": fit.dev_loss,
        "unlearned": fit.unlearned,
        "data": read_json(dataset / "checksums.json"),
        "data_checksum": sha256(dataset / "checksums.json"),
        # Of training, whatever interrupted it.
        "seconds": round(float(fit.history["seconds"].sum()), 3),
        "versions": versions(),
        **fit.facts,
    }
