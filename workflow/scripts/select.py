"""Select the candidates of a picker."""

from pathlib import Path

from pickbench.joblog import logged
from pickbench.selection import select

with logged(snakemake.log[0]):
    folders = {lr: Path(folder) for lr, folder in snakemake.params.folders.items()}
    select(folders, snakemake.params.columns, int(snakemake.wildcards.seed), Path(snakemake.output.selected))
