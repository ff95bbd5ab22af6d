"""Each finding comes out reproduced, not reproduced and not decidable in worlds that are made so."""

import json

import numpy as np
import pandas as pd
import pytest

from pickbench.findings.claims import FOR
from pickbench.findings.estimates import Measure, Results
from pickbench.findings.predicates import KINDS
from pickbench.findings.report import NOT_DECIDABLE, NOT_REPRODUCED, REPRODUCED, decide, write_findings
from pickbench.findings.trainings import Failure, failures
from pickbench.metrics.registry import ANSWERS, METRICS
from pickbench.metrics.table import as_table
from pickbench.yamlfiles import read_yaml
from tests.conftest import ROOT
from tests.unit.claims import FINDINGS

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


def world(value_of=as_found, half_width=0.001, models=NETWORKS, roles=REGIONS, seed=42, n=100):
    rows = []
    measures = [("auc", ""), ("mcc", "")]
    measures += [(name, phase) for name in ("mae_s", "std_s", "median_s", "laplace_scale_s") for phase in "PS"]
    for metric, phase in measures:
        for model in models:
            for source in roles:
                for target in roles:
                    value = value_of(metric, phase, model, source, target)
                    if value is not None:
                        rows.append(cell(model, source, target, metric, value, phase, half_width, seed, n))
    return as_table(rows)


def cell(model, source, target, metric, value, phase="", half_width=0.001, seed=42, n=100):
    return {
        "model": model, "source": source, "target": target, "task": METRICS[metric].task, "phase": phase,
        "split": "test", "lr": "0.001", "seed": seed, "metric": metric, "value": value,
        "ci_low": value - half_width, "ci_high": value + half_width, "n": n, "threshold": np.nan,
        "threshold_from": "target" if METRICS[metric].at_threshold else "",
    }  # fmt: skip


def outcome(finding, table, datasets=DATASETS):
    return decide(FINDINGS[finding], Results(table, MODELS, datasets)).outcome


WORLDS = {
    "as found": (world(), REPRODUCED),
    "the other way round": (world(mirrored), NOT_REPRODUCED),
    "few windows": (world(half_width=9.0, n=5), NOT_DECIDABLE),
    "no results": (as_table([]), NOT_DECIDABLE),
    "controls alone": (world(models=["oracle"]), NOT_DECIDABLE),
}


@pytest.mark.parametrize("finding", FINDINGS)
@pytest.mark.parametrize("name", WORLDS)
def test_findings_are_decided_by_the_world_they_are_held_against(finding, name):
    table, expected = WORLDS[name]
    assert outcome(finding, table) == expected


def test_every_kind_of_claim_is_made():
    assert {finding.kind for finding in FINDINGS.values()} == set(KINDS)


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


def test_all_is_written(tmp_path):
    twins = {f"mini-{name}": {**about, "twin_of": name} for name, about in DATASETS.items()}
    table = world()
    table = table.assign(source="mini-" + table["source"], target="mini-" + table["target"])
    results = Results(table, MODELS, twins)
    write_findings(list(FINDINGS.values()), results, tmp_path / "findings.json", tmp_path / "t" / "findings")
    content = json.loads((tmp_path / "findings.json").read_text())
    assert [entry["id"] for entry in content["findings"]] == list(FINDINGS)
    first = content["findings"][0]
    assert first["outcome"] == REPRODUCED and len(first["numbers"]) == 8 and first["numbers"][0]["says"] == FOR
    assert first["numbers"][0]["p_for"] < 0.025 and first["numbers"][0]["p_against"] == 1
    assert content["roles"]["ethz"] == "mini-ethz" and "oracle" not in content["models"]
    rows = pd.read_csv(tmp_path / "t" / "findings.csv")
    assert (rows["outcome"] == REPRODUCED).all() and (rows["for"] > 0).all() and rows["missing"].sum() == 0
    page = (tmp_path / "t" / "findings.html").read_text()
    assert f"{len(FINDINGS)} reproduced, 0 not reproduced, 0 not decidable" in page
    assert "Simulated twins play these roles" in page and '<td class="sentences">' in page
    assert "reproduced: labels lie around the true onsets in a Laplace distribution" in page
    sentences = r"p{.35\textwidth}"
    assert rf"\begin{{tabular}}{{l{sentences}rr{2 * sentences}}}" in (tmp_path / "t" / "findings.tex").read_text()


def test_nothing_is_written_as_not_decidable(tmp_path):
    nothing = Results(as_table([]), MODELS, {})
    write_findings(list(FINDINGS.values()), nothing, tmp_path / "findings.json", tmp_path / "findings")
    assert set(pd.read_csv(tmp_path / "findings.csv")["outcome"]) == {NOT_DECIDABLE}
    # Of data that no twins stand for nothing is known beforehand.
    page = (tmp_path / "findings.html").read_text()
    assert "Known of the twins" not in page and "<td>not\N{NO-BREAK SPACE}decidable</td>" in page
    assert "& not~decidable &" in (tmp_path / "findings.tex").read_text()


def fallen(model, source, column, *others, reason="collapsed", seed=42):
    return Failure(model, source, seed, ANSWERS[column], reason, frozenset([column, *others]))


def without_cells(table, model, source, phase):
    """What metrics make of an answer that was not learned: no rows of it."""
    gone = (table["model"] == model) & (table["source"] == source) & (table["phase"] == phase)
    return table[~gone]


