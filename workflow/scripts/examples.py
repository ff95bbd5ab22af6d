"""Choose a dataset's example windows, and compute what is shown of them."""

from pathlib import Path

from pickbench.examples.compute import ExamplePicker, make_examples
from pickbench.examples.files import write_examples
from pickbench.joblog import logged
from pickbench.prediction import Picker

with logged(snakemake.log[0], snakemake.config["model_options"]):
    files, batch_size = snakemake.input, snakemake.config["prediction"]["batch_size"]
    pickers = [
        ExamplePicker(Picker.from_selection(each["model"], Path(selected), batch_size), each["source"], Path(cells))
        for each, selected, cells in zip(snakemake.params.pickers, files.selected, files.cells, strict=True)
    ]
    dataset = snakemake.wildcards.dataset
    folder = Path(files.data[0]).parent
    examples = make_examples(dataset, folder, files.picks, pickers, snakemake.params.region)
    write_examples(examples, snakemake.output.csv, snakemake.output.npz)
