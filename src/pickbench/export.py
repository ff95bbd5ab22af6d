"""The selected pickers as SeisBench weight files, which `seisbench.models.X.load` opens.

SeisBench loads one set of weights where a picker here may have one for every answer. So there is a pair of files for
each candidate that was selected for anything, named after its learning rate, and for a model of several networks one
for each of them. The .json file says what its weights were selected for, and has thresholds that suit them.
"""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.files import checked, read_json
from pickbench.metrics import scores
from pickbench.metrics.cells import has_answer, labelled_scores
from pickbench.metrics.registry import ANSWERS
from pickbench.models import load_adapter
from pickbench.models.base import load_weights
from pickbench.models.network import Network
from pickbench.selection import in_words
from pickbench.weightfiles import WeightFiles, write_pair

VERSION = "1"
# Of several candidates the one that gives this answer is recommended to those who want only one.
MAIN_ANSWER = "p_sample_pred"


def export(model: dict, source: dict, selected: Path, folder: Path) -> list[Path]:
    """Write the weight files of one picker.

    Parameters
    ----------
    model
        The model's settings.
    source
        `id` and `title` of the dataset that it learned from.
    selected
        What `pickbench.selection.select` wrote; `run.json` and the dev answers lie beside the weights it names.
    folder
        Where to write lr{learning rate}.pt.v1 and .json.v1, or lr{learning rate}-{network}.pt.v1 and .json.v1.

    Returns
    -------
    list of Path
        The .pt files.
    """
    adapter = load_adapter(model)
    networks = adapter.networks()
    choice = read_json(selected)
    answers = choice["answers"]
    main = answers.get(MAIN_ANSWER, next(iter(answers.values()), None))
    written = []
    for lr in dict.fromkeys(answer["lr"] for answer in answers.values()):
        chosen = {column: answer for column, answer in answers.items() if answer["lr"] == lr}
        candidate = Path(next(iter(chosen.values()))["weights"])
        weights, run = load_weights(candidate), read_json(candidate.with_name("run.json"))
        for name, network in networks.items():
            given = {column: answer for column, answer in chosen.items() if column in network.GIVES}
            if not given:
                continue
            several = len(networks) > 1
            stem = f"lr{lr}-{name}" if several else f"lr{lr}"
            files = WeightFiles(folder / f"{stem}.pt.v{VERSION}", folder / f"{stem}.json.v{VERSION}")
            built = network.load(adapter.weights_of(name, weights))
            metadata = _metadata(network, built, source, given, run, candidate.parent)
            if not several and len({answer["lr"] for answer in answers.values()}) > 1:
                metadata["docstring"] += _advice(lr == main["lr"])
            write_pair(files, built.state_dict(), metadata)
            written.append(files.weights)
    return written


def _advice(recommended: bool) -> str:
    if recommended:
        return "\nRecommended where one set of weights has to do everything."
    return "\nOther weights of this picker are recommended where one set has to do everything."


def _metadata(
    network: Network, built, source: Mapping[str, str], given: Mapping[str, dict], run: dict, dev: Path
) -> dict:
    """Content of the .json file."""
    selected_for = {column: in_words(a["metric"], a["scores"][a["lr"]]) for column, a in given.items()}
    words = [f"{ANSWERS[column].title} ({value})" for column, value in selected_for.items()]
    thresholds = dev_thresholds(dev, built.labels or "", network.GIVES)
    lines = [
        f"{network.name} trained on {source['title']} with a learning rate of {run['learning_rate']:g} and seed"
        f" {run['seed']} by pickbench {run['versions']['pickbench']}.",
        f"Selected on the dev split for: {', '.join(words)}.",
    ]
    if thresholds:
        lines.append("Thresholds are chosen on the dev split for the best F1 score of event detection.")
    if network.caution():
        lines.append(network.caution())
    if network.settings.get("citation"):
        lines.append(f"When using this model, please reference {network.settings['citation']}")
    return {
        "docstring": "\n".join(lines),
        "model_args": network.model_args(),
        "default_args": thresholds,
        "seisbench_requirement": version("seisbench"),
        "version": VERSION,
        "pickbench": {
            "architecture": network.name,
            "variant": network.own["variant"],
            "source": source["id"],
            "selected_for": selected_for,
            **{key: run[key] for key in ("model", "learning_rate", "seed", "data_checksum", "versions")},
        },
    }


def dev_thresholds(dev: Path, labels: str | list[str], gives: tuple[str, ...]) -> dict[str, float]:
    """Thresholds for SeisBench's `classify`, from a candidate's answers to its source's dev windows.

    The detection threshold t has the best F1 score. Detection itself, and phases of a network without a class of noise,
    get t. Where P, S and noise are classes of one network, P gets t sqrt(q) and S gets t / sqrt(q), as is usual for
    published weights; q is the quotient of P and S that tells them apart best, and 1 if that does as well. Where one of
    the two would reach 1, which no probability exceeds, both get t.

    Parameters
    ----------
    dev
        Folder with dev_task1.parquet and dev_task23.parquet.
    labels
        Curves of the network.
    gives
        Its answers.

    Returns
    -------
    dict
        Without those that cannot be had.
    """
    detection = _detection_threshold(dev) if "score_detection" in gives else float("nan")
    if not np.isfinite(detection):
        return {}
    found = {f"{label}_threshold": detection for label in labels if label in ("P", "S")}
    if "N" in labels:
        root = _quotient(dev) ** 0.5
        skewed = {"P_threshold": detection * root, "S_threshold": detection / root}
        found |= skewed if max(skewed.values()) < 1 else {}
    if "Detection" in labels:
        found["detection_threshold"] = detection
    return found


def _labelled(dev: Path, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Labels and scores of a candidate's dev windows; none where it has no such answer."""
    answer = ANSWERS[column]
    table = pd.read_parquet(checked(dev / f"dev_{answer.file}.parquet"))
    return labelled_scores(table, answer) if len(table) and has_answer(table, answer) else (np.empty(0), np.empty(0))


def _detection_threshold(dev: Path) -> float:
    """The middle of the scores that have the best F1 as thresholds; NaN where there are none.

    All thresholds from one score down to the next are equally good. Metrics take the highest of them, which is close to
    the least of the events; in use the middle is the safer one.
    """
    points = scores.operating_points(*_labelled(dev, "score_detection"))
    best = scores.best_threshold(points, ANSWERS["score_detection"].threshold_by)
    below = points.threshold[points.threshold < best]
    return float(best + (below[0] if len(below) else 0.0)) / 2


def _quotient(dev: Path) -> float:
    """The quotient of P and S that tells them apart best; 1 if that is as good or there is none."""
    labels, values = _labelled(dev, "score_p_or_s")
    best = scores.best_threshold(scores.operating_points(labels, values), ANSWERS["score_p_or_s"].threshold_by)
    if not (np.isfinite(best) and best > 0):
        return 1.0
    at_best, at_one = (scores.mcc(scores.confusion(labels, values, threshold)) for threshold in (best, 1.0))
    return 1.0 if at_one >= at_best else best
