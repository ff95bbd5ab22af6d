"""Versions of the stages' code.

Snakemake does not notice an edit in an imported package. Each rule therefore has its stage's version among its
parameters: raise it here when a change of code changes what the stage writes, and everything that follows is remade.
"""

VERSIONS = {
    "fetch": 1,
    "simulate": 1,
    "prepare": 2,
    "split": 1,
    "facts": 1,
    "windows": 1,
    "train": 6,
    "select": 2,
    "adopt": 1,
    "predict": 3,
    "metrics": 1,
    "tables": 8,
    "findings": 5,
    "figures": 9,
    "examples": 2,
    "export": 1,
    "rates": 3,
    "report": 1,
}
