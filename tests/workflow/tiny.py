"""The smallest run through every stage: three twins with other tasks each, and how it is run once more."""

from pathlib import Path

import yaml

from pickbench.yamlfiles import read_yaml
from tests.conftest import ROOT
from tests.workflow.support import planned, snakemake

# The title of a dataset is text wherever it is shown.
HOSTILE = "<script>alert('tiny')</script>"
RATE_STUDY = {
    "models": ["phasenetlight", "oracle"],
    "sources": ["tiny-local"],
    "targets": ["tiny-far"],
    "rates_hz": [25, 33.3],
}


def write_twin(folder: Path, name: str, like: str, **changes) -> None:
    """A twin's file with few traces, all three splits by trace so that none is empty."""
    content = read_yaml(ROOT / "config" / "datasets" / f"{like}.yaml")
    recipe = content["source"]["simulate"]
    recipe |= {"traces": 100, "split": {"by": "trace", "dev": 0.3, "test": 0.3}}
    if recipe["noise"]["share"] > 0:
        recipe["noise"]["share"] = 0.3
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(yaml.safe_dump({**content, **changes}), encoding="utf-8")


def write_config(folder: Path, **changes) -> Path:
    content = {
        "dataset_dirs": [str(folder / "datasets")],
        "datasets": ["tiny-local", "tiny-far", "tiny-p"],
        "models": ["phasenetlight", "oracle"],
        "learning_rates": [0.01],
        "training": {"batch_size": 16, "max_epochs": 1, "threads": 1},
        "prediction": {"threads": 1},
    }
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump({**content, **changes}), encoding="utf-8")
    return path


def again(folder: Path, *words: str) -> dict[str, int]:
    return planned(
        snakemake(
            "--configfile",
            folder / "tiny.yaml" if words else write_config(folder, rate_study=RATE_STUDY),
            "--cores",
            "2",
            *words,
            directory=folder,
        )
    )
