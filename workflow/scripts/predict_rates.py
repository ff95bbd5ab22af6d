"""Apply a picker to all targets of the study of sampling rates."""

from pathlib import Path

from pickbench.files import write_json
from pickbench.joblog import logged
from pickbench.prediction import Picker, Target
from pickbench.rates.prediction import predict_rates

with logged(snakemake.log[0], snakemake.config["model_options"]):
    batch_size = snakemake.config["prediction"]["batch_size"]
    picker = Picker.from_selection(snakemake.params.model, Path(snakemake.input.selected), batch_size)
    targets = {target: Target.of(files) for target, files in snakemake.params.targets.items()}
    cells = Path(snakemake.output.cells)
    records = predict_rates(picker, targets, snakemake.params.rates_hz, cells.parent)
    write_json(cells, {"cells": records})
