"""Texts from metadata are texts wherever they are shown, no name leaves its folder, and nothing is ever unpickled."""

import ast
import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pickbench.data.facts import write_facts
from pickbench.examples.compute import stations
from pickbench.examples.files import Examples, write_examples
from pickbench.figures import style
from pickbench.figures.examples import draw_examples
from pickbench.files import read_json
from pickbench.tables.dropped import DatasetFiles, write_dropped
from pickbench.tables.examples import write_example_table
from pickbench.tables.formats import TEX_SPECIALS
from tests.badinput.job import run
from tests.badinput.raw import TRACES, data_job, table, write_good
from tests.conftest import ROOT
from tests.unit.drawn import strings, texts
from tests.unit.test_figures_examples import examples

SCRIPT = "<script>alert(1)</script>"
#: What a station may be called in somebody's metadata.
STATIONS = [
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "</td></table><iframe src='javascript:alert(1)'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "{{ 7 * 7 }}{% for x in y %}",
    r"A_B & 50 % #1 $x^2 ~{} \input{/etc/passwd}",
    "$\\frac{",
    "../../../../tmp/station",
    "two\n\nlines",
]
TAGS = {"script", "img", "iframe", "svg", "object", "a"}


class Page(HTMLParser):
    """Tags of a page, and the texts of its cells."""

    def __init__(self, path: Path):
        super().__init__()
        self.tags, self.cells = set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data


def with_station(station: str) -> Examples:
    """Examples at a station, whose name comes from metadata as in a run."""
    made = examples([("P", "median")])
    (name,) = stations(pd.DataFrame({"station_network_code": [np.nan], "station_code": [station]}))
    return Examples(**{**vars(made), "table": made.table.assign(station=name, trace_name=station)})


@pytest.mark.parametrize("station", STATIONS)
def test_a_station_of_any_name_is_text_in_the_table_of_examples(station, tmp_path):
    write_examples(with_station(station), tmp_path / "here.csv", tmp_path / "here.npz")
    names = {"here": {(f"m{i}", "here"): f"Model {i}" for i in range(3)}}
    write_example_table([tmp_path / "here.csv"], names, {"here": {"title": "Here", "region": "local"}}, tmp_path / "t")
    page = Page(tmp_path / "t.html")
    assert not page.tags & TAGS and page.cells.count(station) == 2
    assert pd.read_csv(tmp_path / "t.csv")["station"].unique().tolist() == [station]
    (row,) = [line for line in (tmp_path / "t.tex").read_text().splitlines() if line.startswith("P: median")]
    assert row.count(station.translate(TEX_SPECIALS)) == 2


@pytest.mark.parametrize("station", STATIONS)
def test_a_station_of_any_name_is_text_in_the_figure_of_examples(station, tmp_path):
    write_examples(with_station(station), tmp_path / "here.csv", tmp_path / "here.npz")
    names = {(f"m{i}", "here"): f"Model {i}" for i in range(3)}
    figure = draw_examples(tmp_path / "here.csv", tmp_path / "here.npz", names, title=station)
    style.save(figure, tmp_path / "here.pdf", tmp_path / "here.png")
    # Long ones are broken into lines and shortened.
    assert [text for text in strings(figure) if text[:5] == station[:5].replace("\n", " ")]
    assert (tmp_path / "here.png").stat().st_size > 10_000


def test_a_dollar_is_no_formula(tmp_path):
    write_examples(with_station("$x$_1"), tmp_path / "here.csv", tmp_path / "here.npz")
    names = {(f"m{i}", "here"): "$\\sum_{i}$" for i in range(3)}
    figure = draw_examples(tmp_path / "here.csv", tmp_path / "here.npz", names)
    style.save(figure, tmp_path / "here.pdf", tmp_path / "here.png")
    (shown,) = [text for text in texts(figure) if text.get_text() == "$x$_1"]
    assert not shown.get_parse_math() and strings(figure).count("$\\sum_{i}$") == 3


