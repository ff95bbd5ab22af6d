"""What a run was made with and from: `run.json` for machines, and the table `provenance` for people.

Both hold times and hosts, so they differ between runs whose results are the same.
"""

import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import yaml

from pickbench.files import read_json, sha256, write_json
from pickbench.provenance import OTHER_PACKAGES, checkout, time_of, versions
from pickbench.tables.formats import EN_DASH, Column, Listing, Matrix, Page, columns_of_text, row_of_text, write_page

NAME = "provenance"
COLUMNS = ["part", "name", "value"]
SHOWN_DIGITS = 16
SOURCES = {"seisbench": "SeisBench: {}", "path": "{}", "simulate": "simulated"}
NOTES = [
    "What this computer has is what it had when this page was written, after everything else; what trainings say is"
    " from when they ran. A commit is of the working tree that pickbench was run from.",
    f"SHA-256 checksums, of which the first {SHOWN_DIGITS} digits are shown; all of them, with the settings of every"
    " dataset and model, are in results/run.json, and those of single prediction files in cells.json beside them.",
]


@dataclass(frozen=True)
class RunFiles:
    """What a run leaves.

    Attributes
    ----------
    metrics
        The long table of results.
    trainings
        model, source, learning_rate, seed and folder of each candidate.
    published
        model, source and weights file of published weights.
    predictions
        model, source, seed and cells.json of each picker.
    datasets
        Id -> `raw` manifest and `checksums` of the prepared data.
    """

    metrics: Path
    trainings: Sequence[Mapping] = field(default_factory=tuple)
    published: Sequence[Mapping] = field(default_factory=tuple)
    predictions: Sequence[Mapping] = field(default_factory=tuple)
    datasets: Mapping[str, Mapping] = field(default_factory=dict)


def provenance(files: RunFiles, settings: Mapping) -> dict:
    """Gather everything that a run depends on.

    Parameters
    ----------
    files
        What the run has left.
    settings
        `config` with all defaults, and the settings of `datasets` and `models`, by id.

    Returns
    -------
    dict
        The content of run.json.
    """
    raw = [Path(dataset["raw"]) for dataset in files.datasets.values()]
    return {
        "written": time_of(datetime.now(UTC).timestamp()),
        "first_file": time_of(min(path.stat().st_mtime for path in raw)) if raw else None,
        "metrics_file": time_of(Path(files.metrics).stat().st_mtime),
        "metrics_sha256": sha256(files.metrics),
        "host": platform.node(),
        "platform": platform.platform(),
        "repository": checkout(),
        "versions": versions(OTHER_PACKAGES),
        "data": {
            name: {"raw": read_json(dataset["raw"])["parts"], "sha256": read_json(dataset["checksums"])}
            for name, dataset in files.datasets.items()
        },
        "trainings": [_training(training) for training in files.trainings],
        "published_weights": [
            {**_named(picker, "model", "source"), "sha256": sha256(picker["weights"])} for picker in files.published
        ],
        "predictions": [
            {**_named(picker, "model", "source", "seed"), "target": cell["target"], **_made(cell, "device")}
            for picker in files.predictions
            for cell in read_json(picker["cells"])["cells"]
        ],
        "settings": dict(settings),
    }


def write_provenance(files: RunFiles, settings: Mapping, output: str | Path, stem: Path) -> None:
    """Write what a run depends on.

    Parameters
    ----------
    files, settings
        As for `provenance`.
    output
        JSON file.
    stem
        Path of the table without its suffix.
    """
    content = provenance(files, settings)
    write_json(output, content)
    table = pd.DataFrame(list(_flat(content)), columns=COLUMNS)
    write_page(table, _page(content), stem)


def _training(training: Mapping) -> dict:
    folder = Path(training["folder"])
    run = read_json(folder / "run.json")
    networks = run.get("networks") or {"": run}
    return {
        **_named(training, "model", "source", "learning_rate", "seed"),
        "sha256": sha256(folder / "weights.npz"),
        "devices": sorted({network["device"] for network in networks.values() if "device" in network}),
        **_made(run, "seconds"),
        "ended": sorted({network["ended"] for network in networks.values() if "ended" in network}),
        "versions": run["versions"],
    }


def _made(record: Mapping, *others: str) -> dict:
    """Where, when and by which code something was made, as far as its record says."""
    return {key: record.get(key) for key in ("host", "finished", "git", *others)}


def _named(entry: Mapping, *keys: str) -> dict:
    return {key: entry[key] for key in keys}


