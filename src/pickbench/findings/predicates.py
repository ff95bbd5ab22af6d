"""The kinds of claim that a finding can be, and the numbers that each rests on in a run's cells.

A predicate takes the results, a measure, and what findings.yaml says besides, and gives numbers, each with what is
claimed of it, and what it misses.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from pickbench.findings.claims import Claim, Within, above, below
from pickbench.findings.estimates import Estimate, Measure, Results, average, contrast, difference
from pickbench.metrics.registry import METRICS, Direction
from pickbench.protocol import FEWEST_WINDOWS
from pickbench.tables.formats import MINUS

NORMAL_RATIO = float(np.sqrt(2 / np.pi))
# Standard deviation of that ratio times the root of the number of normal values (Geary 1935).
NORMAL_RATIO_SPREAD = float(np.sqrt(1 - 3 / np.pi))


@dataclass(frozen=True)
class Number:
    """One number that a finding rests on: of which measure, of what, and what is claimed of it."""

    measure: str
    what: str
    estimate: Estimate
    claim: Claim


@dataclass
class Evidence:
    """The numbers of a finding, and in words what would be needed and is not there.

    Attributes
    ----------
    numbers
        What there is.
    missing
        Numbers of which the run has no cells.
    lost
        Numbers that there would be if trainings had not come to nothing.
    failed
        These trainings, and those without which numbers were formed.
    """

    numbers: list[Number] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def add(self, measure: str, what: str, estimate: Estimate, claim: Claim) -> None:
        """Add a number, or that there is none."""
        self.failed += [words for words in estimate.without if words not in self.failed]
        if estimate.cells:
            self.numbers.append(Number(measure, what, estimate, claim))
        else:
            (self.lost if estimate.without else self.missing).append(f"{measure}: {what}")

    def join(self, other: "Evidence") -> None:
        """Add all of another measure."""
        self.numbers += other.numbers
        self.missing += other.missing
        self.lost += other.lost
        self.failed += [words for words in other.failed if words not in self.failed]


def better(measure: Measure) -> Claim:
    """A claim that the first of a difference is better than the second."""
    return above(0) if measure.metric.best == "higher" else below(0)


def worse(measure: Measure) -> Claim:
    """A claim that the first of a difference is worse than the second."""
    return below(0) if measure.metric.best == "higher" else above(0)


def worse_across(
    results: Results, measure: Measure, sources: Sequence[str] = (), targets: Sequence[str] = ()
) -> Evidence:
    """Cross-domain results are worse than in-domain ones of the same models on the same targets.

    Parameters
    ----------
    results, measure
        The run, and what is compared.
    sources, targets
        Regions of the sources and of the targets that the claim is about; all where left out.
    """
    across, evidence = results.across(measure), Evidence()
    if sources:
        across = across[results.role_in(across["source"], sources)]
    if targets:
        across = across[results.role_in(across["target"], targets)]
    found = difference(across, results.in_domain(measure), ["model", "target"])
    evidence.add(measure.title, f"across domains {MINUS} in-domain", found, worse(measure))
    return evidence


def at_most(
    results: Results, measure: Measure, sources: Sequence[str], targets: Sequence[str], limit: float
) -> Evidence:
    """The average over models is below a limit for every source of some regions on every target of others."""
    cells, evidence = results.across(measure), Evidence()
    cells = cells[results.role_in(cells["source"], sources) & results.role_in(cells["target"], targets)]
    for (source, target), part in cells.groupby(["source", "target"], sort=False):
        what = f"{results.title(source)} on {results.title(target)}"
        evidence.add(measure.title, what, average(part), below(limit))
    if cells.empty:
        evidence.missing.append(f"{measure.title}: a {'/'.join(sources)} source on a {'/'.join(targets)} target")
    return evidence


def transfers_best(results: Results, measure: Measure, roles: Sequence[str], among: Sequence[str]) -> Evidence:
    """Each of some sources does better on other datasets than each of the others."""
    return _transfer(results, measure, roles, among, better(measure))


def transfers_worst(results: Results, measure: Measure, roles: Sequence[str], among: Sequence[str]) -> Evidence:
    """Each of some sources does worse on other datasets than each of the others."""
    return _transfer(results, measure, roles, among, worse(measure))


def transfers_alike(results: Results, measure: Measure, roles: Sequence[str], margin: float) -> Evidence:
    """Some sources differ on other datasets by less than a margin, each from each."""
    evidence = Evidence()
    for first, second in combinations(roles, 2):
        _compare_sources(results, measure, first, second, Within(margin), evidence)
    return evidence


def biased(results: Results, measure: Measure, source_role: str, target_role: str, late: bool) -> Evidence:
    """The picks of a source's models on a target are early, or late."""
    cells, evidence = results.across(measure), Evidence()
    cells = cells[(cells["source"] == source_role) & (cells["target"] == target_role)]
    what = f"{results.title(source_role)} on {results.title(target_role)}"
    evidence.add(measure.title, what, average(cells), above(0) if late else below(0))
    return evidence


