"""The tiny run, once for all tests of the workflow."""

from pathlib import Path

import pytest

from tests.workflow.tiny import HOSTILE, again, write_twin


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> Path:
    """A finished run of three twins with other tasks each, one in two chunks; tests leave it finished."""
    folder = tmp_path_factory.mktemp("tiny")
    write_twin(folder / "datasets", "tiny-local", "mini-stead", chunks=2)
    write_twin(folder / "datasets", "tiny-far", "mini-neic")
    write_twin(folder / "datasets", "tiny-p", "mini-lendb", title=HOSTILE)
    again(folder)
    return folder
