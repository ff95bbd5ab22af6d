"""Trainings that came to nothing: pickers that have not learned an answer, since they diverged or collapsed.

What such a network answers says nothing of the model, so findings leave it out and name it. Read from what selection
has noted of each picker.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pickbench.collapse import COLLAPSED
from pickbench.files import read_json
from pickbench.metrics.registry import ANSWERS, Answer
from pickbench.models.base import DIVERGED


@dataclass(frozen=True)
class Failure:
    """A picker that has not learned an answer.

    Attributes
    ----------
    model, source, seed
        The picker.
    answer
        What it has not learned.
    reason
        "diverged" or "collapsed".
    gives
        Columns of the answers that come from the same network of the same training, this one among them.
    """

    model: str
    source: str
    seed: int
    answer: Answer
    reason: str
    gives: frozenset[str]


def failures(selected: Iterable[tuple[str, str, str | Path]], networks: Mapping[str, int]) -> list[Failure]:
    """Read which trainings came to nothing.

    Parameters
    ----------
    selected
        Model, source, and the file that `pickbench.selection.select` wrote for each picker.
    networks
        Model -> of how many networks it consists. Of one network all answers are at fault; of several, each gives
        answers of its own.
    """
    found = []
    for model, source, path in selected:
        choice = read_json(path)
        for column, (rates, reason) in _failed(choice).items():
            # Answers that were selected from the trainings that failed in this one.
            gives = {name for name, answer in choice["answers"].items() if answer["lr"] in rates}
            together = {column} | (gives if networks[model] == 1 else set())
            found.append(Failure(model, source, choice["seed"], ANSWERS[column], reason, frozenset(together)))
    return found


def _failed(choice: Mapping) -> dict[str, tuple[set[str], str]]:
    """Answers that no training has learned and one at least failed in: the learning rates, and how it failed."""
    failed = {}
    for lr, reasons in choice["unlearned"].items():
        for column, reason in reasons.items():
            if reason in (DIVERGED, COLLAPSED) and column not in choice["answers"]:
                rates, first = failed.setdefault(column, (set(), reason))
                rates.add(lr)
    return failed