def worse_targets(results: Results, measure: Measure, regions: Sequence[str], than: Sequence[str]) -> Evidence:
    """In-domain, each target of some regions is worse than the average of those of others."""
    cells, evidence = results.in_domain(measure), Evidence()
    others = cells[results.role_in(cells["target"], than)]
    for target, part in cells[results.role_in(cells["target"], regions)].groupby("target", sort=False):
        what = f"{results.title(target)} {MINUS} {'/'.join(than)} datasets"
        evidence.add(measure.title, what, contrast(part, others), worse(measure))
    if not evidence.numbers and not evidence.missing:
        evidence.missing.append(f"{measure.title}: a {'/'.join(regions)} dataset")
    return evidence


def s_above_p(
    results: Results, measure: Measure, targets: Sequence[str] = (), but: Sequence[str] = (), higher: bool = True
) -> Evidence:
    """In-domain, errors of S are larger (or smaller) than those of P, by the same models.

    Parameters
    ----------
    results, measure
        The run, and the error of P.
    targets
        The claim is about each of these; where left out, about all datasets on the average.
    but
        These are left out of the average.
    higher
        Whether S has the larger error.
    """
    of_s = Measure(measure.metric, "S")
    results = results.asked([measure, of_s])
    s, p = results.in_domain(of_s), results.in_domain(measure)
    claim, evidence = above(0) if higher else below(0), Evidence()
    groups = [(results.title(name), [name]) for name in targets]
    rest = [name for name in results.played_by if name not in but]
    for what, names in groups or [("average of datasets", rest)]:
        sides = [cells[cells["target"].isin(names)] for cells in (s, p)]
        found = difference(*sides, ["model", "target"], same_windows=False)
        evidence.add(measure.metric.title, f"S {MINUS} P, {what}", found, claim)
    return evidence


def heavy_tailed(results: Results, measure: Measure) -> Evidence:
    """In-domain, mean absolute deviation over standard deviation is below that of a normal distribution (0.798).

    The measure is the Laplace scale, which is the mean deviation from the median; a Laplace distribution has 0.707.
    This is Geary's test (1935, Biometrika 27, 310-332), and the standard error the one of normal residuals. Of a
    handful of residuals the ratio says nothing (of two it is always 1); `Results` has no such cells.
    """
    spread = Measure.named(f"std_s {measure.phase}".rstrip())
    key, evidence = ["model", "source", "target"], Evidence()
    cells = results.in_domain(measure).merge(results.in_domain(spread)[[*key, "value"]], on=key, suffixes=("", "_std"))
    cells = cells[~(cells["value_std"] <= 0)]
    ratio = cells.assign(value=cells["value"] / cells["value_std"], error=NORMAL_RATIO_SPREAD / np.sqrt(cells["n"]))
    what = f"mean absolute / standard deviation, of {FEWEST_WINDOWS} or more windows"
    evidence.add(f"{measure.phase} residuals", what, average(ratio), below(NORMAL_RATIO))
    return evidence


