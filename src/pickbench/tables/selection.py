"""The table of what was selected: which learning rate answers what, and by how much it won on dev."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from pickbench.files import read_json
from pickbench.grid import NO_LEARNING_RATE
from pickbench.metrics.registry import ANSWERS, METRICS
from pickbench.selection import DEV_LOSS
from pickbench.tables.formats import EN_DASH, Column, Matrix, Page, Row, columns_of_text, row_of_text, write_page

COLUMNS = [
    "model", "source", "seed", "answer", "learning_rate", "metric", "dev_value", "runner_up", "runner_up_value",
    "margin", "unlearned", "parameters",
]  # fmt: skip
HEADINGS = ["Learning rate", "Selected by", "Dev value", "Runner-up", "Margin", "Not learned"]
PARAMETERS = "Parameters"
NOTES = [
    "Dev split of the source. The margin is how much better the selected learning rate is than the runner-up.",
    "Where the source poses no such task the lowest dev loss decides. A picker may answer with several learning rates.",
    "What is searched and not trained has one candidate, without a learning rate, and the parameters that were found.",
    f"{EN_DASH} there is none: no other learning rate has learned the answer, or none has.",
]


def selection_table(selected: Iterable[tuple[str, str, Path]]) -> pd.DataFrame:
    """Read what was selected.

    Parameters
    ----------
    selected
        Model, source, and the file that `pickbench.selection.select` wrote for each picker.

    Returns
    -------
    DataFrame
        One row an answer of a picker, `COLUMNS`; `unlearned` names learning rates that have not learned it, and why,
        and `parameters` those that a search has found.
    """
    rows = []
    for model, source, path in selected:
        choice = read_json(path)
        unlearned = choice["unlearned"]
        asked = [c for c in ANSWERS if c in choice["answers"] or any(c in reasons for reasons in unlearned.values())]
        for column in asked:
            failed = [
                f"{lr} ({reasons[column]})" if lr != NO_LEARNING_RATE else reasons[column]
                for lr, reasons in unlearned.items()
                if column in reasons
            ]
            picker = {"model": model, "source": source, "seed": choice["seed"], "answer": ANSWERS[column].title}
            won = _won(choice["answers"][column]) if column in choice["answers"] else {}
            rows.append({**picker, **won, "unlearned": ", ".join(failed)})
    return pd.DataFrame(rows, columns=COLUMNS)


def _won(answer: dict) -> dict:
    """The selected learning rate, the next best, and how far apart they are."""
    scored, best, metric = answer["scores"], answer["lr"], answer["metric"]
    sign = 1 if metric != DEV_LOSS and METRICS[metric].best == "higher" else -1
    found = [f"{name} {value:.4g}" for name, value in answer.get("found", {}).items()]
    won = {"metric": metric, "dev_value": scored[best], "parameters": ", ".join(found)}
    if best != NO_LEARNING_RATE:
        won["learning_rate"] = best
    others = [lr for lr in scored if lr != best]
    if not others:
        return won
    second = max(others, key=lambda lr: sign * scored[lr])
    margin = sign * (scored[best] - scored[second])
    return {**won, "runner_up": second, "runner_up_value": scored[second], "margin": margin}


def write_selection(
    selected: Iterable[tuple[str, str, Path]],
    models: Mapping[str, Mapping],
    datasets: Mapping[str, Mapping],
    stem: Path,
) -> None:
    """Write the table as CSV with ids and numbers in full, as TeX and as HTML.

    Parameters
    ----------
    selected
        As for `selection_table`.
    models, datasets
        Id -> {"title": ...}.
    stem
        Path of the files without their suffix.
    """
    table = selection_table(selected)
    seeds = table["seed"].nunique() > 1
    matrices = []
    for model, part in table.groupby("model", sort=False):
        searched = part["parameters"].fillna("").any()
        rows = [_row(row, datasets, seeds, searched) for row in part.to_dict("records")]
        columns = columns_of_text(*HEADINGS)
        columns += [Column(PARAMETERS, sentences=True)] if searched else []
        matrices.append(Matrix(models[model]["title"], "", "Source: answer", columns, rows))
    write_page(table, Page("What was selected", matrices, NOTES), stem)


def _row(row: dict, datasets: Mapping[str, Mapping], seeds: bool, searched: bool) -> Row:
    seed = f", seed {row['seed']}" if seeds else ""
    metric = row["metric"]
    if pd.isna(metric):
        texts = [EN_DASH] * 5
    else:
        title, unit = ("Dev loss", "") if metric == DEV_LOSS else (METRICS[metric].title, METRICS[metric].unit)
        values = [
            EN_DASH if pd.isna(row[key]) else f"{row[key]:.4f} {unit}".rstrip() for key in ("dev_value", "margin")
        ]
        rates = [EN_DASH if pd.isna(row[key]) else row[key] for key in ("learning_rate", "runner_up")]
        texts = [rates[0], title, values[0], rates[1], values[1]]
    texts += [row["unlearned"], *([row["parameters"]] if searched else [])]
    texts = [EN_DASH if pd.isna(text) else text for text in texts]
    return row_of_text(f"{datasets[row['source']]['title']}{seed}: {row['answer']}", texts)
