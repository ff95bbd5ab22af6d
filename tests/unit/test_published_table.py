"""Published figures stand beside ours where both are of one model on one real dataset, and are what the facts say."""

import csv
import re

import numpy as np
import pandas as pd
import pytest

from pickbench.errors import InputError
from pickbench.metrics.registry import METRICS
from pickbench.metrics.table import as_table
from pickbench.tables.published import PUBLISHED_COLUMNS, TRUST, published_table, read_published, write_published
from tests.conftest import ROOT
from tests.unit.test_findings import cell

SHIPPED = ROOT / "resources" / "published.csv"
MODELS = {"gpd": {"title": "GPD"}, "phasenet": {"title": "PhaseNet"}}
DATASETS = {
    "ethz": {"title": "ETHZ", "twin_of": None, "simulated": False},
    "mini-ethz": {"title": "mini-ETHZ", "twin_of": "ethz", "simulated": True},
    "stead": {"title": "STEAD", "twin_of": None, "simulated": True},
}


def row(model, source, target, metric, value, **other):
    origin = "source" if METRICS[metric].at_threshold else ""
    return {**cell(model, source, target, metric, value, half_width=0.02), "threshold_from": origin, **other}


def published(rows):
    return pd.DataFrame(rows, columns=PUBLISHED_COLUMNS)


FIGURES = published(
    [
        ("ethz", "gpd", "f1", "", 0.81, np.nan, "PREPUB", "a notebook"),
        ("ethz", "phasenet", "auc", "", 0.99, 0.002, "FIGURE", "a figure"),
        ("ethz", "gpd", "mae_s", "P", 0.5, np.nan, "SEED", "a summary"),
        ("stead", "gpd", "f1", "", 0.9, np.nan, "PREPUB", "a notebook"),
        ("mini-ethz", "gpd", "f1", "", 0.9, np.nan, "PREPUB", "a notebook"),
    ]
)


def results():
    return as_table(
        [
            row("gpd", "ethz", "ethz", "f1", 0.7),
            row("gpd", "ethz", "ethz", "f1", 0.8, seed=43),
            row("gpd", "ethz", "ethz", "f1", 0.1, threshold_from="target"),
            row("gpd", "ethz", "ethz", "f1", 0.1, split="dev"),
            row("gpd", "stead", "ethz", "f1", 0.1),
            row("gpd", "stead", "stead", "f1", 0.1),
            row("gpd", "mini-ethz", "mini-ethz", "f1", 0.1),
            row("phasenet", "ethz", "ethz", "auc", 0.995),
            row("gpd", "ethz", "ethz", "mae_s", 0.4, phase="S"),
        ]
    )


def test_only_the_same_model_on_the_same_real_dataset_is_compared():
    table = published_table(results(), FIGURES, DATASETS).set_index(["dataset", "model", "metric"])
    assert list(table.index) == [("ethz", "gpd", "f1"), ("ethz", "phasenet", "auc")]
    f1 = table.loc[("ethz", "gpd", "f1")]
    assert f1["ours"] == pytest.approx(0.75) and f1["difference"] == pytest.approx(-0.06) and f1["n"] == 100
    assert (f1["ci_low"], f1["ci_high"]) == pytest.approx((0.73, 0.77))
    assert table.loc[("ethz", "phasenet", "auc"), "reading_error"] == 0.002


def test_the_table_says_what_it_shows(tmp_path):
    FIGURES.to_csv(tmp_path / "figures.csv", index=False)
    write_published(results(), tmp_path / "figures.csv", MODELS, DATASETS, tmp_path / "published")
    page = (tmp_path / "published.html").read_text()
    assert "ETHZ: GPD" in page and "<td>−0.060</td>" in page and "<td>0.99 ± 0.002</td>" in page
    assert all(meaning in page.replace("&#39;", "'") for meaning in TRUST.values())
    assert r"0.99 $\pm$ 0.002" in (tmp_path / "published.tex").read_text()


def test_twins_alone_have_nothing_to_compare(tmp_path):
    twins = {"mini-ethz": DATASETS["mini-ethz"]}
    write_published(results(), SHIPPED, MODELS, twins, tmp_path / "published")
    assert pd.read_csv(tmp_path / "published.csv").empty
    for kind in ("html", "tex"):
        assert "Nothing to compare" in (tmp_path / f"published.{kind}").read_text()


@pytest.mark.parametrize(
    ("change", "message"), [({"metric": "aux"}, "aux"), ({"trust": "HEARSAY"}, "HEARSAY"), ({"page": "3"}, "columns")]
)
def test_other_tables_are_refused(change, message, tmp_path):
    FIGURES.assign(**change).to_csv(tmp_path / "figures.csv", index=False)
    with pytest.raises(InputError, match=message):
        read_published(tmp_path / "figures.csv")


