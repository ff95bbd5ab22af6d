"""Tables of the test results: in-domain (models by datasets) and across domains (sources by targets).

Each table is written three times: as CSV with ids and numbers in full, as TeX to include in a document, and as an HTML
page that needs nothing else. Across domains a table holds one matrix per model and one of their average. Which tables
there are is fixed in `TABLES`, so that a workflow can name the files before there are results.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.averages import Average, average
from pickbench.metrics.registry import METRICS, Metric
from pickbench.protocol import FEWEST_WINDOWS
from pickbench.tables.formats import EN_DASH, MINUS, Cell, Column, Matrix, Page, Row, write_formats

# No ids of a model or a source: the average's matrix, and in CSV files the row of the numbers of windows.
AVERAGE, WINDOWS = "(average)", "(windows)"

EMPTY_NOTE = (
    f"{EN_DASH} no result: the dataset does not pose the task or holds no such windows, the model has no such answer,"
    " the training has diverged or collapsed (see what was selected), the source has no dev windows to set a threshold"
    " from, or the pair is not in this run."
)
MARK_NOTE = (
    "Test split. In each column the best is bold and the second underlined; controls (italic) are not ranked, nor are"
    f" columns of fewer than {FEWEST_WINDOWS} windows (n)."
)
ACROSS_NOTE = (
    "Rows are sources, columns are targets; where both are the same (shaded) the result is in-domain."
    " A model without any result here has no matrix. An average is over the models that have the cell: where those are"
    " fewer than elsewhere in the matrix, their number stands in brackets, and the cell is about other models than its"
    f" neighbours. Of columns of fewer than {FEWEST_WINDOWS} windows there is no average."
)
BEST_NOTE = {"higher": "higher is better", "lower": "lower is better", "zero": "nearest to 0 is best"}
ORIGIN_NOTE = {"": "", "source": "threshold from the source's dev", "target": "threshold from the target's dev"}


@dataclass(frozen=True)
class Table:
    """What one table shows.

    Attributes
    ----------
    title
        Heading.
    phase
        "P", "S" or "" of the rows of metrics.csv.
    across
        Whether it goes across domains.
    parts
        (metric, threshold_from) of its parts, in order.
    """

    title: str
    phase: str
    across: bool
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Block:
    """One matrix of a table: ids and full-precision values, and which rows compete.

    Attributes
    ----------
    metric, threshold_from
        What is shown.
    model
        Whose matrix it is, `AVERAGE`, or "" where the rows are models.
    values
        Row ids by column ids; NaN is an empty cell.
    ranked
        Ids of the rows that may be marked best or second.
    windows
        Number of windows by column id.
    average
        What the values are of, where they are an average.
    """

    metric: Metric
    threshold_from: str
    model: str
    values: pd.DataFrame
    ranked: tuple[str, ...]
    windows: pd.Series
    average: Average | None = None

    @property
    def caption(self) -> str:
        """Metric, unit, direction and origin of the threshold in one line."""
        unit = f" ({self.metric.unit})" if self.metric.unit else ""
        notes = [BEST_NOTE[self.metric.best], ORIGIN_NOTE[self.threshold_from]]
        return f"{self.metric.title}{unit}: {'; '.join(filter(None, notes))}"


_DETECTION = tuple((name, "source") for name in ("f1", "precision", "recall"))
_RATES = (("tpr_at_fpr_0.01", ""), ("tpr_at_fpr_0.05", ""))
_ONSET = tuple(
    (name, "") for name in ("mean_s", "median_s", "std_s", "rmse_s", "mae_s", "outlier_share", "laplace_scale_s")
)
_BOTH_ORIGINS = ("source", "target")

TABLES: dict[str, Table] = {
    "in-domain-detection": Table("Event detection, in-domain", "", False, (("auc", ""), *_DETECTION, *_RATES)),
    "in-domain-phase": Table("Phase identification, in-domain", "", False, (("mcc", "source"),)),
    "in-domain-onset-p": Table("P onset time, in-domain", "P", False, _ONSET),
    "in-domain-onset-s": Table("S onset time, in-domain", "S", False, _ONSET),
    "cross-domain-detection": Table(
        "Event detection across domains", "", True, (("auc", ""), *(("f1", origin) for origin in _BOTH_ORIGINS))
    ),
    "cross-domain-phase": Table(
        "Phase identification across domains", "", True, tuple(("mcc", origin) for origin in _BOTH_ORIGINS)
    ),
    "cross-domain-onset-p": Table("P onset time across domains", "P", True, (("mae_s", ""), ("rmse_s", ""))),
    "cross-domain-onset-s": Table("S onset time across domains", "S", True, (("mae_s", ""), ("rmse_s", ""))),
}


def write_tables(
    metrics: pd.DataFrame, models: Mapping[str, Mapping], datasets: Mapping[str, Mapping], folder: str | Path
) -> list[Path]:
    """Write every table of `TABLES` as {folder}/{name}.csv, .tex and .html.

    Parameters
    ----------
    metrics
        The long table of results.
    models
        Model id -> {"title": ..., "control": bool}, in the order of the rows.
    datasets
        Dataset id -> {"title": ..., "region": ...}, in the order of rows and columns. Sources that are no dataset
        (published weights) follow under their id.

    Returns
    -------
    list of Path
        The files, three for each table.
    """
    test = metrics[metrics["split"] == "test"]
    seeds = ", ".join(str(seed) for seed in sorted(set(test["seed"])))
    written = []
    for name, table in TABLES.items():
        blocks = list(table_blocks(table, test, models, datasets))
        notes = [MARK_NOTE, ACROSS_NOTE] if table.across else [MARK_NOTE]
        if "," in seeds:
            notes.append(f"Means over the seeds {seeds}.")
        notes.append(EMPTY_NOTE)
        page = _page(table, blocks, notes, models, datasets)
        written += write_formats(_csv(blocks), page, Path(folder) / name)
    return written


def table_blocks(
    table: Table, test: pd.DataFrame, models: Mapping[str, Mapping], datasets: Mapping[str, Mapping]
) -> Iterator[Block]:
    """Give the matrices of a table from the test rows of the long table, means over seeds.

    Every dataset that is a source or target anywhere in the results keeps its row or column, also where it is empty.
    A model without a single value across domains has no matrix.
    """
    known = {model: about for model, about in models.items() if model in set(test["model"])}
    competing = tuple(model for model, about in known.items() if not about.get("control", False))
    sources, targets = (in_order(test[end], datasets) for end in ("source", "target"))
    for name, origin in table.parts:
        chosen = (test["metric"] == name) & (test["phase"] == table.phase) & (test["threshold_from"] == origin)
        part, metric = test[chosen], METRICS[name]
        windows = part.groupby("target")["n"].max().reindex(targets).fillna(0).astype(int)
        if not table.across:
            at_home = part[_is_in_domain(part, models, datasets)]
            values = _matrix(at_home, "model", "target").reindex(index=list(known), columns=targets)
            yield Block(metric, origin, "", values, competing, windows)
            continue
        matrices = {
            model: _matrix(part[part["model"] == model], "source", "target").reindex(index=sources, columns=targets)
            for model in known
        }
        for model, values in matrices.items():
            if values.notna().any(axis=None):
                yield Block(metric, origin, model, values, tuple(sources) if model in competing else (), windows)
        if competing:
            of_all = average([matrices[model] for model in competing], windows)
            yield Block(metric, origin, AVERAGE, of_all.values, tuple(sources), windows, of_all)


def marks(block: Block) -> pd.DataFrame:
    """Give for each cell of a block "best", "second" or "", by the metric's direction, column by column.

    Equal values share their rank. A column in which fewer than two compete, or of fewer than `FEWEST_WINDOWS` windows,
    has no marks.
    """
    ranked = block.values.loc[list(block.ranked)]
    losses = {"higher": -ranked, "lower": ranked, "zero": ranked.abs()}[block.metric.best]
    rank = losses.rank(method="min")
    rank.loc[:, (ranked.notna().sum() < 2) | (block.windows < FEWEST_WINDOWS)] = np.nan
    words = np.select([(rank == place).to_numpy(bool) for place in (1, 2)], ["best", "second"], "")
    marked = pd.DataFrame(words, ranked.index, ranked.columns)
    return marked.reindex(block.values.index, fill_value="")


def format_number(value: float) -> str:
    """Write a value with three decimals, NaN as an en dash, and no negative zero."""
    if np.isnan(value):
        return EN_DASH
    return f"{round(value, 3) + 0.0:.3f}".replace("-", MINUS)


def _is_in_domain(part: pd.DataFrame, models: Mapping, datasets: Mapping) -> pd.Series:
    """Whether a result is in-domain; a control that learned from no dataset is at home everywhere."""
    controls = {model for model, about in models.items() if about.get("control", False)}
    from_nothing = part["model"].isin(controls) & ~part["source"].isin(list(datasets))
    return (part["source"] == part["target"]) | from_nothing


def in_order(present: pd.Series, known: Mapping) -> list[str]:
    """The ids in a column, in the order of the configuration; others follow."""
    present = set(present)
    return [name for name in known if name in present] + sorted(present - set(known))


def _matrix(part: pd.DataFrame, rows: str, columns: str) -> pd.DataFrame:
    return part.groupby([rows, columns])["value"].mean().unstack().astype(float)


def _title(name: str, registry: Mapping[str, Mapping]) -> str:
    return registry[name]["title"] if name in registry else name


def _csv(blocks: list[Block]) -> str:
    parts = []
    for block in blocks:
        ids = {"metric": block.metric.name, "threshold_from": block.threshold_from}
        counted = pd.concat([block.values, block.windows.rename(WINDOWS).to_frame().T])
        rows = counted.rename_axis(index="source" if block.model else "model", columns=None).reset_index()
        if block.model:
            ids["model"] = block.model
        for place, (column, value) in enumerate(ids.items()):
            rows.insert(place, column, value)
        parts.append(rows)
    return pd.concat(parts, ignore_index=True).to_csv(index=False, lineterminator="\n") if parts else ""


def _page(table: Table, blocks: list[Block], notes: list[str], models: Mapping, datasets: Mapping) -> Page:
    matrices = []
    for block in blocks:
        columns = [_column(name, int(block.windows[name]), datasets) for name in block.values]
        marked, rows = marks(block), []
        for row in block.values.index:
            cells = [
                Cell(_number(block, row, column), marked.at[row, column], block.model != "" and row == column)
                for column in block.values
            ]
            title = _title(row, datasets if block.model else models)
            rows.append(Row(title, block.model == "" and row not in block.ranked, cells))
        corner = "Source" if block.model else "Model"
        matrices.append(Matrix(block.caption, _owner(block, models), corner, columns, rows))
    return Page(table.title, matrices, notes)


def _number(block: Block, row: str, column: str) -> str:
    """A cell's number, behind that of an average over fewer models than others the number of models."""
    text = format_number(block.values.at[row, column])
    if block.average is None or not block.average.mixed.at[row, column]:
        return text
    return f"{text} ({block.average.models.at[row, column]})"


def _column(name: str, windows: int, datasets: Mapping) -> Column:
    """A dataset's heading with its region and the number of windows."""
    region = datasets.get(name, {}).get("region", "")
    return Column(_title(name, datasets), ", ".join(filter(None, [region, f"n {windows}" if windows else ""])))


def _owner(block: Block, models: Mapping) -> str:
    if block.model == AVERAGE:
        return "Average over models, controls left out"
    return _title(block.model, models)
