"""Averages of cells of the metrics table, and differences between them, with what is known of their uncertainty.

The interval of a cell is taken for a normal one. Cells on one target share its windows, so their errors are taken to go
together, and an average over models is no surer than they are; cells on different targets are independent. For a
difference both errors are added as if they were independent, though on shared windows they are not. All this makes
intervals rather too wide than too narrow; that many comparisons are made at once is not allowed for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pickbench.metrics.registry import METRICS, Metric
from pickbench.statistics import Z


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error, and of how many cells (or pairs of cells) it is the average."""

    value: float
    error: float
    cells: int

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


class Results:
    """The test cells of a run that findings rest on, named by the roles that datasets play.

    A dataset plays the role of the one it is a twin of, else its own. Where several play one role, those that are no
    twin come first, then those that are named first. Left out are controls, published weights, of which nobody knows
    the data, and thresholds from the source, which the paper did not use.

    Parameters
    ----------
    metrics
        The long table of results.
    models
        Id -> {"title": ..., "control": bool}.
    datasets
        Id -> {"title": ..., "region": ..., "twin_of": id or None}.
    """

    def __init__(self, metrics: pd.DataFrame, models: Mapping[str, Mapping], datasets: Mapping[str, Mapping]):
        self.played_by = _cast(datasets)
        roles = {dataset: role for role, dataset in self.played_by.items()}
        self.titles = {role: datasets[dataset]["title"] for role, dataset in self.played_by.items()}
        self.titles |= {model: about["title"] for model, about in models.items()}
        self.regions = {role: datasets[dataset]["region"] for role, dataset in self.played_by.items()}
        self.models = [model for model, about in models.items() if not about.get("control", False)]
        chosen = (
            metrics["model"].isin(self.models)
            & metrics["source"].isin(list(roles))
            & metrics["target"].isin(list(roles))
            & (metrics["split"] == "test")
            & (metrics["threshold_from"] != "source")
        )
        cells = metrics[chosen].assign(
            source=metrics["source"].map(roles),
            target=metrics["target"].map(roles),
            error=(metrics["ci_high"] - metrics["ci_low"]) / (2 * Z),
        )
        cells = cells[np.isfinite(cells["value"]) & np.isfinite(cells["error"])]
        key = ["metric", "phase", "model", "source", "target"]
        self._cells = cells.groupby(key, as_index=False, sort=False)[["value", "error"]].mean()
        self.sources = set(self._cells["source"])

    def of(self, measure: Measure) -> pd.DataFrame:
        """Give the cells of a measure: model, source, target, value, error; means over seeds."""
        cells = self._cells
        return cells[(cells["metric"] == measure.metric.name) & (cells["phase"] == measure.phase)]

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


def average(cells: pd.DataFrame) -> Estimate | None:
    """Average cells over models and sources, then over targets; None of no cells."""
    if cells.empty:
        return None
    by_target = cells.groupby("target")[["value", "error"]].mean()
    error = float(np.sqrt(np.square(by_target["error"]).sum())) / len(by_target)
    return Estimate(float(by_target["value"].mean()), error, len(cells))


def difference(first: pd.DataFrame, second: pd.DataFrame, by: Sequence[str]) -> Estimate | None:
    """Average first minus second over the pairs that both have; None where there is no pair.

    Parameters
    ----------
    first, second
        Cells; those that agree in `by` are averaged before.
    by
        Columns by which they are paired, the target among them.
    """
    means = [cells.groupby(list(by))[["value", "error"]].mean() for cells in (first, second)]
    pairs = means[0].join(means[1], how="inner", lsuffix="_first", rsuffix="_second")
    pairs["value"] = pairs["value_first"] - pairs["value_second"]
    pairs["error"] = np.hypot(pairs["error_first"], pairs["error_second"])
    return average(pairs.reset_index())


def contrast(first: pd.DataFrame, second: pd.DataFrame) -> Estimate | None:
    """Average first minus average second, of the models that both have; None where there is none."""
    common = set(first["model"]) & set(second["model"])
    sides = [average(cells[cells["model"].isin(common)]) for cells in (first, second)]
    if None in sides:
        return None
    error = float(np.hypot(sides[0].error, sides[1].error))
    return Estimate(sides[0].value - sides[1].value, error, sides[0].cells + sides[1].cells)


def _cast(datasets: Mapping[str, Mapping]) -> dict[str, str]:
    """Role -> the dataset that plays it."""
    played_by = {}
    for dataset, about in sorted(datasets.items(), key=lambda item: bool(item[1].get("twin_of"))):
        played_by.setdefault(about.get("twin_of") or dataset, dataset)
    return {role: dataset for dataset in datasets for role, player in played_by.items() if player == dataset}
