"""Which seismic phase picker fits my data: the package behind the workflow.

The package does the work of every stage of the workflow and knows nothing of Snakemake.
"""

__version__ = "0.1.0"
