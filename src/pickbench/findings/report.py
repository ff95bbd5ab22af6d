"""Decides the findings of resources/findings.yaml for a run, and writes findings.json and the table of them.

A finding is reproduced where every number that it rests on speaks for it and none is missing, not reproduced where any
speaks against it, and not decidable otherwise: a tie, or a part of the paper's grid that is not in the run.
"""

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

from pickbench.config import read_yaml
from pickbench.errors import InputError
from pickbench.files import write_json
from pickbench.findings.estimates import Measure, Results
from pickbench.findings.predicates import AGAINST, FOR, PREDICATES, TIE, Evidence, Number
from pickbench.tables.formats import MINUS, Column, Matrix, Page, columns_of_text, row_of_text, write_page

NAME = "findings"
REPRODUCED, NOT_REPRODUCED, NOT_DECIDABLE = OUTCOMES = ("reproduced", "not reproduced", "not decidable")
COLUMNS = ["id", "section", "statement", "outcome", "reason", "for", "against", "ties", "missing", "numbers", "source"]
SHOWN = 4
NOTES = [
    "What the paper found, in our words and mostly after a summary of it (column source of the CSV file), held against"
    " the test results of this run: averages over its models, controls and published weights left out, at the target's"
    " thresholds.",
    "A number speaks for or against a finding where its 95 % interval lies on one side. Reproduced: all do, and for it."
    " Not reproduced: one speaks against it. Not decidable with this data: neither, because of ties or of datasets,"
    " models or results that are not in this run. All numbers are in results/findings.json.",
    "Intervals are about the number of windows; they do not know of other trainings, and many comparisons are made.",
]
TWINS_NOTE = "Simulated twins play these roles: {}. What they say is about the simulation, not about the real datasets."


