"""Decides the findings of resources/findings.yaml for a run, and writes findings.json and the table of them.

A finding is reproduced where every number that it rests on speaks for it and none is missing, not reproduced where any
speaks against it, and not decidable otherwise: a tie, a part of the paper's grid that is not in the run, or a training
that came to nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pickbench.files import write_json
from pickbench.findings.claims import AGAINST, FOR, TIE, holm, verdicts
from pickbench.findings.estimates import Measure, Results
from pickbench.findings.predicates import KINDS, Evidence, Number
from pickbench.findings.reading import Finding
from pickbench.protocol import FEWEST_WINDOWS
from pickbench.tables.formats import MINUS, NO_BREAK, Column, Matrix, Page, columns_of_text, row_of_text, write_page

NAME = "findings"
REPRODUCED, NOT_REPRODUCED, NOT_DECIDABLE = OUTCOMES = ("reproduced", "not reproduced", "not decidable")
COLUMNS = [
    *("id", "section", "statement", "outcome", "reason", "for", "against", "ties", "missing", "numbers", "source"),
    *("twins", "twins_because"),
]
SHOWN = 4
NOTES = [
    "What the paper found, in our words and mostly after a summary of it (column source of the CSV file), held against"
    " the test results of this run: averages over its models, controls and published weights left out. MCC and F1 are"
    f" at the threshold from the target's dev. Cells of fewer than {FEWEST_WINDOWS} windows do not count, nor does"
    " what takes a phase (picking it, or telling P from S) and was learned from a source whose own test split has fewer"
    " windows of that phase.",
    "A number speaks for a finding where its 95 % interval lies on the claimed side. It speaks against it where a test"
    " says so at the same level after Holm's correction for all numbers of the finding, since of many one strays by"
    " chance. Reproduced: all speak for it, which needs no correction. Not reproduced: one speaks against it. Not"
    " decidable with this data: neither, because of ties, of datasets, models or results that are not in this run, or"
    " of trainings that diverged or collapsed, which never count for or against. All numbers and p-values are in"
    " results/findings.json.",
    "Intervals are about the number of windows; they do not know of other trainings.",
]
TWINS_NOTE = (
    "Simulated twins play these roles: {}. What they say is about the simulation, not about the real datasets. Where it"
    " is known from how they are made what has to come out, given windows enough, it stands beside the outcome."
)


@dataclass(frozen=True)
class Judged:
    """A number with what it says of the claim, and the p-values behind it, the one against adjusted for all."""

    number: Number
    p_for: float
    p_against: float
    says: str


@dataclass(frozen=True)
class Decision:
    """What became of a finding, why, and on which numbers."""

    finding: Finding
    outcome: str
    reason: str
    evidence: Evidence
    judged: Sequence[Judged]


def decide(finding: Finding, results: Results) -> Decision:
    """Decide one finding."""
    measures, evidence = [Measure.named(name) for name in finding.measures], Evidence()
    results = results.asked(measures)
    for measure in measures:
        evidence.join(KINDS[finding.kind].predicate(results, measure, **finding.options))
    judged = judge(evidence.numbers)
    said = [entry.says for entry in judged]
    reasons = []
    if AGAINST in said:
        outcome = NOT_REPRODUCED
        reasons.append(_share(said, AGAINST, "speaks against it", "speak against it"))
    elif said and TIE not in said and not evidence.missing and not evidence.lost:
        outcome = REPRODUCED
        reasons += [f"all {len(said)} speak for it"] if said[1:] else []
    else:
        outcome = NOT_DECIDABLE
        reasons += [_share(said, TIE, "is a tie", "are ties")] if TIE in said else []
    reasons += [f"not in this run: {_first(evidence.missing)}"] if evidence.missing else []
    lost = f", so that there is no {_first(evidence.lost)}" if evidence.lost else ""
    reasons += [f"left out: {_first(evidence.failed)}{lost}"] if evidence.failed else []
    return Decision(finding, outcome, "; ".join(reasons), evidence, judged)


def judge(numbers: Sequence[Number]) -> list[Judged]:
    """Say what each of the numbers of one finding says."""
    p_for = [number.claim.p_for(number.estimate) for number in numbers]
    p_against = holm([number.claim.p_against(number.estimate) for number in numbers])
    said = verdicts(p_for, p_against)
    return [Judged(*entry) for entry in zip(numbers, p_for, map(float, p_against), said, strict=True)]


def _share(said: Sequence[str], word: str, of_one: str, of_several: str) -> str:
    """How many of the numbers say so."""
    count = said.count(word)
    return f"{count} of {len(said)} {of_one if count == 1 else of_several}"


def _first(texts: Sequence[str]) -> str:
    """The first of several, and how many others there are."""
    others = len(texts) - 1
    return texts[0] + (f" and {others} other{'s' if others > 1 else ''}" if others else "")


def write_findings(findings: Sequence[Finding], results: Results, output: str | Path, stem: Path) -> list[Decision]:
    """Decide all findings and write them.

    Parameters
    ----------
    findings
        What `pickbench.findings.reading.read_findings` gives.
    results
        Those of the run.
    output
        JSON file with every number.
    stem
        Path of the table without its suffix.
    """
    decisions = [decide(finding, results) for finding in findings]
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
    for judged in decision.judged:
        number = judged.number
        low, high = number.estimate.interval
        values = {"value": number.estimate.value, "ci_low": low, "ci_high": high, "cells": number.estimate.cells}
        said = {"says": judged.says, "p_for": judged.p_for, "p_against": judged.p_against}
        numbers.append({"measure": number.measure, "what": number.what, **values, **said})
    finding, evidence = decision.finding, decision.evidence
    return {
        **{key: getattr(finding, key) for key in ("id", "section", "statement", "source")},
        **{"outcome": decision.outcome, "reason": decision.reason, "numbers": numbers},
        **{"missing": evidence.missing, "lost": evidence.lost, "failed": evidence.failed, "twins": dict(finding.twins)},
    }


def _telling(decision: Decision) -> str:
    """The numbers that decide, in words: those against it first, then ties, and no more than a few."""
    judged = sorted(decision.judged, key=lambda entry: (AGAINST, TIE, FOR).index(entry.says))
    more = [f"{len(judged) - SHOWN} more"] if len(judged) > SHOWN else []
    return "; ".join([*(in_words(entry.number) for entry in judged[:SHOWN]), *more])


def _table(decisions: Sequence[Decision]) -> pd.DataFrame:
    rows = []
    for decision in decisions:
        finding, said = decision.finding, [entry.says for entry in decision.judged]
        about = {"id": finding.id, "section": finding.section, "statement": finding.statement}
        counts = {"for": said.count(FOR), "against": said.count(AGAINST), "ties": said.count(TIE)}
        missing = len(decision.evidence.missing) + len(decision.evidence.lost)
        decided = {"outcome": decision.outcome, "reason": decision.reason}
        last = {"missing": missing, "numbers": _telling(decision), "source": finding.source}
        last |= {"twins": finding.twins.get("outcome", ""), "twins_because": finding.twins.get("because", "")}
        rows.append({**about, **decided, **counts, **last})
    return pd.DataFrame(rows, columns=COLUMNS)


def _page(decisions: Sequence[Decision], results: Results, twins: Sequence[str]) -> Page:
    columns = [Column("Statement", sentences=True), *columns_of_text("Section", "Outcome")]
    columns.append(Column("Rests on", sentences=True))
    columns += [Column("Known of the twins", sentences=True)] if twins else []
    rows = []
    for decision in decisions:
        rests_on = "; ".join(filter(None, (decision.reason, _telling(decision))))
        known = decision.finding.twins
        outcome = decision.outcome.replace(" ", NO_BREAK)
        texts = [decision.finding.statement, decision.finding.section, outcome, rests_on]
        if twins:
            texts.append(f"{known['outcome']}: {known['because']}" if known else "")
        rows.append(row_of_text(decision.finding.id, texts))
    counts = ", ".join(f"{sum(d.outcome == outcome for d in decisions)} {outcome}" for outcome in OUTCOMES)
    notes = [*NOTES, TWINS_NOTE.format(", ".join(results.title(role) for role in twins))] if twins else NOTES
    return Page("Findings of the paper", [Matrix(counts, "", "Finding", columns, rows)], notes)
