"""A SLURM for the tests of this folder, where there can be one."""

import os
from collections.abc import Iterator

import pytest

from tests.workflow.slurm.cluster import PACKAGES, Cluster, running_cluster, what_is_missing

ASKED_FOR = "PICKBENCH_SLURM"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A SLURM that runs; skipped unless asked for, and a failure if it is asked for and cannot be."""
    if not os.environ.get(ASKED_FOR):
        packages = ", ".join(sorted(set(PACKAGES.values())))
        pytest.skip(f"set {ASKED_FOR}=1 to start a SLURM for this (as root, with Debian's packages {packages})")
    missing = what_is_missing()
    if missing:
        pytest.fail(f"{ASKED_FOR} is set, but there can be no SLURM: {missing}")
    with running_cluster() as running:
        yield running
