"""The report holds what the run has made, under every heading something, and opens in a browser without a complaint."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.workflow.browsing import OPEN, TELL, chromium, visiting
from tests.workflow.support import snakemake
from tests.workflow.tiny import HOSTILE

CATEGORIES = {
    "1. Findings": None,
    "2. Pickers on their own data": {
        "Task 1: event detection",
        "Task 2: phase identification",
        "Task 3: onset time",
        "Example waveforms",
    },
    "3. Pickers on other data": {
        "Task 1: event detection",
        "Task 2: phase identification",
        "Task 3: onset time",
        "Task 3: onset time, model by model",
    },
    "4. Under which conditions": {"Other sampling rates", "Signal-to-noise ratio and distance"},
    "5. Data": {"Traces used and left out", "What datasets consist of"},
    "6. Training and selection": None,
    "7. The run": None,
}


@pytest.fixture(scope="module")
def report(run) -> Path:
    """The report of the tiny run."""
    path = run / "report.html"
    snakemake("--configfile", run / "tiny.yaml", "--report", path, directory=run)
    return path


@pytest.fixture(scope="module")
def demo_report() -> Path:
    """The report that `make demo` wrote last."""
    path = ROOT / "results" / "report.html"
    if not path.exists():
        pytest.skip("needs the report of `make demo`")
    return path


@pytest.fixture
def browser() -> None:
    """Chromium, which CI installs; elsewhere the test is skipped without it."""
    if chromium() is None:
        say = pytest.fail if os.environ.get("PICKBENCH_NEEDS_CHROMIUM") else pytest.skip
        say("needs Chromium: on Debian, apt-get install chromium")


def variable(report: Path, name: str) -> dict | str:
    """What the page's scripts are given."""
    script = rf'<script id="{name.replace("_", "-")}">\s*var {name} = (.*?);\s*</script>'
    return json.loads(re.search(script, report.read_text(encoding="utf-8"), re.S)[1])


def on_disk(folder: Path) -> set[str]:
    """The figures and tables of a run, by their paths."""
    results = folder / "results"
    files = [*(results / "figures").rglob("*.png"), *(results / "tables").glob("*.html")]
    return {str(path.relative_to(folder)) for path in files}


class Text(HTMLParser):
    """Text and tags of a page."""

    def __init__(self, page: str):
        super().__init__()
        self.text, self.tags = "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def test_every_figure_and_table_stands_under_a_heading(run, report):
    categories = variable(report, "categories")
    assert {name: set(parts) if len(parts) > 1 else None for name, parts in categories.items()} == CATEGORIES
    listed = [path for parts in categories.values() for paths in parts.values() for path in paths]
    assert all(paths for parts in categories.values() for paths in parts.values())
    assert len(listed) == len(set(listed)) and set(listed) == on_disk(run) == set(variable(report, "results"))


def test_lines_of_a_list_differ(report):
    """Snakemake shows one alone of two results with the same labels."""
    results = variable(report, "results")
    for parts in variable(report, "categories").values():
        for name, paths in parts.items():
            labels = [tuple(sorted(results[path]["labels"].items())) for path in paths]
            assert len(set(labels)) == len(labels), name


def test_captions_say_what_how_and_where_from(report):
    for path, result in variable(report, "results").items():
        caption = Text(result["caption"]).text
        for part in ("What is seen.", "How to read it.", "Files."):
            assert part in caption, path
        assert Path(path).name in caption, path
        for name in ("model", "dataset", "phase"):
            named = re.search(rf"\b{name}=([^,]*)", result["job_properties"]["wildcards"])
            assert named is None or named[1] in caption, path


def test_a_title_is_text(run, report):
    page = Text((run / "results" / "tables" / "dropped.html").read_text(encoding="utf-8"))
    assert HOSTILE in page.text and "script" not in page.tags
    assert HOSTILE in variable(report, "results")["results/tables/dropped.html"]["job_properties"]["params"]
    assert HOSTILE not in report.read_text(encoding="utf-8")


def test_the_landing_page_says_what_is_simulated(report):
    text = Text(variable(report, "workflow_desc")).text
    assert "Simulated: tiny-local, tiny-far, tiny-p" in re.sub(r"\s+", " ", text)
    for name in CATEGORIES:
        assert name in text


def look_through(report: Path, expected: set[str]) -> None:
    """Click through all headings and all results, and look at each."""
    with visiting(report) as visit:
        assert visit.page.get_by_role("heading", name="Which seismic phase picker").is_visible()
        visit.page.locator("#rulegraph canvas, #rulegraph svg").first.wait_for()
        seen = set()
        headings = [heading for heading in visit.menu() if heading[0].isdigit()]
        assert headings == sorted(variable(report, "categories"))
        for heading in headings:
            places = [(heading, part) for part in visit.go(heading)] or [(heading,)]
            for place in places:
                found = results_of(visit, place)
                assert found, f"nothing under {place}"
                seen |= found
        assert seen == expected
        assert visit.wrong == []


def results_of(visit, place: tuple[str, ...]) -> set[str]:
    """Open every result of a list, and read what is told of it."""
    seen = set()
    visit.go(*place)
    lines = visit.page.locator("nav tbody tr").count()
    for toggle in range(len(visit.toggles())):
        for line in range(lines):
            visit.go(*place)
            if visit.toggles()[toggle] is not None:
                visit.toggles()[toggle].click()
            visit.follow(line, OPEN)
            path = visit.shown()
            seen.add(path)
            if path.endswith(".png"):
                assert visit.image_width() > 0, path
            else:
                assert len(visit.table_text()) > 100, path
            visit.follow(line, TELL)
            assert "What is seen." in visit.page.locator("nav .prose").inner_text(), path
    return seen


def test_the_report_opens_in_a_browser(run, report, browser):
    look_through(report, on_disk(run))


def test_the_demo_s_report_opens_in_a_browser(demo_report, browser):
    look_through(demo_report, set(variable(demo_report, "results")))


def test_a_browser_s_complaint_is_noticed(tmp_path, browser):
    page = "<div id=app><img src='https://example.org/a.png'></div><script>console.error('no'); x.y;</script>"
    (tmp_path / "bad.html").write_text(page)
    with visiting(tmp_path / "bad.html") as visit:
        visit.page.wait_for_timeout(200)
    assert "https://example.org/a.png" in visit.wrong and "no" in visit.wrong
    assert any("x is not defined" in wrong for wrong in visit.wrong)