def test_characters_of_tex_are_set_as_they_are():
    """By hand: each of the ten special characters is escaped, and line breaks are blanks."""
    written = "a&b%c$d#e_f{g}h~i^j\\k\n\nl".translate(TEX_SPECIALS)
    assert written == (r"a\&b\%c\$d\#e\_f\{g\}h\textasciitilde{}i\textasciicircum{}j\textbackslash{}k  l")


def test_traces_of_any_name_are_text_in_the_table_of_what_was_dropped(tmp_path):
    raw, out = write_good(tmp_path / "raw"), tmp_path / "out"
    table(lambda rows: rows.assign(station_code=SCRIPT, trace_sampling_rate_hz=["0"] + ["100"] * (TRACES - 1)))(raw)
    assert run(tmp_path, data_job(raw, out)).status == 0
    account = read_json(out / "dropped.json")
    account["examples"] = {reason: [SCRIPT] for reason in account["examples"]}
    (out / "dropped.json").write_text(json.dumps(account))
    write_dropped(
        [DatasetFiles("mine", out / "dropped.json", out / "split_report.json")], {"mine": SCRIPT}, tmp_path / "dropped"
    )
    page = Page(tmp_path / "dropped.html")
    assert not page.tags & TAGS and page.cells.count(SCRIPT) >= 2


def test_names_in_metadata_make_no_files(tmp_path):
    """Whatever a table says, the files of a dataset are those of its stages."""
    raw, out, name = write_good(tmp_path / "raw"), tmp_path / "out", "../../../elsewhere/x"
    table(
        lambda rows: rows.assign(
            station_code=name,
            station_network_code=name,
            source_id=[f"{name}{row}" for row in range(TRACES)],
            trace_chunk=name,
            trace_raw_name=name,
            trace_raw_dataset="/etc",
            trace_raw_chunk=name,
        )
    )(raw)
    assert run(tmp_path, data_job(raw, out)).status == 0
    write_facts(out, None, out / "traces.parquet", out / "picks.parquet")
    assert {path.name for path in tmp_path.iterdir()} == {"raw", "out", "job.log"}
    # Some have their checksum beside them.
    assert {str(path.relative_to(out)).removesuffix(".sha256") for path in out.rglob("*") if path.is_file()} == {
        "raw.json",
        "prepared.csv",
        "metadata.csv",
        "waveforms.hdf5",
        "dropped.part.json",
        "dropped.json",
        "split_report.json",
        "windows/task1.csv",
        "traces.parquet",
        "picks.parquet",
    }
    # What the stages say of a trace is not taken from the table.
    rows = pd.read_csv(out / "metadata.csv", dtype=str)
    assert rows["trace_raw_name"].str.startswith("bucket0$").all() and set(rows["trace_raw_dataset"]) == {"raw"}


def calls() -> list[tuple[str, str, dict]]:
    """Every call in the product: where, what is called, and its keywords."""
    found = []
    for folder in ("src", "workflow"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                    found.append((f"{path}:{node.lineno}", ast.unparse(node.func), keywords))
    return found


def test_whatever_can_unpickle_is_told_not_to():
    found = calls()
    assert len(found) > 3000
    loads = {name: [k for _, called, k in found if called == name] for name in ("torch.load", "np.load", "yaml.load")}
    assert all(loads.values())
    assert {k.get("weights_only") for k in loads["torch.load"]} == {"True"}
    assert {k.get("allow_pickle") for k in loads["np.load"]} == {"False"}
    assert {k.get("Loader") for k in loads["yaml.load"]} == {"_Loader"}
    never = {"eval", "exec", "pickle.load", "pickle.loads", "pd.read_pickle", "joblib.load", "os.system", "compile"}
    assert [where for where, called, _ in found if called in never] == []
    assert [where for where, _, keywords in found if "shell" in keywords] == []
