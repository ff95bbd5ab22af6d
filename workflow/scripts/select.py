"""Select the candidates of a picker."""

from pathlib import Path

from pickbench.candidate import keep_records
from pickbench.joblog import logged
from pickbench.selection import select

with logged(snakemake.log[0]):
    folders, selected = snakemake.params.folders, Path(snakemake.output.selected)
    folders = {lr: Path(folder) for lr, folder in folders.items()}
    select(folders, snakemake.params.columns, int(snakemake.wildcards.seed), selected)
    keep_records(folders, selected, Path(snakemake.output.candidates))
