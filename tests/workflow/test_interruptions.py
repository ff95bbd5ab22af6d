"""A run that something happens to ends with the metrics and tables of one that nothing has happened to, to the byte.

Its jobs are killed, its disk is full, or its files are damaged without anybody noticing; each fault is met where the
file is used, named in one line, and what was hit is made again.
"""

import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.comparing import compared, first_difference
from tests.workflow.support import command, snakemake
from tests.workflow.tiny import write_config, write_twin

PICKER = "phasenetlight/tiny-local"
CANDIDATE = f"results/train/{PICKER}/lr0.01-seed42"
PREDICTIONS = f"results/predictions/{PICKER}/seed42"


def begin(folder: Path) -> Path:
    """Two twins, of which one is a source, and the smallest network."""
    write_twin(folder / "datasets", "tiny-local", "mini-stead")
    write_twin(folder / "datasets", "tiny-p", "mini-lendb")
    write_config(
        folder,
        datasets=["tiny-local", "tiny-p"],
        sources=["tiny-local"],
        # So many pieces that a prediction lasts long enough to be killed.
        prediction={"threads": 1, "batch_size": 2},
    )
    return folder


def words(*more: str) -> list[str]:
    return ["--configfile", "tiny.yaml", "--cores", "2", *more, "results/metrics.csv", "tables"]


def go(folder: Path, *more: str, check: bool = True) -> str:
    """Run it to its end; give what was said."""
    done = snakemake(*words(*more), directory=folder, check=check)
    assert check or done.returncode != 0
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    folder = begin(tmp_path_factory.mktemp("undisturbed"))
    go(folder)
    return folder


def copy(undisturbed: Path, folder: Path) -> Path:
    """The finished run once more, with the times of its files."""
    return shutil.copytree(undisturbed, folder / "run")


def test_what_is_compared_is_metrics_and_every_table_but_those_of_times(undisturbed):
    names = {path.name for path in compared(undisturbed)}
    assert {"metrics.csv", "in-domain-detection.csv", "in-domain-onsets.html", "selection.tex", "findings.csv"} <= names
    assert "demand.csv" not in names and (undisturbed / "results/tables/demand.csv").exists()


def test_a_run_whose_prediction_is_killed(undisturbed, tmp_path):
    """From nothing, so that this is also a second run on the same machine."""
    folder = begin(tmp_path)
    with subprocess.Popen(
        command(*words(), directory=folder), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            first = folder / PREDICTIONS / "tiny-local" / "cell.json"
            while not first.exists():
                assert process.poll() is None
                time.sleep(0.001)
            for job in psutil.Process(process.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    if job.cmdline()[-1].endswith("predict.py"):
                        job.kill()
            assert process.wait(600) != 0
        finally:
            process.kill()
    assert not (folder / PREDICTIONS / "cells.json").exists()
    go(folder)
    log = (folder / "results/logs/predict" / PICKER / "seed42.log").read_text()
    assert "tiny-local: up to date" in log and "tiny-p: predicting" in log
    assert first_difference(folder, undisturbed) is None
