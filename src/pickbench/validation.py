"""Looking over what a run is given, before it is run: the faults of models, of data, and of what is published.

Nothing is trained or simulated, and the only downloads are weights that go by a name in SeisBench's repository. What a
run would stop at is a fault; what it would leave out, and what could not be looked at, is a remark. A file that cannot
be read hides further faults in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from pickbench.adoption import adopt
from pickbench.config import Project, known_ids
from pickbench.data.account import in_numbers
from pickbench.data.fetch import check_class, fetch
from pickbench.data.prepare import look_over
from pickbench.errors import InputError, kept
from pickbench.grid import all_answers
from pickbench.models import load_adapter
from pickbench.places import located, published_windows, source_at, weights_at
from pickbench.protocol import TASK_FILES
from pickbench.tables.published import FIGURES_FILE, read_published
from pickbench.windows.published import read_rows
from pickbench.windows.tables import check_windows


@dataclass
class Overview:
    """What there is to say, one line each.

    Attributes
    ----------
    faults
        What a run would stop at.
    remarks
        What it would leave out, and what could not be looked at.
    """

    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def validate(
    models: Mapping[str, dict],
    datasets: Mapping[str, dict],
    published: Sequence[dict],
    model_options: Mapping,
    figures: Mapping | None = None,
) -> Overview:
    """Look over models, datasets, published weights and published figures.

    Parameters
    ----------
    models
        Settings by model.
    datasets
        By dataset its `source`, `arrival_columns`, `split` and `tasks`, as in its file; and its published `windows`,
        files by task file, if it has such.
    published
        For each pair of published source and model: the `model`, the `weights` (a name, or a pair of files), and the
        `columns` that it answers.
    model_options
        Those of the configuration: what to blame for a setting that stands there.
    figures
        The `path` of the published figures, and the `models` and `datasets` that there are.

    Returns
    -------
    Overview
        Everything, in this order.
    """
    overview, fine = Overview(), set()
    for name, settings in models.items():
        with kept(overview.faults, model_options):
            load_adapter(settings)
            fine.add(name)
    for name, about in datasets.items():
        with kept(overview.faults):
            _look_at_dataset(name, about, overview)
        for path in about["windows"]:
            with kept(overview.faults):
                rows = read_rows(Path(path))
                check_windows(rows, [task for task in TASK_FILES[Path(path).stem] if task in about["tasks"]], path)
                overview.remarks.append(
                    f"{name}: {len(rows)} published windows in {path}; their traces are looked up in a run"
                )
    for picker in published:
        if picker["model"] in fine:
            with kept(overview.faults):
                _look_at_weights(models[picker["model"]], picker["weights"], picker["columns"])
    if figures:
        with kept(overview.faults):
            read_published(figures["path"], figures["models"], figures["datasets"])
    # Two datasets may have one folder.
    overview.faults = list(dict.fromkeys(overview.faults))
    return overview


def to_look_over(project: Project, root: Path) -> dict:
    """What of a project there is to look over, as parameters of `validate`.

    Of datasets that the project lacks (`pickbench.config.ConfigErrors`), there is nothing.
    """
    return {
        "models": {model: project.settings_of(model) for model in project.models},
        "datasets": {
            name: {
                **{key: settings[key] for key in ("arrival_columns", "split", "tasks")},
                "source": source_at(settings["source"], root),
                "windows": [str(path) for path in published_windows(settings, root)],
            }
            for name, settings in project.datasets.items()
        },
        "published": [
            {
                "model": model,
                "weights": weights_at(weights, root),
                "columns": [answer.column for answer in all_answers(project.models[model])],
            }
            for source in project.sources
            for model, weights in project.published.get(source, {}).items()
            if _has_tasks(model, project)
        ],
        "model_options": project.config["model_options"],
        "figures": {"path": str(located(FIGURES_FILE, root)), **known_ids(project, root)},
    }


def _has_tasks(model: str, project: Project) -> bool:
    """Whether a model is in a project, and has anything to answer there; otherwise a run takes no weights of it."""
    tasks = {task for target in project.targets for task in project.datasets.get(target, {}).get("tasks", ())}
    return model in project.models and bool(tasks & set(project.models[model]["tasks"]))


def looked_at(given: Mapping) -> str:
    """Say in a line what `validate` looks at, of what `to_look_over` gives."""
    pairs = dict.fromkeys(str(picker["weights"]) for picker in given["published"])
    parts = [
        f"configuration; models: {', '.join(given['models'])}",
        f"datasets: {', '.join(given['datasets'])}",
        f"published weights: {', '.join(pairs) or 'none'}",
        f"published figures: {given['figures']['path']}",
    ]
    return f"looked at {'; '.join(parts)}"


def _look_at_dataset(name: str, about: Mapping, overview: Overview) -> None:
    source = about["source"]
    if "simulate" in source:
        return
    if "seisbench" in source:
        check_class(name, source["seisbench"])
        overview.remarks.append(f"{name}: data of SeisBench are not looked into before they are fetched")
        return
    with TemporaryDirectory() as folder:
        manifest = Path(folder) / "raw.json"
        fetch(name, source, manifest)
        # Windows of others say themselves where the picks are.
        summary, faults = look_over(
            manifest, about["arrival_columns"], own_split=about["split"] == "own", picks_needed=not about["windows"]
        )
    overview.faults += faults
    counts = in_numbers(summary)
    total, left = summary["traces_in"], summary["traces_out"]
    if total == sum(summary["dropped"].values()):
        raise InputError(f"{source['path']}: none of its {total} traces can be used; left out: {counts}")
    mended = "".join(f"; {count} {reason}" for reason, count in summary["mended"].items())
    overview.remarks.append(
        f"{name}: {left} of {total} traces can be used as far as metadata tell; left out: {counts}{mended}"
    )


def _look_at_weights(model: dict, weights: str | dict, columns: Sequence[str]) -> None:
    with TemporaryDirectory() as folder:
        adopt(model, weights, columns, 0, Path(folder) / "weights.npz", Path(folder) / "selected.json")
