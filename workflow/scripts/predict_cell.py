"""Write one prediction file of a picker."""

from pathlib import Path

from pickbench.data.prepared import PreparedDataset
from pickbench.joblog import logged
from pickbench.prediction import Picker, predict_file

with logged(snakemake.log[0], snakemake.config["model_options"]):
    batch_size = snakemake.config["prediction"]["batch_size"]
    picker = Picker.from_selection(snakemake.params.model, Path(snakemake.input.selected), batch_size)
    dataset = PreparedDataset(Path(snakemake.input.data[0]).parent, columns=[])
    predict_file(picker, dataset, Path(snakemake.input.windows), snakemake.wildcards.split, Path(snakemake.output.cell))
