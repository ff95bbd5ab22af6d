"""Published figures, the shipped ones or the user's own in their place: refused by file, line, column and value."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pickbench.tables.published import PUBLISHED_COLUMNS, write_published
from pickbench.validation import validate
from tests.badinput.job import run
from tests.unit.claims import KNOWN
from tests.unit.test_published_table import DATASETS, MODELS, SHIPPED, results


def cell(column: str, value: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Write a value into the third row, which is line 4."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[2, column] = value
        return rows

    return change


STOPS = {
    "no column of values": (lambda rows: rows.drop(columns="value"), ["columns dataset", "expected dataset"]),
    "a column more": (lambda rows: rows.assign(page="3"), ["source, page", f"expected {', '.join(PUBLISHED_COLUMNS)}"]),
    "columns in another order": (lambda rows: rows[PUBLISHED_COLUMNS[::-1]], ["columns source, trust"]),
    "a value in words": (cell("value", "about 0.9"), ["line 4: value is 'about 0.9', expected a number"]),
    "a value with its error": (cell("value", "0.81 (+-0.01)"), ["line 4: value is '0.81 (+-0.01)'"]),
    "a decimal comma": (cell("value", "0,81"), ["line 4: value is '0,81', expected a number"]),
    "no value": (cell("value", ""), ["line 4: value is '', expected a number"]),
    "a value that is NaN": (cell("value", "nan"), ["line 4: value is 'nan', expected a number"]),
    "an infinite value": (cell("value", "inf"), ["line 4: value is 'inf', expected a number"]),
    "an error in words": (cell("reading_error", "small"), ["line 4: reading_error is 'small', expected a number"]),
    "an unknown model": (cell("model", "phasenett"), ["line 4: model is 'phasenett'", "did you mean 'phasenet'?"]),
    "an unknown dataset": (cell("dataset", "ehtz"), ["line 4: dataset is 'ehtz'", "did you mean 'ethz'?"]),
    "a name for an id": (cell("dataset", "ETHZ"), ["line 4: dataset is 'ETHZ'", "known are"]),
    "an unknown metric": (cell("metric", "accuracy"), ["line 4: metric is 'accuracy'", "known are", "auc"]),
    "another phase": (cell("phase", "Pg"), ["line 4: phase is 'Pg'"]),
    "hearsay": (cell("trust", "HEARSAY"), ["line 4: trust is 'HEARSAY'", "PREPUB"]),
    "a figure twice": (lambda rows: pd.concat([rows, rows.iloc[[2]]]), ["an earlier line has the same figure"]),
}
FILES = {
    "nothing in it": lambda path: path.write_bytes(b""),
    "semicolons": lambda path: path.write_text(path.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8"),
    "Latin-1": lambda path: path.write_bytes(path.read_bytes() + "ethz,gpd,f1,,0.8,,PREPUB,Zürich\n".encode("latin-1")),
    "a comma too many": lambda path: path.write_text(re.sub(",(PREPUB|SEED|FIGURE),", r",\1,,", path.read_text())),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "no file": lambda path: path.unlink(),
}


def check(path: Path, folder: Path, words: list[str]) -> None:
    stem = folder / "out" / "published"
    work = run(folder, lambda: write_published(results(), path, MODELS, DATASETS, stem, KNOWN))
    work.said_one_line(path, *words)
    assert not (folder / "out").exists()
    (fault,) = validate({}, {}, [], {}, {"path": str(path), **KNOWN}).faults
    assert "\n" not in fault and not [word for word in (str(path), *words) if word not in fault], fault


@pytest.mark.parametrize("name", STOPS)
def test_figures_that_are_none_are_one_line(name, tmp_path):
    change, words = STOPS[name]
    path = tmp_path / "figures.csv"
    change(pd.read_csv(SHIPPED, dtype=str, keep_default_na=False)).to_csv(path, index=False)
    check(path, tmp_path, words)


@pytest.mark.parametrize("name", FILES)
def test_files_of_figures_that_are_none_are_one_line(name, tmp_path):
    path = tmp_path / "figures.csv"
    shutil.copy(SHIPPED, path)
    FILES[name](path)
    check(path, tmp_path, [])


def test_the_shipped_figures_are_good():
    assert validate({}, {}, [], {}, {"path": str(SHIPPED), **KNOWN}).faults == []
