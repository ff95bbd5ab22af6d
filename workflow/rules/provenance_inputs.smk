# What the rules of provenance.smk read and are told.
from pickbench.tables.dropped import NAME as DROPPED_NAME
from pickbench.tables.provenance import NAME as PROVENANCE_NAME

PROVENANCE = expand("results/tables/{name}.{kind}", name=PROVENANCE_NAME, kind=FORMATS)
DROPPED = expand("results/tables/{name}.{kind}", name=DROPPED_NAME, kind=FORMATS)


def files_of_the_run():
    """Trainings, published weights, predictions and data, each with its files."""
    pickers = [{"model": model, "source": source, "seed": seed} for model, source, seed in GRID.pickers()]
    learned = [picker for picker in pickers if picker["source"] not in PROJECT.published]
    trainings = [
        {**picker, "learning_rate": lr, "folder": CANDIDATE.format(lr=lr, **picker)}
        for picker in learned
        for lr in GRID.learning_rates(picker["model"])
    ]
    return {
        "trainings": trainings,
        "published": [{**p, "weights": PUBLISHED.format(**p)} for p in pickers if p not in learned],
        "predictions": [{**picker, "cells": CELLS.format(**picker)} for picker in pickers],
        "datasets": {
            name: {"raw": f"results/raw/{name}.json", "checksums": f"results/data/{name}/checksums.json"}
            for name in PROJECT.datasets
        },
    }


def settings_of_the_run():
    """The configuration, and the settings of datasets and models wherever their files lie."""
    entries = {"datasets": PROJECT.datasets, "models": PROJECT.models}
    without_files = {
        kind: {
            name: {key: value for key, value in settings.items() if key != "file"} for name, settings in named.items()
        }
        for kind, named in entries.items()
    }
    return {"config": RUN, **without_files}


def dataset_accounts():
    """What the preparation of each dataset has left, and its windows."""
    used = sorted(used_windows())
    return [
        {
            "dataset": name,
            "dropped": f"results/data/{name}/dropped.json",
            "split_report": f"results/data/{name}/split_report.json",
            "windows": [f"results/windows/{dataset}/{file}.csv" for dataset, file in used if dataset == name],
        }
        for name in PROJECT.datasets
    ]
