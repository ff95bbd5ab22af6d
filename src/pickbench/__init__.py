"""Which seismic phase picker fits my data: the package behind the workflow.

The package does the work of every stage of the workflow and knows nothing of Snakemake.
"""

import os

# Torch reads this at its first large block of memory, and then asks for huge pages: on a processor, where every layer
# of a network fills megabytes anew, training and prediction take a third less time. Setting it to 0 outside wins.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

__version__ = "0.1.0"