@pytest.mark.parametrize("reason", ["collapsed", "diverged"])
@pytest.mark.parametrize("value_of", [as_found, mirrored])
def test_a_training_that_came_to_nothing_is_no_evidence_against_its_model(value_of, reason):
    """EQTransformer has not learned P of NEIC; what the same network says of S is no better founded."""
    table = without_cells(world(value_of), "eqtransformer", "neic", "P")
    assert outcome("neic-fixed-onset", table) != REPRODUCED
    failed = [fallen("eqtransformer", "neic", "p_sample_pred", "s_sample_pred", "score_p_or_s", reason=reason)]
    decision = decide(FINDINGS["neic-fixed-onset"], Results(table, MODELS, DATASETS, failed))
    assert decision.outcome == NOT_DECIDABLE and decision.judged == [] and len(decision.evidence.lost) == 8
    assert f"left out: eqtransformer trained on NEIC (P onset: {reason})" in decision.reason
    assert "not in this run" not in decision.reason
    # Of three networks the one for S has not failed with the one for P: the claim may fall, but not stand.
    alone = [fallen("eqtransformer", "neic", "p_sample_pred", reason=reason)]
    decision = decide(FINDINGS["neic-fixed-onset"], Results(table, MODELS, DATASETS, alone))
    assert decision.outcome == (NOT_DECIDABLE if value_of is as_found else NOT_REPRODUCED)
    assert len(decision.judged) == 4 and f"P onset: {reason}" in decision.reason


def test_averages_are_over_the_trainings_that_did_not_fail():
    """A collapsed DPP of ETHZ that answers all the same does not count, and what it is asked elsewhere does."""
    table = world()
    dpp = (table["model"] == "dpp") & (table["source"] == "ethz") & (table["phase"] == "P")
    table.loc[dpp & (table["metric"] == "mae_s"), "value"] = 99.0
    failed = [fallen("dpp", "ethz", "p_sample_pred")]
    for finding, named in (("cross-domain-worse", True), ("best-source", True), ("detection-best-models", False)):
        decision = decide(FINDINGS[finding], Results(table, MODELS, DATASETS, failed))
        assert decision.outcome == REPRODUCED
        assert ("left out: dpp trained on ETHZ (P onset: collapsed)" in decision.reason) == named
    mae = Measure.named("mae_s P")
    assert Results(table, MODELS, DATASETS, failed).asked([mae]).of(mae)["value"].max() < 1
    assert decide(FINDINGS["s-errors-above-p"], Results(table, MODELS, DATASETS)).outcome == NOT_REPRODUCED


def test_of_several_seeds_the_one_that_failed_is_named():
    table = pd.concat([world(), world(seed=43)], ignore_index=True)
    failed = [fallen("eqtransformer", "neic", "p_sample_pred", "s_sample_pred", seed=43)]
    decision = decide(FINDINGS["neic-fixed-onset"], Results(table, MODELS, DATASETS, failed))
    assert decision.outcome == REPRODUCED and "trained on NEIC, seed 43 (P onset: collapsed)" in decision.reason


def test_failures_are_those_that_no_learning_rate_has_mended(tmp_path):
    def picker(name, answers, unlearned):
        path = tmp_path / name
        answers = {column: {"lr": lr} for column, lr in answers.items()}
        path.write_text(json.dumps({"seed": 7, "answers": answers, "unlearned": unlearned}))
        return path

    kept = {"s_sample_pred": "0.01", "score_detection": "0.001"}
    lost = {"0.01": {"p_sample_pred": "collapsed"}, "0.001": {"p_sample_pred": "diverged", "s_sample_pred": "diverged"}}
    selected = [
        ("one", "a", picker("one", kept, lost)),
        ("three", "a", picker("three", kept, lost)),
        ("one", "mended", picker("mended", {**kept, "p_sample_pred": "0.1"}, lost)),
        ("one", "lacking", picker("lacking", {}, {"0.01": {"s_sample_pred": "no S labels"}})),
    ]
    first, second = failures(selected, {"one": 1, "three": 3})
    assert (first.model, first.source, first.seed, first.answer.column) == ("one", "a", 7, "p_sample_pred")
    # Both selected trainings are among those that failed.
    assert first.reason == "collapsed" and first.gives == {"p_sample_pred", "s_sample_pred", "score_detection"}
    assert (second.model, second.gives) == ("three", {"p_sample_pred"})


def test_every_twin_that_ships_says_of_what():
    for path in (ROOT / "config" / "datasets").glob("*.yaml"):
        content = read_yaml(path)
        if "simulate" in content["source"]:
            assert path.stem == f"mini-{content['twin_of']}" and path.with_stem(content["twin_of"]).exists()
        else:
            assert "twin_of" not in content


def test_a_source_with_a_handful_of_s_teaches_neither_s_nor_phases():
    table = world()
    at_home = (table["source"] == "geofon") & (table["target"] == "geofon")
    few = table.assign(n=table["n"].where(~(at_home & (table["phase"] == "S")), 9))
    results = Results(few, MODELS, DATASETS)
    for name, teaches in {"auc": True, "mae_s P": True, "mcc": False, "mae_s S": False}.items():
        cells = results.of(Measure.named(name)).set_index("source")
        assert cells.loc["geofon", "value"].notna().eq(teaches).all() and cells.drop("geofon")["value"].notna().all()
    # It is in the run, and why it does not count is said.
    decision = decide(FINDINGS["best-source"], results)
    assert decision.outcome == NOT_DECIDABLE and "not in this run" not in decision.reason
    assert "left out: what was trained on GEOFON (9 S test windows of its own), so that there is no" in decision.reason
    assert outcome("cross-domain-worse", few) == REPRODUCED


def test_cells_of_few_windows_do_not_count():
    table = world()
    assert "ethz" in set(Results(table, MODELS, DATASETS).of(Measure.named("mae_s P"))["target"])
    few = table.assign(n=table["n"].where(table["target"] != "ethz", 9))
    assert "ethz" not in set(Results(few, MODELS, DATASETS).of(Measure.named("mae_s P"))["target"])