@dataclass(frozen=True)
class Finding:
    """One claim of the paper.

    Attributes
    ----------
    id, section, statement, source
        What it is called, where in the paper it stands, what it says in our words, and whom we have it from.
    kind
        A name in `pickbench.findings.predicates.PREDICATES`.
    measures
        It is decided for each of these.
    options
        The predicate's other parameters.
    """

    id: str
    section: str
    statement: str
    source: str
    kind: str
    measures: Sequence[str]
    options: Mapping = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What became of a finding, why, and on which numbers."""

    finding: Finding
    outcome: str
    reason: str
    evidence: Evidence


def read_findings(path: str | Path) -> list[Finding]:
    """Read claims from a YAML file.

    Raises
    ------
    InputError
        For a key that is missing or unknown, a kind or a measure that does not exist, and an id that is used twice.
    """
    findings = []
    for entry in read_yaml(Path(path)).get("findings") or []:
        own = {name: entry.get(name) for name in ("id", "section", "statement", "source", "kind", "measures")}
        options = {name: value for name, value in entry.items() if name not in own}
        finding = Finding(**own, options=options)
        try:
            if None in own.values():
                raise ValueError(f"{next(name for name, value in own.items() if value is None)} is missing")
            if not re.fullmatch(r"[a-z0-9-]+", finding.id) or finding.id in {known.id for known in findings}:
                raise ValueError("the id is no lower-case word, or is used twice")
            inspect.signature(PREDICATES[finding.kind]).bind(None, None, **options)
            for measure in finding.measures:
                Measure.named(measure)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path}: finding {finding.id}: {error}") from None
        findings.append(finding)
    return findings


def decide(finding: Finding, results: Results) -> Decision:
    """Decide one finding."""
    evidence = Evidence([], [])
    for name in finding.measures:
        found = PREDICATES[finding.kind](results, Measure.named(name), **finding.options)
        evidence.numbers += found.numbers
        evidence.missing += found.missing
    said = [number.says for number in evidence.numbers]
    if AGAINST in said:
        return Decision(finding, NOT_REPRODUCED, f"{said.count(AGAINST)} of {len(said)} speak against it", evidence)
    if said and not evidence.missing and TIE not in said:
        return Decision(finding, REPRODUCED, f"all {len(said)} speak for it" if said[1:] else "", evidence)
    reasons = [f"{said.count(TIE)} of {len(said)} are ties"] if TIE in said else []
    if evidence.missing:
        others = f" and {len(evidence.missing) - 1} others" if evidence.missing[1:] else ""
        reasons.append(f"not in this run: {evidence.missing[0]}{others}")
    return Decision(finding, NOT_DECIDABLE, "; ".join(reasons), evidence)


def write_findings(
    metrics: pd.DataFrame,
    models: Mapping[str, Mapping],
    datasets: Mapping[str, Mapping],
    claims: str | Path,
    output: str | Path,
    stem: Path,
) -> list[Decision]:
    """Decide all findings and write them.

    Parameters
    ----------
    metrics, models, datasets
        As for `pickbench.findings.estimates.Results`.
    claims
        The YAML file of findings.
    output
        JSON file with every number.
    stem
        Path of the table without its suffix.
    """
    results = Results(metrics, models, datasets)
    decisions = [decide(finding, results) for finding in read_findings(claims)]
    content = [_entry(decision) for decision in decisions]
    write_json(output, {"findings": content, "roles": results.played_by, "models": results.models})
    twins = [role for role, dataset in results.played_by.items() if role != dataset]
    write_page(_table(decisions), _page(decisions, results, twins), stem)
    return decisions


def in_words(number: Number) -> str:
    """A number for people, with its interval."""
    low, high = number.estimate.interval
    text = f"{number.measure}: {number.what} {number.estimate.value:.3f} [{low:.3f}, {high:.3f}]"
    return re.sub(r"(?<![\w.])-(?=\d)", MINUS, text)


def _entry(decision: Decision) -> dict:
    numbers = []
    for number in decision.evidence.numbers:
        low, high = number.estimate.interval
        values = {"value": number.estimate.value, "ci_low": low, "ci_high": high, "cells": number.estimate.cells}
        numbers.append({"measure": number.measure, "what": number.what, **values, "says": number.says})
    about = asdict(decision.finding)
    return {
        **{key: about[key] for key in ("id", "section", "statement", "source")},
        **{"outcome": decision.outcome, "reason": decision.reason},
        **{"numbers": numbers, "missing": decision.evidence.missing},
    }


def _telling(decision: Decision) -> str:
    """The numbers that decide, in words: those against it first, then ties, and no more than a few."""
    numbers = sorted(decision.evidence.numbers, key=lambda number: (AGAINST, TIE, FOR).index(number.says))
    more = [f"{len(numbers) - SHOWN} more"] if len(numbers) > SHOWN else []
    return "; ".join([*map(in_words, numbers[:SHOWN]), *more])


def _table(decisions: Sequence[Decision]) -> pd.DataFrame:
    rows = []
    for decision in decisions:
        finding, said = decision.finding, [number.says for number in decision.evidence.numbers]
        about = {"id": finding.id, "section": finding.section, "statement": finding.statement}
        counts = {"for": said.count(FOR), "against": said.count(AGAINST), "ties": said.count(TIE)}
        missing, decided = len(decision.evidence.missing), {"outcome": decision.outcome, "reason": decision.reason}
        last = {"missing": missing, "numbers": _telling(decision), "source": finding.source}
        rows.append({**about, **decided, **counts, **last})
    return pd.DataFrame(rows, columns=COLUMNS)


def _page(decisions: Sequence[Decision], results: Results, twins: Sequence[str]) -> Page:
    columns = [Column("Statement", sentences=True), *columns_of_text("Section", "Outcome")]
    columns.append(Column("Rests on", sentences=True))
    rows = []
    for decision in decisions:
        rests_on = "; ".join(filter(None, (decision.reason, _telling(decision))))
        texts = (decision.finding.statement, decision.finding.section, decision.outcome, rests_on)
        rows.append(row_of_text(decision.finding.id, texts))
    counts = ", ".join(f"{sum(d.outcome == outcome for d in decisions)} {outcome}" for outcome in OUTCOMES)
    notes = [*NOTES, TWINS_NOTE.format(", ".join(results.title(role) for role in twins))] if twins else NOTES
    return Page("Findings of the paper", [Matrix(counts, "", "Finding", columns, rows)], notes)
