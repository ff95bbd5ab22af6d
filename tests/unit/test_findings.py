"""Each finding comes out reproduced, not reproduced and not decidable in worlds that are made so."""

import json

import numpy as np
import pandas as pd
import pytest

from pickbench.config import read_yaml
from pickbench.errors import InputError
from pickbench.findings.estimates import Estimate, Measure, Results, average, difference
from pickbench.findings.predicates import AGAINST, FOR, PREDICATES, TIE, above, below, within
from pickbench.findings.report import NOT_DECIDABLE, NOT_REPRODUCED, REPRODUCED, decide, read_findings, write_findings
from pickbench.metrics.registry import METRICS
from pickbench.metrics.table import as_table
from tests.conftest import ROOT

CLAIMS = ROOT / "resources" / "findings.yaml"
FINDINGS = {finding.id: finding for finding in read_findings(CLAIMS)}
REGIONS = {
    **dict.fromkeys(("ethz", "instance", "iquique", "scedc"), "regional"),
    **dict.fromkeys(("lendb", "stead"), "local"),
    **dict.fromkeys(("geofon", "neic"), "teleseismic"),
}
DATASETS = {name: {"title": name.upper(), "region": region, "twin_of": None} for name, region in REGIONS.items()}
NETWORKS = ["basicphaseae", "cred", "dpp", "eqtransformer", "gpd", "phasenetlight"]
MODELS = {name: {"title": name, "control": False} for name in NETWORKS} | {"oracle": {"title": "O", "control": True}}
# What a source costs on other datasets.
PENALTY = {"instance": 0.05, "geofon": 0.12, "neic": 0.12, "iquique": 0.2, "lendb": 0.22}
MIRRORED_AT = {"auc": 1.6, "median_s": 0.0}


def as_found(metric, phase, model, source, target):
    """A value of a world in which all that the paper found holds; None where there is no such cell."""
    penalty = 0 if source == target else PENALTY.get(source, 0.1)
    far, ahead = REGIONS[target] == "teleseismic", model in ("eqtransformer", "cred")
    if metric == "auc":
        value = 0.95 - penalty + (0.03 if ahead and target != "ethz" else -0.02 if ahead else 0)
        blind = source != target and far and REGIONS[source] != "teleseismic"
        return None if target == "neic" else value - (0.17 if blind else 0)
    if model == "cred" or target == "lendb" or (source == "lendb" and (phase == "S" or metric == "mcc")):
        return None
    if metric == "mcc":
        return {"neic": 0.8, "geofon": 0.5}.get(target, 0.9) - penalty
    if metric == "median_s":
        return {("neic", "geofon"): -0.3, ("geofon", "neic"): 0.3}.get((source, target), 0.0)
    error = 0.2 if phase == "P" else 0.15 if target in ("instance", "neic") else 0.3
    if model == "eqtransformer" and source == target == "neic":
        error -= 0.1
    return (error + penalty) / (0.6 if metric == "std_s" else 1)


def mirrored(metric, *cell):
    """A value of a world in which everything is the other way round, and alike sources are not."""
    value = as_found(metric, *cell)
    if value is None:
        return None
    return MIRRORED_AT.get(metric, 1.0) - value + (0.1 if metric == "auc" and cell[2] == "scedc" else 0)


def world(value_of=as_found, half_width=0.001, models=NETWORKS, roles=REGIONS, seed=42):
    rows = []
    measures = [("auc", ""), ("mcc", "")]
    measures += [(name, phase) for name in ("mae_s", "std_s", "median_s", "laplace_scale_s") for phase in "PS"]
    for metric, phase in measures:
        for model in models:
            for source in roles:
                for target in roles:
                    value = value_of(metric, phase, model, source, target)
                    if value is not None:
                        rows.append(cell(model, source, target, metric, value, phase, half_width, seed))
    return as_table(rows)


def cell(model, source, target, metric, value, phase="", half_width=0.001, seed=42):
    return {
        "model": model, "source": source, "target": target, "task": METRICS[metric].task, "phase": phase,
        "split": "test", "lr": "0.001", "seed": seed, "metric": metric, "value": value,
        "ci_low": value - half_width, "ci_high": value + half_width, "n": 100, "threshold": np.nan,
        "threshold_from": "target" if METRICS[metric].at_threshold else "",
    }  # fmt: skip


def outcome(finding, table, datasets=DATASETS):
    return decide(FINDINGS[finding], Results(table, MODELS, datasets)).outcome


