"""Write the table of what was selected."""

from pathlib import Path

from pickbench.joblog import logged
from pickbench.tables.selection import write_selection

with logged(snakemake.log[0]):
    params = snakemake.params
    selected = [(model, source, Path(file)) for model, source, file in params.selected]
    write_selection(selected, params.models, params.datasets, Path(snakemake.output.tables[0]).with_suffix(""))
