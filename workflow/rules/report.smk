# What `snakemake --report` shows: the headings in the order of reading, and `in_report`, by which rules say which of their
# outputs stand under them. Captions and the landing page are in workflow/report.
from snakemake.report import html_reporter

from pickbench.metrics.registry import METRICS as MEASURES


report: "../report/workflow.rst"


CATEGORIES = {
    "findings": "1. Findings",
    "in-domain": "2. Pickers on their own data",
    "cross-domain": "3. Pickers on other data",
    "conditions": "4. Under which conditions",
    "data": "5. Data",
    "training": "6. Training and selection",
    "run": "7. The run",
}
TASKS = {1: "Task 1: event detection", 2: "Task 2: phase identification", 3: "Task 3: onset time"}
BY_MODEL = f"{TASKS[3]}, model by model"


def in_report(path, caption, category, labels, subcategory=None):
    """An output in the report; `labels` are what the list of results says of it, or a function of wildcards giving that.

    Two labels of the same values would hide one another: all of them together are unique under a heading.
    """
    return report(
        path,
        caption=f"../report/{caption}.rst",
        category=CATEGORIES[category],
        subcategory=subcategory,
        labels=labels,
    )


def page_in_report(paths, *args, **kwargs):
    """The files of one table, of which the report shows the page."""
    return [in_report(path, *args, **kwargs) if path.endswith(".html") else path for path in paths]


# Snakemake's report, mended where it offers no other way.
def as_text(render):
    """Make what renders results give JSON without "<": in a script element, a title of "</script>" would end it."""

    def rendered(*args):
        return render(*args).replace("<", "\\u003c")

    return rendered


def with_style(read):
    """Add workflow/report/style.css to the report's own."""

    def reading(path):
        own = (ROOT / "workflow" / "report" / path).read_text(encoding="utf-8") if path == "style.css" else ""
        return read(path) + own

    return reading


html_reporter.data.render_results = as_text(html_reporter.data.render_results)
html_reporter.get_resource_as_string = with_style(html_reporter.get_resource_as_string)
# All that the landing page is told.
config["simulated"] = [name for name, settings in PROJECT.datasets.items() if "simulate" in settings["source"]]


# Where to look, once everything is there.
onsuccess:
    made = [*ALL_TABLES, *FIGURES, "results/export"]
    if all(Path(path).exists() for path in made):
        print("Metrics: results/metrics.csv   Tables: results/tables/   Figures: results/figures/")
        print("Findings of the paper: results/tables/findings.html")
        print("Weights for SeisBench: results/export/")
        print("All of it in one page: the same command with --report results/report.html")