#: What a row says instead, and what is said of it.
IMPOSSIBLE = {
    "a percentage": ({"metric": "auc", "value": "93"}, "value is '93', expected a number from 0 to 1 for auc"),
    "a share below zero": ({"metric": "auc", "value": "-1"}, "value is '-1', expected a number from 0 to 1 for auc"),
    "a correlation below -1": (
        {"metric": "mcc", "value": -1.5},
        "value is '-1.5', expected a number from -1 to 1 for mcc",
    ),
    "a negative error": (
        {"metric": "mae_s", "phase": "P", "value": -0.1},
        "value is '-0.1', expected a number of at least 0 for mae_s",
    ),
    "no number": ({"value": "inf"}, "value is 'inf', expected a number"),
    "a negative reading error": (
        {"reading_error": -0.1},
        "reading_error is '-0.1', expected a number of at least 0",
    ),
    "an infinite reading error": (
        {"reading_error": "inf"},
        "reading_error is 'inf', expected a number of at least 0",
    ),
    "a phase of none": ({"metric": "auc", "phase": "P"}, "phase is 'P', expected none for auc"),
    "no phase": ({"metric": "mae_s", "phase": ""}, "phase is '', expected P or S for mae_s"),
    "another phase": ({"metric": "mae_s", "phase": "Pn"}, "phase is 'Pn', expected P or S for mae_s"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_figures_that_cannot_be_are_one_line(name, tmp_path):
    change, words = IMPOSSIBLE[name]
    good = dict(zip(PUBLISHED_COLUMNS, ("ethz", "gpd", "f1", "", "0.8", "", "SEED", "x"), strict=True))
    pd.DataFrame([good, {**good, **change}]).to_csv(tmp_path / "figures.csv", index=False)
    with pytest.raises(InputError) as caught:
        read_published(tmp_path / "figures.csv")
    assert str(caught.value) == f"{tmp_path / 'figures.csv'}, line 3: {words}"


@pytest.mark.parametrize(("metric", "value"), [("mcc", -1), ("auc", 1), ("mean_s", -2.5), ("rmse_s", 0)])
def test_figures_that_can_be_are_read(metric, value, tmp_path):
    phase = METRICS[metric].phases[0]
    published([("ethz", "gpd", metric, phase, value, np.nan, "SEED", "x")]).to_csv(tmp_path / "f.csv", index=False)
    assert read_published(tmp_path / "f.csv")["value"].tolist() == [value]


def test_shipped_figures_are_of_ours_and_within_reason():
    table = read_published(SHIPPED)
    for column, folder in (("dataset", "datasets"), ("model", "models")):
        assert set(table[column]) <= {path.stem for path in (ROOT / "config" / folder).glob("*.yaml")}
    assert not table.duplicated(["dataset", "model", "metric", "phase", "trust"]).any()
    assert not table["dataset"].str.startswith("mini-").any()
    for figure in table.to_dict("records"):
        metric = METRICS[figure["metric"]]
        assert figure["phase"] in (("P", "S") if metric.task == 3 else ("",))
        assert np.isfinite(figure["value"]) and (metric.task == 3 or 0 <= figure["value"] <= 1)
    # Twice the same name with another meaning: see resources/README.md.
    assert "std_s" not in set(table["metric"])


NAMES = {"gpd": "GPD", "gpd-org": "GPD-Org", "phasenetlight": "PhaseNet", "phasenet": "PhaseNet (full, 268k)"}
TASKS = {"precision": "task1_det_precision", "recall": "task1_det_recall", "f1": "task1_det_f1", "auc": "task1_auc"}
FACTS = {
    "PREPUB": "published_indomain_prepub_notebook.csv",
    "SEED": "published_seed_statements_indomain.csv",
    "FIGURE": "followups.csv",
}


def test_shipped_figures_are_those_of_the_facts(shared):
    folder = shared / "facts"
    if not folder.is_dir():
        pytest.skip(f"needs the collected facts in {folder}, which are not part of the repository")
    facts = {}
    for trust, name in FACTS.items():
        with open(folder / name, encoding="utf-8") as stream:
            for fact in csv.DictReader(stream):
                facts[trust, fact["dataset"].lower(), fact["model"].lower(), fact["metric"]] = fact
    for figure in read_published(SHIPPED).to_dict("records"):
        model = NAMES.get(figure["model"], figure["model"]).lower()
        metric = TASKS.get(figure["metric"], f"task3_{figure['phase']}_{figure['metric']}")
        fact = facts[figure["trust"], figure["dataset"], model, metric]
        value, error = re.fullmatch(r"([-\d.]+)(?: \(\+-([\d.]+)\))?", fact["value"]).groups()
        assert figure["value"] == float(value)
        assert (error is None and np.isnan(figure["reading_error"])) or figure["reading_error"] == float(error)
        assert "SUSPECT" not in fact["source"] and "DERIVED" not in fact["source"]
