"""On the twins findings come out as they must because of how the twins are made.

Pickers here are ideal: they find the true onset to a few hundredths of a second, and are as early or late as the median
label that they learned from. What they get wrong is what the twins' recipes (config/datasets) have the labels get
wrong, drawn as the simulation draws it. Each finding that follows from that comes out otherwise from other recipes.
"""

from copy import deepcopy

import numpy as np
import pytest
from scipy import stats

from pickbench.findings.estimates import Results
from pickbench.findings.report import NOT_REPRODUCED, REPRODUCED, decide
from pickbench.metrics.registry import METRICS
from pickbench.metrics.residuals import residual_limit_s, residual_metrics
from pickbench.metrics.table import as_table
from pickbench.simulation.labels import draw_errors_s
from pickbench.yamlfiles import read_yaml
from tests.conftest import ROOT
from tests.unit.claims import FINDINGS

MODELS = {name: {"title": name} for name in ("gpd", "phasenet")}
# As many windows of a phase as the rehearsal has at most, and as the twins' test splits have.
REHEARSAL, ALL = 24, 120
PICK_ERROR_S = 0.03


def recipes():
    """The twins that are asked for onsets, by the role that they play."""
    files = [read_yaml(path) for path in sorted((ROOT / "config" / "datasets").glob("mini-*.yaml"))]
    return {content["twin_of"]: content for content in files if 3 in content["tasks"]}


def phases_of(about):
    """Phases of which a twin has windows enough; 1 % of mini-GEOFON's labels are of S."""
    shares = about["source"]["simulate"]["labels"]["shares"]
    return [p for p, own in (("P", "only_p"), ("S", "only_s")) if shares["both"] + shares[own] > 0.05]


def label_errors_s(about, rng, count, drawn=draw_errors_s):
    labels = about["source"]["simulate"]["labels"]
    return drawn(labels, dict.fromkeys("PS", np.ones(count, bool)), rng)


def run(twins, windows, seed, drawn=draw_errors_s):
    """The test rows of metrics.csv of ideal pickers, in-domain and from NEIC on GEOFON and back."""
    rng = np.random.default_rng(seed)
    learned = {}
    for source, about in twins.items():
        learned[source] = {p: np.median(e) for p, e in label_errors_s(about, rng, 20_000, drawn).items()}
    rows = []
    for target, about in twins.items():
        errors = label_errors_s(about, rng, windows, drawn)
        for source in {"neic": ["neic", "geofon"], "geofon": ["geofon", "neic"]}.get(target, [target]):
            limit_s = residual_limit_s(about["region"], twins[source]["region"])
            for model in MODELS:
                for phase in phases_of(about):
                    picks = learned[source][phase] + rng.normal(0, PICK_ERROR_S, windows)
                    measured = residual_metrics(picks - errors[phase], limit_s)
                    picker = {"model": model, "source": source, "target": target, "seed": 1, "lr": "", "split": "test"}
                    rows += [row(picker, phase, windows, *result) for result in measured.items()]
    return as_table(rows)


def row(picker, phase, windows, metric, result):
    value, (low, high) = result
    about = {"task": METRICS[metric].task, "phase": phase, "metric": metric, "n": windows, "threshold_from": ""}
    return {**picker, **about, "value": value, "ci_low": low, "ci_high": high, "threshold": np.nan}


def outcomes(finding, twins, windows=ALL, drawn=draw_errors_s, seeds=range(5)):
    """What becomes of a finding in several draws."""
    datasets = {name: {"title": name, "region": about["region"]} for name, about in twins.items()}
    tables = [run(twins, windows, seed, drawn) for seed in seeds]
    return {decide(FINDINGS[finding], Results(table, MODELS, datasets)).outcome for table in tables}


def changed(**labels):
    """The twins with other habits of labelling, by twin."""
    twins = deepcopy(recipes())
    for name, habits in labels.items():
        twins[name]["source"]["simulate"]["labels"] |= habits
    return twins


def normal_errors_s(labels, labelled, rng):
    """As `draw_errors_s` with as large errors of a normal distribution."""
    return {phase: rng.normal(0, 0.2, len(mask)) for phase, mask in labelled.items()}


OF_LABELS = ["s-errors-above-p", "s-errors-below-p", "residuals-heavy-tailed"]
BIASES = ["neic-early-on-geofon", "geofon-late-on-neic"]


def test_these_are_the_findings_that_are_said_to_be_known():
    said = {name for name, finding in FINDINGS.items() if finding.twins}
    # That local twins are unlike teleseismic ones is no habit of labelling.
    assert said == {*OF_LABELS, *BIASES, "regional-to-teleseismic"}


@pytest.mark.parametrize("finding", OF_LABELS)
def test_what_follows_from_labels_comes_out(finding):
    assert outcomes(finding, recipes()) == {FINDINGS[finding].twins["outcome"]}


def test_the_windows_of_the_rehearsal_are_enough_for_s_and_p():
    assert outcomes("s-errors-above-p", recipes(), REHEARSAL) == {REPRODUCED}


@pytest.mark.parametrize("finding", BIASES)
def test_labels_without_a_bias_seldom_seem_to_have_one(finding):
    """At this level one of 40 draws is expected to."""
    assert FINDINGS[finding].twins["outcome"] == NOT_REPRODUCED
    pair = {name: about for name, about in recipes().items() if name in ("neic", "geofon")}
    seeming = sum(outcomes(finding, pair, REHEARSAL, seeds=[seed]) == {REPRODUCED} for seed in range(40))
    assert stats.binom.sf(seeming - 1, 40, 0.025) > 0.01


def test_other_labels_make_other_findings():
    fine_s = {"error_s": {"P": 0.4, "S": 0.1}}
    assert outcomes("s-errors-below-p", changed(instance=fine_s, neic=fine_s)) == {REPRODUCED}
    others = dict.fromkeys(("ethz", "iquique", "scedc", "stead"), fine_s)
    assert outcomes("s-errors-above-p", changed(**others)) == {NOT_REPRODUCED}
    assert REPRODUCED not in outcomes("residuals-heavy-tailed", recipes(), drawn=normal_errors_s)
    # Labels of NEIC that lie early teach to pick early, and picks at the onset are late for them.
    early = changed(neic={"late": {"share": 1.0, "delay_s": -0.5}})
    for finding in BIASES:
        assert outcomes(finding, early, REHEARSAL) == {REPRODUCED}
    late = changed(neic={"late": {"share": 1.0, "delay_s": 0.5}})
    for finding in BIASES:
        assert outcomes(finding, late, REHEARSAL) == {NOT_REPRODUCED}


def test_local_and_regional_twins_are_unlike_teleseismic_ones():
    files = [read_yaml(path) for path in (ROOT / "config" / "datasets").glob("mini-*.yaml")]
    reach = {about["twin_of"]: about["source"]["simulate"]["events"]["distance_km"] for about in files}
    near = [reach[about["twin_of"]]["max"] for about in files if about["region"] != "teleseismic"]
    assert near and max(near) < 700 and reach["geofon"]["median"] > 6000
    assert reach["geofon"]["p10"] > 2 * max(near)