WORLDS = {
    "as found": (world(), REPRODUCED),
    "the other way round": (world(mirrored), NOT_REPRODUCED),
    "wide intervals": (world(half_width=9.0), NOT_DECIDABLE),
    "no results": (as_table([]), NOT_DECIDABLE),
    "controls alone": (world(models=["oracle"]), NOT_DECIDABLE),
}


@pytest.mark.parametrize("finding", FINDINGS)
@pytest.mark.parametrize("name", WORLDS)
def test_findings_are_decided_by_the_world_they_are_held_against(finding, name):
    table, expected = WORLDS[name]
    assert outcome(finding, table) == expected


def test_every_kind_of_claim_is_made():
    assert {finding.kind for finding in FINDINGS.values()} == set(PREDICATES)


def test_a_part_of_the_grid_may_refute_but_not_confirm():
    fewer = [role for role in REGIONS if role != "lendb"]
    assert outcome("best-source", world(roles=fewer)) == NOT_DECIDABLE
    assert outcome("best-source", world(mirrored, roles=fewer)) == NOT_REPRODUCED
    decision = decide(FINDINGS["best-source"], Results(world(roles=fewer), MODELS, DATASETS))
    assert "not in this run: AUC: INSTANCE" in decision.reason
    # What speaks of two datasets alone does not need the others.
    assert outcome("neic-early-on-geofon", world(roles=["neic", "geofon"])) == REPRODUCED


def test_a_source_is_not_compared_in_what_it_cannot_teach():
    """LenDB has no S: there is nothing of it to tell phases apart, and that is no gap in the run."""
    decision = decide(FINDINGS["best-source"], Results(world(), MODELS, DATASETS))
    lendb = [number.measure for number in decision.evidence.numbers if "LENDB" in number.what]
    assert lendb == ["AUC", "Mean absolute error (P)"] and decision.outcome == REPRODUCED


def test_models_that_are_named_are_needed_and_may_have_a_stand_in():
    assert outcome("detection-on-ethz", world(models=NETWORKS[1:])) == REPRODUCED
    models = {name: about for name, about in MODELS.items() if name != "phasenetlight"}
    without = Results(world(models=NETWORKS[:-1]), models, DATASETS)
    assert decide(FINDINGS["detection-on-ethz"], without).outcome == NOT_DECIDABLE
    stand_in = world().replace({"model": {"phasenetlight": "phasenet"}})
    results = Results(stand_in, models | {"phasenet": {"title": "PhaseNet"}}, DATASETS)
    assert decide(FINDINGS["detection-on-ethz"], results).outcome == REPRODUCED


def test_twins_play_the_roles_of_what_they_stand_for():
    twins = {f"mini-{name}": {**about, "twin_of": name} for name, about in DATASETS.items()}
    table = world()
    renamed = table.assign(source="mini-" + table["source"], target="mini-" + table["target"])
    assert {outcome(finding, renamed, twins) for finding in FINDINGS} == {REPRODUCED}
    # The real one, where there is one, plays its role; a dataset of one's own plays none of the paper's.
    assert Results(table, MODELS, {**twins, **DATASETS}).played_by == {name: name for name in REGIONS}
    own = {f"my-{name}": about for name, about in DATASETS.items()}
    mine = table.assign(source="my-" + table["source"], target="my-" + table["target"])
    assert outcome("best-source", mine, own) == NOT_DECIDABLE
    assert outcome("cross-domain-worse", mine, own) == REPRODUCED


def test_only_test_results_at_the_target_s_threshold_count():
    table = as_table([cell("gpd", "ethz", "ethz", "mcc", 0.5), cell("gpd", "ethz", "ethz", "mcc", 0.7, seed=43)])
    others = [table.assign(split="dev", value=0), table.assign(threshold_from="source", value=0)]
    others += [table.assign(source="pre-ours", value=0), table.assign(value=np.nan), table.assign(ci_low=np.nan)]
    results = Results(pd.concat([table, *others], ignore_index=True), MODELS, DATASETS)
    (row,) = results.of(Measure.named("mcc")).to_dict("records")
    assert row["value"] == pytest.approx(0.6) and row["error"] == pytest.approx(0.001 / 1.96, rel=1e-3)


