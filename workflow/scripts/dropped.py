"""Write the table of what was left out of each dataset."""

from pathlib import Path

from pickbench.joblog import logged
from pickbench.tables.dropped import DatasetFiles, write_dropped

with logged(snakemake.log[0]):
    params = snakemake.params
    write_dropped(
        [DatasetFiles(**files) for files in params.files], params.titles, Path(snakemake.output[0]).with_suffix("")
    )
