"""Texts from metadata are texts wherever they are shown, no name leaves its folder, and nothing is ever unpickled."""

import ast
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
from pickbench.files import read_json, write_json
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
    write_json(out / "dropped.json", account, sealed=True)
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


#: What loads plain data if it is told to, and how it is told.
TOLD = {
    "torch.load": ("weights_only", "True"),
    "numpy.load": ("allow_pickle", "False"),
    "yaml.load": ("Loader", "_Loader"),
}
#: What runs what it reads: functions and classes, and modules of which nothing else is harmless.
NEVER = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen"),
    *("pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "pandas.read_pickle"),
    *("torch.jit.load", "torch.hub.load", "torch.package"),
    *("yaml.load_all", "yaml.unsafe_load", "yaml.unsafe_load_all", "yaml.full_load", "yaml.full_load_all"),
    *("yaml.Loader", "yaml.UnsafeLoader", "yaml.FullLoader", "yaml.CLoader", "yaml.CUnsafeLoader", "yaml.CFullLoader"),
}
HARMLESS = {"pickle.UnpicklingError"}


def names(code: str) -> list[tuple[int, str, dict[str, str]]]:
    """Every name in a module: its line, what it was imported as, and the keywords if it is called."""
    nodes = list(ast.walk(ast.parse(code)))
    imported = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            # `import a.b` makes `a` known, and `import a.b as c` makes `a.b`.
            imported |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            imported |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    called = {call.func: {word.arg: ast.unparse(word.value) for word in call.keywords} for call in calls}
    # Of `a.b.c` only the whole.
    parts = {node.value for node in nodes if isinstance(node, ast.Attribute)}
    found = []
    for node in nodes:
        read = isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load) and node not in parts
        if read or node in called:
            first, dot, rest = ast.unparse(node).partition(".")
            found.append((node.lineno, imported.get(first, first) + dot + rest, called.get(node, {})))
    return found


def unsafe(code: str) -> list[tuple[int, str]]:
    """What in a module runs, or may run, what it reads: the line and the name."""
    found = []
    for line, name, keywords in names(code):
        forbidden = name not in HARMLESS and any(f"{name}.".startswith(f"{never}.") for never in NEVER)
        untold = name in TOLD and keywords.get(TOLD[name][0]) != TOLD[name][1]
        if forbidden or untold or "shell" in keywords:
            found.append((line, name))
    return found


def test_whatever_can_unpickle_is_told_not_to():
    """Names are followed through imports, not through `getattr` and other names; ruff's rules S see some of these."""
    files = [path for folder in ("src", "workflow") for path in sorted((ROOT / folder).rglob("*.py"))]
    codes = {path: path.read_text(encoding="utf-8") for path in files}
    found = [name for code in codes.values() for _, name, _ in names(code)]
    assert len(found) > 10_000 and TOLD.keys() <= set(found)
    assert {path: unsafe(code) for path, code in codes.items() if unsafe(code)} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import torch; torch.load(path)",
        "import torch as t; t.load(path, weights_only=False)",
        "from torch import load as read; read(path)",
        "import torch, functools; functools.partial(torch.load, weights_only=True)",
        "import torch.jit; torch.jit.load(path)",
        "from torch import hub; hub.load(path)",
        "import numpy; numpy.load(path)",
        "import numpy as n; n.load(path, allow_pickle=True)",
        "def read(path):\n    from numpy import load\n    return load(path)",
        "import pickle as p; p.Unpickler(stream).load()",
        "from pickle import loads; list(map(loads, texts))",
        "import pandas; pandas.read_pickle(path)",
        "import yaml; yaml.load(text, Loader=yaml.SafeLoader)",
        "import yaml\n\nclass _Loader(yaml.UnsafeLoader):\n    pass",
        "from yaml import full_load; full_load(text)",
        "import yaml; yaml.unsafe_load(text)",
        "import subprocess; subprocess.run(words, shell=True)",
        "eval(text)",
    ],
)
def test_what_can_unpickle_is_found_by_any_name(code):
    assert unsafe(code)


def test_what_is_told_not_to_unpickle_is_fine():
    assert unsafe("import numpy as np, re; np.load(path, allow_pickle=False); re.compile(text); other.load(path)") == []