def better_models(
    results: Results,
    measure: Measure,
    models: Sequence[str],
    than: Sequence[str],
    targets: Sequence[str] = (),
    together: bool = False,
) -> Evidence:
    """In-domain, some models are better than others.

    Parameters
    ----------
    results, measure
        The run, and what is compared.
    models, than
        Ids; `a|b` is b where the run has no a.
    targets
        On each of these; where left out, on the average of all.
    together
        Whether the averages of the two groups are compared, instead of each model with each.
    """
    cells, evidence = results.in_domain(measure), Evidence()
    first, others = ([_present(name, results) for name in names] for names in (models, than))
    if together:
        absent = [name for name in (*first, *others) if name not in results.models]
        evidence.missing += [f"{measure.title}: {results.title(name)}" for name in absent]
    groups = [(first, others)] if together else [([a], [b]) for a in first for b in others]
    for names, against in groups:
        for target in targets or [None]:
            part = cells if target is None else cells[cells["target"] == target]
            sides = [part[part["model"].isin(group)] for group in (names, against)]
            what = f" {MINUS} ".join(", ".join(map(results.title, group)) for group in (names, against))
            what += f" on {results.title(target)}" if target else ""
            evidence.add(measure.title, what, difference(*sides, ["target"]), better(measure))
    return evidence


@dataclass(frozen=True)
class Kind:
    """A predicate, and what it can be decided for: names of metrics, and of those of onsets the phases."""

    predicate: Callable[..., Evidence]
    metrics: Sequence[str]
    phases: Sequence[str] = ("P", "S")


def _metrics_best(*ends: Direction) -> list[str]:
    return [metric.name for metric in METRICS.values() if metric.best in ends]


KINDS: dict[str, Kind] = {
    kind.predicate.__name__: kind
    for kind in (
        Kind(worse_across, _metrics_best("higher", "lower")),
        Kind(at_most, list(METRICS)),
        Kind(transfers_best, _metrics_best("higher", "lower")),
        Kind(transfers_worst, _metrics_best("higher", "lower")),
        Kind(transfers_alike, list(METRICS)),
        Kind(biased, _metrics_best("zero")),
        Kind(worse_targets, _metrics_best("higher", "lower")),
        # It finds the error of S itself.
        Kind(s_above_p, _metrics_best("lower"), phases=("P",)),
        Kind(heavy_tailed, ["laplace_scale_s"]),
        Kind(better_models, _metrics_best("higher", "lower")),
    )
}


def _transfer(results: Results, measure: Measure, roles: Sequence[str], among: Sequence[str], claim: Claim) -> Evidence:
    """Compare each of some sources with each of the others, but those that cannot teach what is measured."""
    evidence, teaching = Evidence(), set(results.of(measure)["source"])
    for role in roles:
        for other in among:
            if other not in roles and (other in teaching or other not in results.sources):
                _compare_sources(results, measure, role, other, claim, evidence)
    return evidence


def _compare_sources(
    results: Results, measure: Measure, first: str, second: str, claim: Claim, evidence: Evidence
) -> None:
    """Compare two sources on the targets that are neither, by the models that both have."""
    cells = results.across(measure)
    cells = cells[~cells["target"].isin([first, second])]
    sides = [cells[cells["source"] == name] for name in (first, second)]
    what = f"{results.title(first)} {MINUS} {results.title(second)}, on others"
    evidence.add(measure.title, what, difference(*sides, ["model", "target"]), claim)


def _present(name: str, results: Results) -> str:
    """The first of alternatives that the run has, else the first."""
    alternatives = name.split("|")
    return next((model for model in alternatives if model in results.models), alternatives[0])
