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
# The four trainings, and what happens to each.
AT_ITS_LIMIT, ON_A_LOST_NODE, CANCELLED, TOO_LITTLE_MEMORY = "0.01", "0.003", "0.001", "0.0003"
RATES = [AT_ITS_LIMIT, ON_A_LOST_NODE, CANCELLED, TOO_LITTLE_MEMORY]
CONFIG = {
    "datasets": [SOURCE],
    "models": [MODEL, "oracle"],
    "learning_rates": [float(lr) for lr in RATES],
    "training": {"batch_size": 8, "max_epochs": 12, "threads": 1},
    "prediction": {"threads": 1},
}
IN_A_HURRY = {"slurm-init-seconds-before-status-checks": 1, "max-status-checks-per-second": 10, "latency-wait": 5}
LONG_S = 600  # on a machine that has much else to do
# Put before the Snakefile: the plugin looks for jobs that have ended ten seconds later each time that it finds none.
LOOK_OFTEN = """
from snakemake_executor_plugin_slurm import Executor

Executor.next_seconds_between_status_checks = property(lambda self: 2, lambda self, seconds: None)
"""
# Put before the script of trainings. An empty file `held/LR` has the next training at that rate stop itself as soon as
# it has left its first checkpoint, and note its process there: so it cannot be over before anybody looks.
HOLD = """
def _hold():
    import os, pathlib, signal
    from pickbench.training import loop

    def save_and_stop(path, state, save=loop.save_checkpoint):
        save(path, state)
        if asked.exists() and not asked.read_text():
            asked.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGSTOP)

    asked = pathlib.Path("held", snakemake.wildcards.lr)
    if asked.exists():
        loop.save_checkpoint = save_and_stop

_hold()
"""


@dataclass(frozen=True)
class Site:
    """A clone of the repository, and the environment of its user."""

    folder: Path
    environment: dict[str, str]

    def start(self, *words: str) -> subprocess.Popen:
        """Run Snakemake from the clone's root."""
        with open(self.folder / "said", "a", encoding="utf-8") as stream:
            return subprocess.Popen(
                ["snakemake", *words], cwd=self.folder, env=self.environment, stdout=stream, stderr=stream
            )

    def run(self, *words: str) -> None:
        """Run it to its end."""
        self.finish(self.start(*words))

    def finish(self, process: subprocess.Popen) -> None:
        """Wait for its end, which has to be a good one."""
        try:
            status = process.wait(LONG_S)
        except subprocess.TimeoutExpired:
            status = f"none after {LONG_S} s"
        finally:
            process.kill()
        assert status == 0, f"Snakemake's exit status: {status}; it said\n{self.said()[-5000:]}"

    def said(self) -> str:
        return (self.folder / "said").read_text(encoding="utf-8")

    def hold(self, *rates: str) -> None:
        """Have trainings stop behind their first checkpoint."""
        for lr in rates:
            (self.folder / "held").mkdir(exist_ok=True)
            (self.folder / "held" / lr).write_text("")

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
    for name, words in (("Snakefile", LOOK_OFTEN), ("scripts/train.py", HOLD)):
        path = folder / "workflow" / name
        path.write_text(words + path.read_text(encoding="utf-8"), encoding="utf-8")
    path = folder / "profiles" / "slurm" / "config.yaml"
    profile = yaml.safe_load(path.read_text(encoding="utf-8")) | IN_A_HURRY
    for rule, value in memory_mb.items():
        profile["set-resources"][rule]["mem_mb"] = value
    path.write_text(yaml.safe_dump(profile), encoding="utf-8")
    installed = str(Path(sys.executable).parent)  # as where .venv is active
    return Site(folder, {**environment, "PATH": os.pathsep.join([installed, environment["PATH"]])})


def take_over(site: Site, other: Site, *stages: str) -> None:
    """Copy what another run has made of these stages."""
    for name in stages:
        shutil.copytree(other.folder / "results" / name, site.folder / "results" / name)


@dataclass(frozen=True)
class Held:
    """A training that has left a checkpoint in its job, and stands still since."""

    job: Job
    process: int

    def go_on(self) -> None:
        with suppress(ProcessLookupError):  # SLURM may have woken it already, to be ended
            os.kill(self.process, signal.SIGCONT)

    def has_been_asked_to_leave(self) -> bool:
        """Whether a SIGTERM waits to be delivered, or has been."""
        status = self._status()
        return not status or bool(int(status["ShdPnd"], 16) >> (signal.SIGTERM - 1) & 1)

    def is_over(self) -> bool:
        return not self._status()

    def stands_still(self) -> bool:
        return self._status().get("State", "").startswith("T")

    def _status(self) -> dict[str, str]:
        """What the kernel says of the process; nothing once it is over."""
        try:
            lines = Path(f"/proc/{self.process}/status").read_text(encoding="utf-8").splitlines()
        except OSError:
            return {}
        return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def held_training(site: Site, snakemake: subprocess.Popen, cluster: Cluster, lr: str) -> Held:
    """Wait until a training that is to be held stands still."""

    def stands_still() -> Held | None:
        assert snakemake.poll() is None, site.said()[-5000:]
        process = (site.folder / "held" / lr).read_text(encoding="utf-8")
        if not process:
            return None
        held = Held(jobs_of(cluster, site, lr)[-1], int(process))
        if held.is_over():  # ended by SLURM meanwhile: its next attempt, then
            site.hold(lr)
        return held if held.stands_still() else None

    return wait_for(stands_still, LONG_S, f"the training with learning rate {lr} to stand still at a checkpoint")


def jobs_of(cluster: Cluster, site: Site, lr: str) -> list[Job]:
    """The jobs of a training in this clone, in order."""
    rule = f"rule_train_wildcards_{MODEL}_{SOURCE}_{lr}_42"
    return [job for job in cluster.jobs() if job.rule == rule and Path(job.facts["WorkDir"]) == site.folder]
