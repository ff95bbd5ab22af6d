"""Metrics of a picker on all its targets."""

from pathlib import Path

from pickbench.files import read_json
from pickbench.joblog import logged
from pickbench.metrics.cells import evaluate_picker
from pickbench.metrics.table import write_metrics
from pickbench.prediction import finished_cells
from pickbench.protocol import TASK_FILES
from pickbench.selection import selected_dev_answers

with logged(snakemake.log[0]):
    selected = read_json(snakemake.input.selected)
    own_dev = {name: selected_dev_answers(selected, name) for name in TASK_FILES}
    metrics = evaluate_picker(
        finished_cells(Path(snakemake.input.cells)),
        snakemake.params.datasets,
        model=snakemake.wildcards.model,
        source=snakemake.wildcards.source,
        seed=int(snakemake.wildcards.seed),
        lrs={column: answer["lr"] for column, answer in selected["answers"].items()},
        source_dev={name: table for name, table in own_dev.items() if len(table)},
    )
    write_metrics(metrics, Path(snakemake.output.metrics))
