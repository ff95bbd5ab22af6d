"""Export the selected pickers as SeisBench weight files."""

from pathlib import Path

from pickbench.export import export
from pickbench.joblog import logged

with logged(snakemake.log[0], snakemake.config["model_options"]):
    root = Path(snakemake.output.weights)
    root.mkdir(parents=True, exist_ok=True)
    for picker in snakemake.params.pickers:
        folder = root / picker["model"]["id"] / picker["source"]["id"] / f"seed{picker['seed']}"
        export(picker["model"], picker["source"], Path(picker["selected"]), folder)
