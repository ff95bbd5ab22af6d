"""Which seismic phase picker fits my data: the package behind the workflow.

The package does the work of every stage of the workflow and knows nothing of Snakemake.
"""

import os

# Torch reads this at its first large block of memory, and then asks for huge pages. On a processor that speeds up
# EQTransformer's prediction and slows down its training; others differ by less than from run to run (compare with 0,
# which wins if it is set outside, by benchmarks.prediction and benchmarks.training).
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

__version__ = "0.1.0"
