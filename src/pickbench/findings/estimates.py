"""Averages of cells of the metrics table, and differences between them, with what is known of their uncertainty.

The interval of a cell is taken for a normal one. Cells on different targets are independent. Cells on one target share
its windows, so their errors are correlated, nobody knows how much: the error of an average or a difference is the
largest that any correlation between none and all, the same for all cells of the target, allows. So an average over
models is no surer than they are, while a difference between many cells and many others is surer than one of two cells.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pickbench.findings.trainings import Failure
from pickbench.metrics.registry import METRICS, Answer, Metric, answers_of, phases_to_learn
from pickbench.protocol import FEWEST_WINDOWS
from pickbench.statistics import Z

CELL = ["metric", "phase", "model", "source", "target"]


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error, and of how many cells (or pairs of cells) it is the average.

    `without` says in words which trainings should have been part of it and came to nothing; of nothing but such, or of
    no cells at all, it is NaN.
    """

    value: float
    error: float
    cells: int
    without: tuple[str, ...] = ()

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval."""
        return self.value - Z * self.error, self.value + Z * self.error


@dataclass(frozen=True)
class Measure:
    """A metric of one phase, or of none: what `auc` or `mae_s P` names in findings.yaml."""

    metric: Metric
    phase: str

    @classmethod
    def named(cls, name: str) -> "Measure":
        """Read a name."""
        metric, _, phase = name.partition(" ")
        return cls(METRICS[metric], phase)

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.metric.title} ({self.phase})" if self.phase else self.metric.title

    @property
    def answer(self) -> Answer:
        """The answer that it judges."""
        (answer,) = answers_of([self.metric.task], [self.phase] if self.phase else [])
        return answer


class Results:
    """The test cells of a run that findings rest on, named by the roles that datasets play.

    A dataset plays the role of the one it is a twin of, else its own. Where several play one role, those that are no
    twin come first, then those that are named first. Left out are

    - controls, and published weights, of which nobody knows the data;
    - thresholds from the source, which the paper did not use;
    - cells of fewer than `FEWEST_WINDOWS` windows;
    - what takes a phase to learn of which the source's own test split has fewer windows than that, and it is said: a
      handful of S picks in test stands for a handful in train, which teaches no S.

    Parameters
    ----------
    metrics
        The long table of results.
    models
        Id -> {"title": ..., "control": bool}.
    datasets
        Id -> {"title": ..., "region": ..., "twin_of": id or None}.
    failures
        Trainings that came to nothing.
    """

    def __init__(
        self,
        metrics: pd.DataFrame,
        models: Mapping[str, Mapping],
        datasets: Mapping[str, Mapping],
        failures: Sequence[Failure] = (),
    ):
        self.played_by = _cast(datasets)
        self._roles = {dataset: role for role, dataset in self.played_by.items()}
        self.titles = {role: datasets[dataset]["title"] for role, dataset in self.played_by.items()}
        self.titles |= {model: about["title"] for model, about in models.items()}
        self.regions = {role: datasets[dataset]["region"] for role, dataset in self.played_by.items()}
        self.models = [model for model, about in models.items() if not about.get("control", False)]
        self._failures = [f for f in failures if f.model in self.models and f.source in self._roles]
        chosen = (
            metrics["source"].isin(list(self._roles))
            & metrics["target"].isin(list(self._roles))
            & (metrics["split"] == "test")
            & (metrics["threshold_from"] != "source")
            & (metrics["n"] >= FEWEST_WINDOWS)
        )
        rows = metrics[chosen].assign(
            source=metrics["source"].map(self._roles),
            target=metrics["target"].map(self._roles),
            error=(metrics["ci_high"] - metrics["ci_low"]) / (2 * Z),
            failed="",
        )
        at_home = metrics[
            (metrics["source"] == metrics["target"]) & (metrics["split"] == "test") & (metrics["task"] == 3)
        ]
        scarce = at_home[at_home["n"] < FEWEST_WINDOWS].replace({"source": self._roles})
        self._scarce = scarce.groupby(["source", "phase"])["n"].max().to_dict()
        self._asked = rows[["metric", "phase", "target"]].drop_duplicates()
        rows = rows[rows["model"].isin(self.models) & np.isfinite(rows["value"]) & np.isfinite(rows["error"])]
        self._rows = rows[[*CELL, "seed", "value", "error", "n", "failed"]]
        self._fallen: list[Failure] = []
        self.sources = set(rows["source"])

    def asked(self, measures: Sequence["Measure"]) -> "Results":
        """The same for a finding that asks for these measures.

        A training that failed in one of the answers behind them is left out of all those that its network gives.
        """
        scoped, answers = copy(self), {measure.answer.column for measure in measures}
        scoped._fallen = [failure for failure in self._failures if failure.answer.column in answers]
        return scoped

    def of(self, measure: Measure) -> pd.DataFrame:
        """Give the cells of a measure: model, source, target, value, error, n; means over seeds.

        A training that came to nothing, or on too few picks, has NaN as its value, and `failed` says in words which
        one it was; where other seeds have a value, both.
        """
        rows = self._rows[(self._rows["metric"] == measure.metric.name) & (self._rows["phase"] == measure.phase)]
        here = (self._asked["metric"] == measure.metric.name) & (self._asked["phase"] == measure.phase)
        for failure in [failure for failure in self._fallen if measure.answer.column in failure.gives]:
            source = self._roles[failure.source]
            its_own = (rows["model"] == failure.model) & (rows["source"] == source) & (rows["seed"] == failure.seed)
            picker = {"model": failure.model, "source": source, "seed": failure.seed, "failed": self._words(failure)}
            fallen = pd.DataFrame({"target": self._asked.loc[here, "target"]}).assign(
                metric=measure.metric.name, phase=measure.phase, value=np.nan, error=np.nan, n=np.nan, **picker
            )
            rows = pd.concat([rows[~its_own], fallen[rows.columns]], ignore_index=True)
        means = {"value": "mean", "error": "mean", "n": "mean", "failed": "max"}
        return self._without_untaught(rows, measure).groupby(CELL, as_index=False, sort=False).agg(means)

    def _without_untaught(self, rows: pd.DataFrame, measure: Measure) -> pd.DataFrame:
        """The same without values of what had too few picks to learn from."""
        for (source, phase), n in self._scarce.items():
            if phase in phases_to_learn(measure.answer):
                taught = rows["source"] != source
                of_its_own = f"{n} {phase} test window{'' if n == 1 else 's'} of its own"
                words = f"what was trained on {self.title(source)} ({of_its_own})"
                rows = rows.assign(value=rows["value"].where(taught), failed=rows["failed"].where(taught, words))
        return rows

    def _words(self, failure: Failure) -> str:
        of_seed = f", seed {failure.seed}" if self._rows["seed"].nunique() > 1 else ""
        trained_on = self.title(self._roles[failure.source])
        return (
            f"{self.title(failure.model)} trained on {trained_on}{of_seed} ({failure.answer.title}: {failure.reason})"
        )

    def in_domain(self, measure: Measure) -> pd.DataFrame:
        """Give the cells whose source is the target."""
        cells = self.of(measure)
        return cells[cells["source"] == cells["target"]]

    def across(self, measure: Measure) -> pd.DataFrame:
        """Give the cells whose source is another dataset than the target."""
        cells = self.of(measure)
        return cells[cells["source"] != cells["target"]]

    def role_in(self, column: pd.Series, regions: Sequence[str]) -> pd.Series:
        """Say which of a column of roles are played by datasets of these regions."""
        return column.map(self.regions).isin(list(regions))

    def title(self, name: str) -> str:
        """Title of a role or a model; what is not in the run goes by its id."""
        return self.titles.get(name, name)


def average(cells: pd.DataFrame) -> Estimate:
    """Average cells over models and sources, then over targets; NaN of no cells."""
    used = _usable(cells)
    weights = _weights(used, used.groupby("target").ngroup())
    return _combined(used.assign(weight=weights), len(used), cells)


def difference(first: pd.DataFrame, second: pd.DataFrame, by: Sequence[str], *, same_windows: bool = True) -> Estimate:
    """Average first minus second over the pairs that both have; NaN where there is no pair.

    Parameters
    ----------
    first, second
        Cells; those that agree in `by` are averaged before.
    by
        Columns by which they are paired, the target among them.
    same_windows
        Whether both rest on the same windows of a target, else on other ones.
    """
    by, sides = list(by), [_usable(first), _usable(second)]
    common = pd.merge(*(side[by].drop_duplicates() for side in sides), on=by)
    sides = [side.merge(common, on=by) for side in sides]
    weights = [_weights(side, side.groupby(by).ngroup()) * sign for side, sign in zip(sides, (1, -1), strict=True)]
    windows = ["", "" if same_windows else "others"]
    parts = [
        side.assign(weight=weight, windows=which) for side, weight, which in zip(sides, weights, windows, strict=True)
    ]
    return _combined(pd.concat(parts, ignore_index=True), len(common), first, second)


def contrast(first: pd.DataFrame, second: pd.DataFrame) -> Estimate:
    """Average first minus average second, of the models that both have; NaN where there is none."""
    common = set(_usable(first)["model"]) & set(_usable(second)["model"])
    one, other = (average(cells[cells["model"].isin(common) | (cells["failed"] != "")]) for cells in (first, second))
    without = tuple(dict.fromkeys(one.without + other.without))
    return Estimate(one.value - other.value, float(np.hypot(one.error, other.error)), one.cells + other.cells, without)


def _usable(cells: pd.DataFrame) -> pd.DataFrame:
    return cells[np.isfinite(cells["value"]) & np.isfinite(cells["error"])]


def _weights(cells: pd.DataFrame, pair: pd.Series) -> pd.Series:
    """What each cell counts: cells of a pair alike, pairs of a target alike, targets alike."""
    in_pair = pair.groupby(pair).transform("size")
    pairs = pair.groupby(cells["target"]).transform("nunique")
    return 1 / (in_pair * pairs * max(cells["target"].nunique(), 1))


def _combined(cells: pd.DataFrame, count: int, *asked: pd.DataFrame) -> Estimate:
    """Sum cells by their `weight`, with the largest error that correlations on one target's windows allow.

    Of errors e and weights w with a common correlation c the variance is (1 - c) sum(w^2 e^2) + c sum(w e)^2, which is
    linear in c, so that its largest value is at one end.
    """
    without = tuple(dict.fromkeys(words for part in asked for words in part["failed"] if words))
    if not count:
        return Estimate(np.nan, np.nan, 0, without)
    terms = cells["weight"] * cells["error"]
    on = [cells["target"], cells["windows"]] if "windows" in cells else [cells["target"]]
    apart, together = np.square(terms).groupby(on).sum(), np.square(terms.groupby(on).sum())
    error = float(np.sqrt(np.maximum(apart, together).sum()))
    return Estimate(float((cells["weight"] * cells["value"]).sum()), error, count, without)


def _cast(datasets: Mapping[str, Mapping]) -> dict[str, str]:
    """Role -> the dataset that plays it."""
    played_by = {}
    for dataset, about in sorted(datasets.items(), key=lambda item: bool(item[1].get("twin_of"))):
        played_by.setdefault(about.get("twin_of") or dataset, dataset)
    return {role: dataset for dataset in datasets for role, player in played_by.items() if player == dataset}