def test_errors_on_one_target_go_together_and_on_several_do_not():
    cells = pd.DataFrame(
        [("a", "x", 1.0, 0.3), ("b", "x", 3.0, 0.5), ("a", "y", 4.0, 0.3)],
        columns=["model", "target", "value", "error"],
    )
    estimate = average(cells)
    assert estimate.value == 3.0 and estimate.cells == 3
    assert estimate.error == pytest.approx(np.hypot(0.4, 0.3) / 2)
    pairs = difference(cells, cells.iloc[1:].assign(value=0.0), ["model", "target"])
    assert pairs.value == 3.5 and pairs.cells == 2
    assert average(cells.iloc[:0]) is None and difference(cells, cells.iloc[:0], ["target"]) is None


@pytest.mark.parametrize(
    ("claim", "said"),
    [(above(1), [FOR, AGAINST, TIE]), (below(1), [AGAINST, FOR, TIE]), (within(1.5), [AGAINST, FOR, TIE])],
)
def test_a_number_speaks_where_its_interval_lies_on_one_side(claim, said):
    estimates = [Estimate(2.0, 0.1, 1), Estimate(0.5, 0.1, 1), Estimate(1.4, 1.0, 1)]
    assert [claim(estimate) for estimate in estimates] == said


def test_all_is_written(tmp_path):
    twins = {f"mini-{name}": {**about, "twin_of": name} for name, about in DATASETS.items()}
    table = world()
    table = table.assign(source="mini-" + table["source"], target="mini-" + table["target"])
    write_findings(table, MODELS, twins, CLAIMS, tmp_path / "findings.json", tmp_path / "t" / "findings")
    content = json.loads((tmp_path / "findings.json").read_text())
    assert [entry["id"] for entry in content["findings"]] == list(FINDINGS)
    first = content["findings"][0]
    assert first["outcome"] == REPRODUCED and len(first["numbers"]) == 8 and first["numbers"][0]["says"] == FOR
    assert content["roles"]["ethz"] == "mini-ethz" and "oracle" not in content["models"]
    rows = pd.read_csv(tmp_path / "t" / "findings.csv")
    assert (rows["outcome"] == REPRODUCED).all() and (rows["for"] > 0).all() and rows["missing"].sum() == 0
    page = (tmp_path / "t" / "findings.html").read_text()
    assert f"{len(FINDINGS)} reproduced, 0 not reproduced, 0 not decidable" in page
    assert "Simulated twins play these roles" in page and '<td class="sentences">' in page
    assert r"\begin{tabular}{lp{.35\textwidth}rrp{.35\textwidth}}" in (tmp_path / "t" / "findings.tex").read_text()


def test_nothing_is_written_as_not_decidable(tmp_path):
    write_findings(as_table([]), MODELS, {}, CLAIMS, tmp_path / "findings.json", tmp_path / "findings")
    assert set(pd.read_csv(tmp_path / "findings.csv")["outcome"]) == {NOT_DECIDABLE}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "best_of_all"}, "best_of_all"),
        ({"statement": None}, "statement is missing"),
        ({"measures": ["aux"]}, "aux"),
        ({"targetss": ["ethz"]}, "targetss"),
        ({"id": "Detection"}, "the id"),
    ],
)
def test_mistakes_in_claims_are_one_line(change, message, tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(json.dumps({"findings": [{**read_yaml(CLAIMS)["findings"][0], **change}]}))
    with pytest.raises(InputError, match=message) as error:
        read_findings(path)
    assert "\n" not in str(error.value) and "claims.yaml" in str(error.value)


def test_roles_and_models_of_claims_exist():
    known = {path.stem for path in (ROOT / "config" / "datasets").glob("*.yaml")}
    models = {path.stem for path in (ROOT / "config" / "models").glob("*.yaml")}
    for finding in FINDINGS.values():
        options = dict(finding.options)
        roles = [options[key] for key in ("source_role", "target_role") if key in options]
        for key in ("roles", "among", "but"):
            roles += options.get(key, [])
        if finding.kind in ("better_models", "s_above_p"):
            roles += options.get("targets", [])
        assert set(roles) <= known, finding.id
        if finding.kind == "better_models":
            named = [name for entry in (*options["models"], *options["than"]) for name in entry.split("|")]
            assert set(named) <= models, finding.id


def test_every_twin_that_ships_says_of_what():
    for path in (ROOT / "config" / "datasets").glob("*.yaml"):
        content = read_yaml(path)
        if "simulate" in content["source"]:
            assert path.stem == f"mini-{content['twin_of']}" and path.with_stem(content["twin_of"]).exists()
        else:
            assert "twin_of" not in content
