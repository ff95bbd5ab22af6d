"""Draw the windows of a dataset, or take over published ones."""

from pathlib import Path

from pickbench.joblog import logged
from pickbench.protocol import TASK_FILES
from pickbench.windows.published import adopt
from pickbench.windows.rules import WindowRules, write_windows

with logged(snakemake.log[0]):
    dataset = Path(snakemake.input.metadata[0]).parent
    windows = {f"{snakemake.wildcards.windows_file}_csv": Path(snakemake.output.windows)}
    files = {f"{name}_csv": None for name in TASK_FILES} | windows
    params = snakemake.params
    if params.published is None:
        write_windows(dataset, params.tasks, WindowRules(**params.rules), params.arrival_columns, **files)
    else:
        adopt(Path(params.published), dataset, params.tasks, **files)
