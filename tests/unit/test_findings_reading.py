"""Mistakes in claims are refused in a line that names file, key, value and what would be right."""

import inspect
import json

import pytest

from pickbench.errors import InputError
from pickbench.findings.predicates import KINDS
from pickbench.findings.reading import SCHEMA, read_findings
from pickbench.metrics.registry import METRICS
from pickbench.yamlfiles import read_yaml
from tests.conftest import ROOT
from tests.unit.claims import CLAIMS, KNOWN

FORM = ROOT / SCHEMA


def entry(name, **changes):
    """A claim that ships, with changes; None takes a key away."""
    (content,) = [claim for claim in read_yaml(CLAIMS)["findings"] if claim["id"] == name]
    return {key: value for key, value in {**content, **changes}.items() if value is not None}


BEST_MODELS, LIMIT, ALIKE, BIAS = (
    "detection-best-models",
    "regional-to-teleseismic-limit",
    "alike-sources",
    "neic-early-on-geofon",
)
WORST, S_AND_P, HEAVY = "worst-sources", "s-errors-above-p", "residuals-heavy-tailed"
MISTAKES = {
    "typo in the only key": ({"findngs": []}, "unknown key 'findngs'; did you mean 'findings'?"),
    "no list": ({"findings": "abc"}, "key 'findings' is 'abc', expected a list"),
    "nothing": ({"findings": []}, "key 'findings' is empty, expected one entry at least"),
    "no claim": ({"findings": ["abc"]}, "key 'findings.0' is 'abc', expected keys and values"),
    "no kind": (entry(BEST_MODELS, kind=None), "key 'findings.0.kind' is missing"),
    "unknown kind": (
        entry(BEST_MODELS, kind="better_model"),
        "key 'findings.0.kind' is 'better_model', expected one of worse_across, at_most,",
    ),
    "no statement": (entry(BEST_MODELS, statement=None), f"finding {BEST_MODELS}: key 'statement' is missing"),
    "empty statement": (entry(BEST_MODELS, statement=""), "key 'statement' is empty, expected some text"),
    "id": (entry(BEST_MODELS, id="Best models"), "key 'id' is 'Best models', expected an id of lower-case letters"),
    "key of another kind": (entry(BEST_MODELS, roles=["ethz"]), f"finding {BEST_MODELS}: unknown key 'roles'"),
    "typo in a key": (entry(BEST_MODELS, targetss=["ethz"]), "unknown key 'targetss'; did you mean 'targets'?"),
    "typo in a needed key": (
        entry(WORST, among=None, amoung=["ethz"]),
        f"finding {WORST}: unknown key 'amoung'; did you mean 'among'?",
    ),
    "a needed key less": (entry(WORST, among=None), f"finding {WORST}: key 'among' is missing"),
    "no measures": (entry(WORST, measures=[]), "key 'measures' is empty, expected one entry at least"),
    "a measure without a list": (entry(WORST, measures="auc"), "key 'measures' is 'auc', expected a list"),
    "unknown metric": (
        entry(WORST, measures=["acu"]),
        "key 'measures' has 'acu', which is no metric; did you mean 'auc'?",
    ),
    "no phase": (entry(WORST, measures=["mae_s"]), "key 'measures' has 'mae_s', expected mae_s P or mae_s S"),
    "unknown phase": (entry(WORST, measures=["mae_s Q"]), "key 'measures' has 'mae_s Q', expected mae_s P or mae_s S"),
    "a phase too many": (entry(WORST, measures=["auc P"]), "key 'measures' has 'auc P', expected auc"),
    "a phase of both": (entry(S_AND_P, measures=["mae_s S"]), "has 'mae_s S', expected mae_s P"),
    "a metric that tells no better": (
        entry(WORST, measures=["mean_s P"]),
        "has 'mean_s P', but transfers_worst is about auc or",
    ),
    "a metric without a sign": (
        entry(BIAS, measures=["mae_s P"]),
        "has 'mae_s P', but biased is about mean_s or median_s or",
    ),
    "another scale": (entry(HEAVY, measures=["mae_s P"]), "but heavy_tailed is about laplace_scale_s"),
    "text for a number": (entry(LIMIT, limit="abc"), f"finding {LIMIT}: key 'limit' is 'abc', expected a number"),
    "a number in quotes": (
        entry(LIMIT, limit="0.77"),
        "key 'limit' is '0.77', expected a number; '0.77' in quotes is text",
    ),
    "no number": (entry(LIMIT, limit=float("nan")), f"finding {LIMIT}: key 'limit' is nan, expected a number"),
    "no margin": (entry(ALIKE, margin=0), "key 'margin' is 0, expected a number above 0"),
    "text for true or false": (entry(BIAS, late="late"), "key 'late' is 'late', expected true or false"),
    "unknown region": (
        entry(LIMIT, sources=["local", "regoinal"]),
        f"finding {LIMIT}: key 'sources.1' is 'regoinal', expected one of local, regional, teleseismic",
    ),
    "a dataset for a region": (entry(LIMIT, targets=["geofon"]), "key 'targets.0' is 'geofon', expected one of local,"),
    "unknown role": (
        entry(WORST, roles=["iquiqe"]),
        f"finding {WORST}: key 'roles' has the unknown dataset 'iquiqe'; did you mean 'iquique'?",
    ),
    "unknown role alone": (
        entry(BIAS, source_role="neicc"),
        "key 'source_role' has the unknown dataset 'neicc'; did you mean",
    ),
    "unknown target": (
        entry(BEST_MODELS, targets=["eths"]),
        "key 'targets' has the unknown dataset 'eths'; did you mean",
    ),
    "unknown model": (
        entry(BEST_MODELS, models=["eqtransfomer"]),
        f"finding {BEST_MODELS}: key 'models' has the unknown model 'eqtransfomer'; did you mean 'eqtransformer'?",
    ),
    "unknown alternative": (
        entry(BEST_MODELS, than=["phasenetlight|phasnet"]),
        "key 'than' has the unknown model 'phasnet'; did you mean 'phasenet'?",
    ),
    "a role twice": (entry(WORST, roles=["lendb", "lendb"]), "key 'roles' has 'lendb' twice"),
    "a claim twice": (
        {"findings": [entry(WORST), entry(WORST)]},
        f"key 'id' is '{WORST}', which an earlier finding has",
    ),
    "an outcome of twins": (
        entry(WORST, twins={"outcome": "maybe", "because": "so"}),
        f"finding {WORST}: key 'twins.outcome' is 'maybe', expected one of reproduced, not reproduced",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_one_line(name, tmp_path):
    content, message = MISTAKES[name]
    path = tmp_path / "claims.yaml"
    # YAML takes all of JSON but its NaN.
    text = json.dumps(content if "id" not in content else {"findings": [content]}).replace("NaN", ".nan")
    path.write_text(text)
    with pytest.raises(InputError) as refusal:
        read_findings(path, FORM, **KNOWN)
    lines = str(refusal.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    assert [line for line in lines if message in line], lines
    # A typo in a needed key is a key that is missing, too.
    assert len(lines) == 1 or "is missing" in lines[-1] or "is missing" in lines[0]


def test_missing_keys_are_all_named(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(json.dumps({"findings": [entry(WORST, among=None, statement=None)]}))
    with pytest.raises(InputError) as refusal:
        read_findings(path, FORM, **KNOWN)
    lines = [f"{path}: finding {WORST}: key '{key}' is missing" for key in ("statement", "among")]
    assert str(refusal.value).splitlines() == lines


def test_what_is_known_may_be_missing_in_a_run():
    """Which datasets and models a run has is nothing that reading asks."""
    findings = read_findings(CLAIMS, FORM, **KNOWN)
    assert [finding.id for finding in findings] == [claim["id"] for claim in read_yaml(CLAIMS)["findings"]]


def test_the_schema_knows_the_predicates_and_their_parameters():
    form = read_yaml(FORM)["$defs"]
    assert set(form["kinds"]) == set(KINDS)
    for kind, special in form["kinds"].items():
        parameters = list(inspect.signature(KINDS[kind].predicate).parameters.values())[2:]
        assert set(special.get("properties", {})) == {parameter.name for parameter in parameters}, kind
        needed = {parameter.name for parameter in parameters if parameter.default is inspect.Parameter.empty}
        assert set(special.get("required", [])) == needed, kind


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_a_kind_of_claim(metric, tmp_path):
    measure = f"{metric} P" if METRICS[metric].task == 3 else metric
    path = tmp_path / "claims.yaml"
    path.write_text(json.dumps({"findings": [entry(LIMIT, measures=[measure])]}))
    (finding,) = read_findings(path, FORM, **KNOWN)
    assert finding.measures == [measure]
