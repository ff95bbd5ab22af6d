"""Tables read back, mark the right cells, escape what they show, and say what an empty cell means."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from pickbench.metrics.registry import METRICS
from pickbench.metrics.table import as_table
from pickbench.tables import content as tables

MODELS = {
    "phasenet": {"title": "PhaseNet & co_1", "control": False},
    "gpd": {"title": "<GPD>", "control": False},
    "cred": {"title": "CRED", "control": False},
    "oracle": {"title": "Oracle", "control": True},
}
DATASETS = {
    "ethz": {"title": "ETHZ", "region": "regional"},
    "neic": {"title": "NEIC 100%", "region": "teleseismic"},
}


def row(model, source, target, metric, value, origin="", phase="", seed=42, split="test"):
    return {
        "model": model, "source": source, "target": target, "task": METRICS[metric].task, "phase": phase,
        "split": split, "lr": "0.001", "seed": seed, "metric": metric, "value": value, "ci_low": np.nan,
        "ci_high": np.nan, "n": 10, "threshold": np.nan, "threshold_from": origin,
    }  # fmt: skip


def results():
    return as_table(
        [
            row("phasenet", "ethz", "ethz", "auc", 0.91234567890123),
            row("phasenet", "ethz", "ethz", "auc", 0.1, split="dev"),
            row("gpd", "ethz", "ethz", "auc", 0.95),
            row("cred", "ethz", "ethz", "auc", 0.80),
            row("oracle", "ethz", "ethz", "auc", 1.0),
            row("phasenet", "neic", "ethz", "auc", 0.7),
            row("gpd", "neic", "ethz", "auc", 0.5),
            row("phasenet", "pre-scedc", "ethz", "auc", 0.75),
            row("phasenet", "ethz", "ethz", "f1", 0.6, "source"),
            row("phasenet", "ethz", "ethz", "f1", 0.7, "target"),
            row("phasenet", "neic", "neic", "mean_s", -0.2, phase="P"),
            row("gpd", "neic", "neic", "mean_s", 0.1, phase="P"),
            row("cred", "neic", "neic", "mean_s", -0.0001, phase="P"),
            row("phasenet", "neic", "neic", "mae_s", 0.3, phase="S"),
        ]
    )


@pytest.fixture
def folder(tmp_path):
    written = tables.write_tables(results(), MODELS, DATASETS, tmp_path)
    assert sorted(path.name for path in written) == sorted(
        f"{name}.{suffix}" for name in tables.TABLES for suffix in ("csv", "tex", "html")
    )
    return tmp_path


def block(name, metric, model="", origin="", table=None):
    test = (results() if table is None else table).query("split == 'test'")
    found = tables.table_blocks(tables.TABLES[name], test, MODELS, DATASETS)
    return next(b for b in found if (b.metric.name, b.model, b.threshold_from) == (metric, model, origin))


def test_csv_reads_back_in_full(folder):
    table = pd.read_csv(folder / "in-domain-detection.csv", float_precision="round_trip")
    auc = table[table["metric"] == "auc"].set_index("model")
    assert auc["ethz"].to_dict() == {
        "phasenet": 0.91234567890123,
        "gpd": 0.95,
        "cred": 0.8,
        "oracle": 1.0,
        "(windows)": 10,
    }
    assert auc["neic"].drop("(windows)").isna().all() and auc.loc["(windows)", "neic"] == 0
    f1 = table[table["metric"] == "f1"].set_index("model")
    assert f1.loc["phasenet", "threshold_from"] == "source"
    assert f1.loc["phasenet", "ethz"] == 0.6
    across = pd.read_csv(folder / "cross-domain-detection.csv").set_index(["metric", "model", "source"])["ethz"]
    assert across["auc", "phasenet", "pre-scedc"] == 0.75
    assert across["auc", "(average)", "neic"] == pytest.approx(0.6)
    # The oracle is left out of the average: (0.912 + 0.95 + 0.8) / 3.
    assert across["auc", "(average)", "ethz"] == pytest.approx((0.91234567890123 + 0.95 + 0.8) / 3)


def test_marks_follow_the_direction_and_pass_over_controls():
    marked = tables.marks(block("in-domain-detection", "auc"))
    assert marked["ethz"].to_dict() == {"phasenet": "second", "gpd": "best", "cred": "", "oracle": ""}
    assert (marked["neic"] == "").all()
    bias = tables.marks(block("in-domain-onset-p", "mean_s"))
    assert bias["neic"].to_dict() == {"phasenet": "", "gpd": "second", "cred": "best", "oracle": ""}


def test_across_domains_sources_compete_for_each_target():
    marked = tables.marks(block("cross-domain-detection", "auc", "phasenet"))
    assert marked["ethz"].to_dict() == {"ethz": "best", "neic": "", "pre-scedc": "second"}
    assert (tables.marks(block("cross-domain-detection", "auc", "oracle")) == "").all(axis=None)


def test_equal_values_share_a_rank_and_one_alone_has_none():
    shared = as_table([row(model, "ethz", "ethz", "auc", 0.9) for model in ("phasenet", "gpd")])
    marked = tables.marks(block("in-domain-detection", "auc", table=shared))
    assert marked["ethz"].tolist() == ["best", "best"]
    alone = as_table([row("phasenet", "ethz", "ethz", "auc", 0.9)])
    assert tables.marks(block("in-domain-detection", "auc", table=alone))["ethz"].tolist() == [""]


def test_seeds_are_averaged_and_named(tmp_path):
    two = as_table([row("phasenet", "ethz", "ethz", "auc", v, seed=s) for s, v in ((1, 0.8), (2, 0.9))])
    assert block("in-domain-detection", "auc", table=two).values.at["phasenet", "ethz"] == pytest.approx(0.85)
    tables.write_tables(two, MODELS, DATASETS, tmp_path)
    assert "Means over the seeds 1, 2." in (tmp_path / "in-domain-detection.html").read_text()


def test_a_control_that_learned_from_nothing_is_at_home_everywhere():
    rows = [row("oracle", "pre-oracle", target, "auc", 1.0) for target in DATASETS]
    rows.append(row("phasenet", "pre-x", "ethz", "auc", 0.9))
    values = block("in-domain-detection", "auc", table=as_table(rows)).values
    assert values.loc["oracle"].tolist() == [1.0, 1.0]
    assert values.loc["phasenet"].isna().all()


class Page(HTMLParser):
    """Collects cells and checks that every element is closed in order and nothing comes from elsewhere."""

    def __init__(self):
        super().__init__()
        self.open, self.rows, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        assert not {"src", "href"} & {name for name, _ in attributes}
        if tag != "meta":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if {"td", "th"} & set(self.open) and "small" not in self.open:
            mark = "".join(tag for tag in self.open if tag in ("b", "u"))
            self.rows[-1][-1] += f"{mark}:{data}" if mark else data


def test_html_is_well_formed_and_shows_the_numbers(folder):
    for name in tables.TABLES:
        page = Page()
        page.feed((folder / f"{name}.html").read_text(encoding="utf-8"))
        assert page.open == []
        assert any("– no result" in text for text in page.text)
    page = Page()
    page.feed((folder / "in-domain-detection.html").read_text(encoding="utf-8"))
    assert page.rows[:5] == [
        ["Model", "ETHZ", "NEIC 100%"],
        ["PhaseNet & co_1", "u:0.912", "–"],
        ["<GPD>", "b:0.950", "–"],
        ["CRED", "0.800", "–"],
        ["Oracle", "1.000", "–"],
    ]
    page = Page()
    page.feed((folder / "in-domain-onset-p.html").read_text(encoding="utf-8"))
    assert ["PhaseNet & co_1", "–", "−0.200"] in page.rows
    assert ["CRED", "–", "b:0.000"] in page.rows


def test_tex_rows_are_whole_and_specials_escaped(folder):
    for name in tables.TABLES:
        text = (folder / f"{name}.tex").read_text(encoding="utf-8")
        bodies = re.findall(r"\\begin\{tabular\}\{l(r+)\}\n(.*?)\\end\{tabular\}", text, re.DOTALL)
        assert len(bodies) == text.count(r"\begin{tabular}") > 0
        for columns, body in bodies:
            rows = [line for line in body.splitlines() if line.endswith(r"\\")]
            assert rows
            for line in rows:
                assert len(re.findall(r"(?<!\\)&", line)) == len(columns)
        assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
        assert text.isascii()
    text = (folder / "in-domain-detection.tex").read_text(encoding="utf-8")
    assert r"PhaseNet \& co\_1 & \underline{0.912} & -- \\" in text
    assert r"\textless{}GPD\textgreater{} & \textbf{0.950} & -- \\" in text
    assert r"\textit{Oracle} & 1.000 & -- \\" in text
    assert r"NEIC 100\%" in text


@pytest.mark.parametrize(
    ("value", "text"), [(0.12345, "0.123"), (-0.2, "−0.200"), (-0.0001, "0.000"), (np.nan, "–"), (12, "12.000")]
)
def test_numbers(value, text):
    assert tables.format_number(value) == text


def test_no_results_still_give_every_file(tmp_path):
    assert len(tables.write_tables(as_table([]), MODELS, DATASETS, tmp_path)) == 3 * len(tables.TABLES)
    assert "metric" in (tmp_path / "in-domain-phase.csv").read_text()


def test_every_metric_shown_is_registered_for_its_phase():
    for name, table in tables.TABLES.items():
        for metric, origin in table.parts:
            assert (METRICS[metric].task == 3) == bool(table.phase), name
            assert METRICS[metric].at_threshold == bool(origin), name


def test_a_column_of_few_windows_is_not_ranked_and_says_how_many(tmp_path):
    """One window of S says who was lucky."""
    rows = [row(model, "ethz", "ethz", "mae_s", value, phase="S") for model, value in (("phasenet", 0.1), ("gpd", 0.2))]
    for fewer, marked in ((10, True), (9, False)):
        table = as_table([{**given, "n": fewer} for given in rows])
        page = tables.write_tables(table, MODELS, DATASETS, tmp_path)
        (html,) = [path for path in page if path.name == "in-domain-onset-s.html"]
        text = html.read_text()
        assert ("<b>" in text) == marked
        assert f"regional, n {fewer}" in text
        assert rf" & regional, n {fewer} \\" in html.with_suffix(".tex").read_text()


def test_an_average_leaves_out_columns_of_few_windows_and_says_where_models_are_missing(tmp_path):
    """Of two models one has both cells, the other one alone; the second target has nine windows."""
    rows = [
        row("phasenet", "ethz", "ethz", "auc", 0.8),
        row("phasenet", "neic", "ethz", "auc", 0.6),
        row("gpd", "ethz", "ethz", "auc", 0.6),
        {**row("phasenet", "ethz", "neic", "auc", 0.9), "n": 9},
        {**row("gpd", "ethz", "neic", "auc", 0.7), "n": 9},
    ]
    tables.write_tables(as_table(rows), MODELS, DATASETS, tmp_path)
    page = Page()
    page.feed((tmp_path / "cross-domain-detection.html").read_text(encoding="utf-8"))
    # The last matrix is that of F1, of which there are no results; the one before it is AUC's average.
    at = [number for number, cells in enumerate(page.rows) if cells[0] == "Source"][-3]
    assert page.rows[at + 1 : at + 3] == [["ETHZ", "b:0.700", "–"], ["NEIC 100%", "u:0.600 (1)", "–"]]
    assert "fewer than 10 windows there is no average" in (tmp_path / "cross-domain-detection.tex").read_text()
