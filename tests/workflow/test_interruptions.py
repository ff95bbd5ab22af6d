"""A run that something happens to ends with the metrics and tables of one that nothing has happened to, to the byte.

Its jobs are killed, its disk is full, or its files are damaged without anybody noticing; each fault is met where the
file is used, named in one line, and what was hit is made again.
"""

import os
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.comparing import first_difference
from tests.workflow.support import command, snakemake
from tests.workflow.tiny import write_config, write_twin

# Tables of metrics, of what was selected, and of what is read from metrics.csv besides: each job takes seconds.
TARGETS = [
    "results/metrics.csv",
    *(f"results/tables/{name}.csv" for name in ("in-domain-onset-p", "selection", "findings")),
]
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
    return ["--configfile", "tiny.yaml", "--cores", "2", *more, *TARGETS]


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


def test_metrics_and_every_table_but_those_of_times_are_compared(tmp_path):
    for run in ("one", "other"):
        for name in ("metrics.csv", "run.json", "tables/demand.csv", "tables/a.html", "tables/deep/b.csv"):
            path = tmp_path / run / "results" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"of {run}" if name in ("run.json", "tables/demand.csv") else "same")
    one, other = tmp_path / "one", tmp_path / "other"
    assert first_difference(one, other) is None
    for name in ("metrics.csv", "tables/a.html", "tables/deep/b.csv"):
        path = one / "results" / name
        path.write_text("sam")
        assert first_difference(one, other) == f"results/{name}"
        path.unlink()
        assert first_difference(one, other) == first_difference(other, one) == f"results/{name}"
        path.write_text("same")


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


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own for `results`; gives a function that sets its size in bytes."""
    place = begin(tmp_path) / "results"
    place.mkdir()

    def mount(options: str) -> subprocess.CompletedProcess:
        words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    if shutil.which("mount") is None or mount("size=64k").returncode != 0:
        pytest.skip("needs root, who may mount a small disk")
    yield lambda size: mount(f"remount,size={size}")
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(undisturbed, tmp_path, disk):
    """Full while data are prepared, then while a network is trained, then large enough."""
    used = {
        name: sum(path.stat().st_size for path in (undisturbed / "results" / name).rglob("*"))
        for name in ("raw", "data")
    }
    for size in (used["raw"] + used["data"] // 2, used["raw"] + used["data"] + 200_000):
        assert disk(size).returncode == 0
        said = go(tmp_path, check=False)
        assert "No space left on device" in said and "Traceback" not in said, said[-5000:]
        assert not (tmp_path / "results" / "metrics.csv").exists()
    assert disk("500m").returncode == 0
    go(tmp_path)
    assert first_difference(tmp_path, undisturbed) is None


def damage(path: Path, how: str) -> None:
    """Cut a file in half, or turn a bit (of `bits`: in each trace) behind its middle; its time tells nobody."""
    before, content = path.stat(), bytearray(path.read_bytes())
    if how == "cut":
        del content[len(content) // 2 :]
    else:
        for place in range(len(content) // 2, len(content), 4096)[: None if how == "bits" else 1]:
            content[place] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


# What is damaged, how, what has to be made again so that it is met, and what is deleted then: from what comes last
# in a run to what comes first, so that each is met before the ones above it are made again.
DAMAGES = [
    ("results/metrics.csv", "bit", "results/tables", "results/metrics.csv"),
    ("results/metrics/oracle/tiny-local/seed42.csv", "cut", None, "results/metrics/oracle/tiny-local/seed42.csv"),
    (f"{PREDICTIONS}/tiny-p/test_task1.parquet", "bit", f"results/metrics/{PICKER}", f"{PREDICTIONS}/cells.json"),
    (f"{CANDIDATE}/dev_task23.parquet", "cut", f"results/selected/{PICKER}", f"{CANDIDATE}/dev_task23.parquet"),
    ("results/windows/tiny-local/task23.csv", "bit", None, "results/windows/tiny-local/task23.csv"),
    ("results/data/tiny-local/metadata.csv", "bit", None, "results/data/tiny-local/metadata.csv"),
    ("results/data/tiny-local/waveforms.hdf5", "bits", None, "results/data/tiny-local/waveforms.hdf5"),
]


def test_damaged_files(undisturbed, tmp_path):
    folder = copy(undisturbed, tmp_path)
    for path, how, remade, deleted in DAMAGES:
        if remade:
            shutil.rmtree(folder / remade)
        damage(folder / path, how)
        said = go(folder, check=False)
        lines = {line for line in said.splitlines() if line.startswith("error:")}
        assert len(lines) == 1 and "Traceback" not in said, said[-5000:]
        assert deleted in lines.pop(), said[-5000:]
        (folder / deleted).unlink()
    # A finished training is kept, and nobody has to delete what is damaged there.
    (kept,) = (folder / CANDIDATE / "checkpoints").glob("*/weights.npz")
    damage(kept, "bit")
    go(folder)
    assert "training starts again" in (folder / "results/logs/train" / PICKER / "lr0.01-seed42.log").read_text()
    assert first_difference(folder, undisturbed) is None
