"""Apply a picker to all its targets, or to one."""

from pathlib import Path

from pickbench.files import write_json
from pickbench.joblog import logged
from pickbench.prediction import Target, predict_cells

with logged(snakemake.log[0]):
    targets = {
        target: Target(Path("results/data") / target, {name: Path(path) for name, path in windows.items()})
        for target, windows in snakemake.params.targets.items()
    }
    whole_picker = snakemake.output.get("cells") is not None
    folder = Path(snakemake.output[0]).parent if whole_picker else Path(snakemake.output[0]).parents[1]
    cells = predict_cells(
        snakemake.params.model,
        Path(snakemake.input.selected),
        targets,
        folder,
        batch_size=snakemake.params.batch_size,
    )
    if whole_picker:
        write_json(snakemake.output.cells, {"cells": cells})
