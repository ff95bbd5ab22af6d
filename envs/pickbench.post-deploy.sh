#!/usr/bin/env bash
# Snakemake runs this once in the environment that it made: the package itself comes from the working directory.
set -euo pipefail
python -m pip install --no-deps --editable .