def _about(content: Mapping) -> Iterator[tuple[str, str]]:
    """The lines of the first part of the page."""
    repository, config = content["repository"], content["settings"]["config"]
    state = {None: "not known", True: "with changes that are not committed", False: "nothing changed"}
    yield "pickbench", content["versions"]["pickbench"]
    yield "git commit", repository["commit"] if repository else "not known"
    yield "working tree", state[repository and repository["dirty"]]
    yield "first file of the run", content["first_file"] or EN_DASH
    yield "metrics.csv", content["metrics_file"]
    yield "this page", content["written"]
    yield "host", f"{content['host']}, {content['platform']}"
    yield "trainings on", _counted(_where(training) for training in content["trainings"])
    yield "predictions on", _counted(f"{cell['device']} of {cell['host']}" for cell in content["predictions"])
    yield "seeds of trainings", ", ".join(map(str, config["seeds"]))
    yield "seed of data and windows", str(config["data_seed"])
    yield "SHA-256 of metrics.csv", content["metrics_sha256"]


def _versions(content: Mapping) -> Iterator[tuple[str, str, str]]:
    """Package, its version here, and its versions in trainings."""
    for name, here in content["versions"].items():
        in_trainings = {training["versions"].get(name) for training in content["trainings"]}
        yield name, here, ", ".join(sorted(filter(None, in_trainings))) or EN_DASH


def _weights(content: Mapping) -> Iterator[dict]:
    """Every file of weights."""
    yield from content["trainings"]
    for picker in content["published_weights"]:
        yield {**picker, "learning_rate": "", "seed": "", "devices": [], "ended": ["published"]}


def _flat(content: Mapping) -> Iterator[tuple[str, str, str]]:
    """Everything in lines of part, name and value."""
    yield from (("run", *line) for line in _about(content))
    for name, here, in_trainings in _versions(content):
        yield "version", name, here
        yield "version in trainings", name, in_trainings
    for dataset, data in content["data"].items():
        yield from (("data", f"{dataset}/{file}", checksum) for file, checksum in data["sha256"].items())
    for weights in _weights(content):
        name = "/".join(str(weights[key]) for key in ("model", "source", "learning_rate", "seed"))
        yield "weights", name.rstrip("/"), weights["sha256"]
    yield "configuration", "", _as_yaml(content["settings"]["config"])


def _page(content: Mapping) -> Page:
    datasets, models = content["settings"]["datasets"], content["settings"]["models"]
    about = [row_of_text(name, [value]) for name, value in _about(content)]
    packages = [row_of_text(name, [here, in_trainings]) for name, here, in_trainings in _versions(content)]
    data = []
    for dataset, entry in content["data"].items():
        source = " ".join(SOURCES[kind].format(value) for kind, value in datasets[dataset]["source"].items())
        data += [
            row_of_text(datasets[dataset]["title"], [source, file, _short(code)])
            for file, code in entry["sha256"].items()
        ]
    matrices = [
        Matrix("The run", "", "What", [Column("Value", sentences=True)], about),
        Matrix("Versions", "", "Package", columns_of_text("Here", "In trainings"), packages),
        Matrix(
            "Prepared data", "", "Dataset", [Column("From", sentences=True), *columns_of_text("File", "SHA-256")], data
        ),
    ]
    for model, settings in models.items():
        rows = [
            row_of_text(
                datasets.get(weights["source"], {}).get("title", weights["source"]),
                [
                    *(str(weights["learning_rate"]), str(weights["seed"]), ", ".join(weights["devices"]) or EN_DASH),
                    *(", ".join(weights["ended"]) or EN_DASH, _short(weights["sha256"])),
                ],
            )
            for weights in _weights(content)
            if weights["model"] == model
        ]
        columns = columns_of_text("Learning rate", "Seed", "Device", "Ended by", "SHA-256")
        matrices += [Matrix("Weights", settings["title"], "Source", columns, rows)] if rows else []
    listing = Listing("Configuration, with all defaults", _as_yaml(content["settings"]["config"]))
    return Page("Provenance", matrices, NOTES, [listing])


def _as_yaml(content: Mapping) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)


def _counted(texts: Iterable[str]) -> str:
    counts = pd.Series(list(texts), dtype=str).value_counts(sort=False)
    return ", ".join(f"{text}: {count}" for text, count in counts.items()) or EN_DASH


def _where(training: Mapping) -> str:
    return f"{'/'.join(training['devices'])} of {training['host']}" if training["devices"] else "nothing to train"


def _short(checksum: str) -> str:
    return checksum[:SHOWN_DIGITS]
