"""A clone of the repository on a cluster: with a small configuration, and a profile that has little time to wait."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.conftest import ROOT
from tests.workflow.slurm.cluster import Cluster, Job, wait_for
from tests.workflow.tiny import write_twin

CLONED = ["workflow", "config", "profiles", "envs", "resources", "slurm"]
MODEL, SOURCE = "phasenetlight", "tiny-local"
# The three trainings, and what happens to each.
AT_ITS_LIMIT, CANCELLED, TOO_LITTLE_MEMORY = "0.01", "0.001", "0.0001"
CONFIG = {
    "datasets": [SOURCE],
    "models": [MODEL, "oracle"],
    "learning_rates": [float(lr) for lr in (AT_ITS_LIMIT, CANCELLED, TOO_LITTLE_MEMORY)],
    "training": {"batch_size": 8, "max_epochs": 40, "threads": 1},
    "prediction": {"threads": 1},
}
IN_A_HURRY = {"slurm-init-seconds-before-status-checks": 1, "max-status-checks-per-second": 10, "latency-wait": 5}
LONG_S = 900  # on a machine that has much else to do


@dataclass(frozen=True)
class Site:
    """A clone of the repository, and the environment of its user."""

    folder: Path
    environment: dict[str, str]

    def start(self, *words: str) -> subprocess.Popen:
        """Run Snakemake from the clone's root."""
        with open(self.folder / "said", "a", encoding="utf-8") as stream:
            command = [sys.executable, "-m", "snakemake", *words]
            return subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=stream, stderr=stream)

    def run(self, *words: str) -> None:
        """Run it to its end."""
        self.finish(self.start(*words))

    def finish(self, process: subprocess.Popen) -> None:
        """Wait for its end, which has to be a good one."""
        try:
            status = process.wait(LONG_S)
        finally:
            process.kill()
        assert status == 0, self.said()[-5000:]

    def said(self) -> str:
        return (self.folder / "said").read_text(encoding="utf-8")

    def training(self, lr: str) -> Path:
        return self.folder / "results" / "train" / MODEL / SOURCE / f"lr{lr}-seed42"

    def result(self, name: str) -> bytes:
        return (self.folder / "results" / name).read_bytes()


def clone(folder: Path, environment: dict[str, str], **memory_mb: str) -> Site:
    """Clone the repository; `memory_mb` is what a rule shall ask for instead of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in CLONED:
        if (ROOT / name).is_symlink():
            (folder / name).symlink_to(os.readlink(ROOT / name))
        else:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    write_twin(folder / "config" / "datasets", SOURCE, "mini-stead", tasks=[1])  # and so a third of the figures
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    path = folder / "profiles" / "slurm" / "config.yaml"
    profile = yaml.safe_load(path.read_text(encoding="utf-8")) | IN_A_HURRY
    for rule, value in memory_mb.items():
        profile["set-resources"][rule]["mem_mb"] = value
    path.write_text(yaml.safe_dump(profile), encoding="utf-8")
    return Site(folder, environment)


def take_over(site: Site, other: Site, *stages: str) -> None:
    """Copy what another run has made of these stages."""
    for name in stages:
        shutil.copytree(other.folder / "results" / name, site.folder / "results" / name)


@dataclass(frozen=True)
class Running:
    """A training that runs in a job, stopped for the moment: it has left a checkpoint, and cannot end meanwhile."""

    job: Job
    process: int

    def go_on(self) -> None:
        with suppress(ProcessLookupError):  # SLURM may have woken it already, to be ended
            os.kill(self.process, signal.SIGCONT)

    def has_been_asked_to_leave(self) -> bool:
        """Whether a SIGTERM waits to be delivered, or has been."""
        try:
            status = Path(f"/proc/{self.process}/status").read_text(encoding="utf-8")
        except OSError:
            return True
        waiting = next(line for line in status.splitlines() if line.startswith("ShdPnd:"))
        return bool(int(waiting.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def stopped_training(site: Site, snakemake: subprocess.Popen, cluster: Cluster, lr: str) -> Running:
    """Wait until a training has left a checkpoint, and stop it there."""

    def left_a_checkpoint() -> bool:
        assert snakemake.poll() is None, site.said()[-5000:]
        return any(site.training(lr).glob("checkpoints/*/[!.]*.ckpt"))

    wait_for(left_a_checkpoint, LONG_S, f"a checkpoint of learning rate {lr}")
    (job,) = jobs_of(cluster, site, lr)
    processes = cluster.processes(job.id)
    (process,) = [pid for pid, words in processes.items() if words[-1].endswith(".train.py") and "-c" not in words]
    os.kill(process, signal.SIGSTOP)
    assert any(site.training(lr).glob("checkpoints/*/[!.]*.ckpt")), "it was over before it could be stopped"
    return Running(job, process)


def jobs_of(cluster: Cluster, site: Site, lr: str) -> list[Job]:
    """The jobs of a training in this clone, in order."""
    rule = f"rule_train_wildcards_{MODEL}_{SOURCE}_{lr}_42"
    return [job for job in cluster.jobs() if job.rule == rule and Path(job.facts["WorkDir"]) == site.folder]
