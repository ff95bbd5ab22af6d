"""A SLURM of one node on loopback, without systemd: started from Debian's packages, stopped to the last process.

The node says that it has A100s; there is no GPU, and jobs that ask for one run on the CPU. Daemons are children of the
tests and leave with them.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

TEMPLATE = Path(__file__).with_name("slurm.conf")
DEFAULT = Path("/etc/slurm")  # the plugin's srun looks here: it does not hand SLURM_CONF down
HOST = socket.gethostname().split(".")[0]
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
FILES = {
    # A GPU has to have a device file of its own. Any will do, and nothing is written to these.
    "gres.conf": "".join(
        f"NodeName={{host}} Name=gpu Type=a100 File=/dev/{device} Flags=nvidia_gpu_env\n" for device in DEVICES
    ),
    "cgroup.conf": "CgroupPlugin=cgroup/v1\n",  # loaded by slurmd even if nothing uses it; this one then does nothing
}
PACKAGES = {"slurmctld": "slurmctld", "slurmd": "slurmd", "sbatch": "slurm-client", "munged": "munge"}
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
STARTED_S, ENDED_S = 60, 60
# Of a job that is younger, slurmctld takes it that its node has yet to start it.
KNOWN_TO_RUN_AFTER_S = 25


def what_is_missing() -> str:
    """Why there can be no SLURM here; empty if there can."""
    if os.geteuid() != 0:
        return "SLURM's daemons have to be started by root"
    packages = [package for program, package in PACKAGES.items() if shutil.which(program, path=PATH) is None]
    if packages:
        return f"needs Debian's packages {' '.join(packages)}"
    if (DEFAULT / "slurm.conf").exists():
        return f"{DEFAULT}/slurm.conf is there: this machine has a SLURM already"
    return ""


@dataclass(frozen=True)
class Job:
    """A job as SLURM has it: every value that `scontrol show job` gives, by its name."""

    facts: dict[str, str]

    @property
    def id(self) -> str:
        return self.facts["JobId"]

    @property
    def state(self) -> str:
        return self.facts["JobState"]

    @property
    def rule(self) -> str:
        """Rule and wildcards, which the plugin puts there."""
        return self.facts["Comment"]

    @property
    def ran_s(self) -> int:
        hours, minutes, seconds = map(int, self.facts["RunTime"].split(":"))
        return 3600 * hours + 60 * minutes + seconds

    @property
    def memory_mb(self) -> int:
        value = self.facts["MinMemoryNode"]
        return round(float(value[:-1]) * {"M": 1, "G": 1024}[value[-1]])

    @property
    def gpus(self) -> str:
        return self.facts.get("TresPerJob", "")


@dataclass(frozen=True)
class Cluster:
    """A SLURM that runs.

    Attributes
    ----------
    folder
        Its configuration, state and logs.
    environment
        What a process needs to have in its environment to use it.
    """

    folder: Path
    environment: dict[str, str]
    daemons: dict[str, subprocess.Popen] = field(default_factory=dict)

    def start(self, *words: str | Path) -> None:
        """Start a daemon in the foreground, which gets SIGTERM should the tests be killed."""
        with open(self.folder / f"{words[0]}.log", "a", encoding="utf-8") as stream:
            self.daemons[str(words[0])] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *map(str, words)],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )

    def start_node(self) -> None:
        """Start slurmd, which is all there is to a node."""
        self.start("slurmd", "-D", "-f", self.folder / "slurm.conf")

    def stop(self) -> None:
        """Stop all daemons, the last one first."""
        for process in reversed(self.daemons.values()):
            process.terminate()
            try:
                process.wait(ENDED_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def call(self, *words: str) -> str:
        """Run one of SLURM's commands."""
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def jobs(self) -> list[Job]:
        """All jobs so far, in order."""
        lines = self.call("scontrol", "--oneliner", "show", "jobs").splitlines()
        words = [[word.partition("=") for word in line.split()] for line in lines if line.startswith("JobId=")]
        jobs = [Job({key: value for key, _, value in line}) for line in words]
        return sorted(jobs, key=job_number)

    def job(self, number: str) -> Job:
        """A job as it is now."""
        return next(job for job in self.jobs() if job.id == number)

    @contextmanager
    def draining(self) -> Iterator[None]:
        """Have the node take no new jobs for a while, as before maintenance; those that it runs go on."""
        self.call("scontrol", "update", f"NodeName={HOST}", "State=DRAIN", "Reason=tests")
        try:
            yield
        finally:
            self.call("scontrol", "update", f"NodeName={HOST}", "State=RESUME")

    def lose_power(self, *jobs: str) -> None:
        """End slurmd and these jobs at once, as a loss of power would, and start it again."""
        for job in jobs:
            wait_for(lambda job=job: self.job(job).ran_s >= KNOWN_TO_RUN_AFTER_S, ENDED_S, f"job {job} to be known")
        processes = [process for job in jobs for process in self._processes(job)]
        slurmd = self.daemons["slurmd"]
        slurmd.kill()
        slurmd.wait()
        # First those that would tell SLURM of the others' end.
        for process in [*{parent for _, parent in processes if parent}, *(process for process, _ in processes)]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.start_node()

    def _processes(self, job: str) -> list[tuple[int, int]]:
        """The processes of a job's steps, each with the slurmstepd that has started it, or 0 if another has."""
        found = []
        for line in self.call("scontrol", "listpids", job).splitlines()[1:]:
            process = int(line.split()[0])
            with suppress(OSError):  # those that are over by now
                status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
                parent = int(status.partition("PPid:")[2].split()[0])
                name = Path(f"/proc/{parent}/comm").read_text(encoding="utf-8").strip()
                found.append((process, parent if name == "slurmstepd" else 0))
        return found


def job_number(job: Job) -> int:
    return int(job.id)


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> object:
    """Look again and again until a condition holds, and hand on what it gave."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.05)
    return found


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start a cluster; stop it, and all its jobs, in the end."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))  # a short path: one in it is a socket's
    folder.chmod(0o755)
    names = {"folder": str(folder), "host": HOST}
    ports = {f"{daemon}_port": _free_port() for daemon in ("slurmctld", "slurmd")}
    for name in ("munge", "slurmctld", "slurmd"):
        (folder / name).mkdir()
    (folder / "slurm.conf").write_text(TEMPLATE.read_text(encoding="utf-8").format(**names, **ports))
    for name, text in FILES.items():
        (folder / name).write_text(text.format(**names))
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("SLURM_", "SBATCH_"))}
    cluster = Cluster(folder, {**environment, "PATH": PATH, "SLURM_CONF": str(folder / "slurm.conf")})
    with ExitStack() as stack:
        stack.enter_context(_leaving_in_order())
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.enter_context(_at_the_default_place(folder))
        stack.callback(_kill_what_is_left, cluster)
        stack.callback(cluster.stop)
        _start_munge(cluster)
        cluster.start("slurmctld", "-D", "-c", "-f", folder / "slurm.conf")
        wait_for(_answers(cluster, "scontrol", "ping"), STARTED_S, "slurmctld")
        cluster.start_node()
        stack.callback(_end_jobs, cluster)
        wait_for(_answers(cluster, "sinfo", "-h", "-p", "cpu", "-t", "idle", "-o", "%D"), STARTED_S, "slurmd")
        yield cluster


@contextmanager
def _leaving_in_order() -> Iterator[None]:
    """Have tests that are terminated stop what they have started."""

    def leave(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def _at_the_default_place(folder: Path) -> Iterator[None]:
    """Links to the configuration, in place of those that a killed run may have left."""
    DEFAULT.mkdir(exist_ok=True)
    links = [DEFAULT / name for name in ("slurm.conf", *FILES)]
    for link in links:
        if link.is_symlink() and not link.exists():
            link.unlink()
        link.symlink_to(folder / link.name)
    try:
        yield
    finally:
        for link in links:
            link.unlink()


def _start_munge(cluster: Cluster) -> None:
    """What SLURM's processes prove to each other who they are with; the key is this cluster's own."""
    folder = cluster.folder / "munge"
    key = folder / "key"
    key.touch(0o400)
    key.write_bytes(os.urandom(1024))
    files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    words = [f"--{option}={folder / name}" for option, name in files.items()]
    cluster.start("munged", "--foreground", "--force", *words)
    wait_for(_answers(cluster, "munge", "-S", str(folder / "socket"), "-n"), STARTED_S, "munged")


def _answers(cluster: Cluster, *words: str) -> Callable[[], bool]:
    """Whether a command succeeds and says something."""

    def answers() -> bool:
        done = subprocess.run(words, env=cluster.environment, capture_output=True, timeout=60, check=False)
        return done.returncode == 0 and bool(done.stdout.strip())

    return answers


def _end_jobs(cluster: Cluster) -> None:
    """Cancel what is still there, and wait until its processes are gone."""
    cluster.call("scancel", "--user", "root")

    def none_left() -> bool:
        return not cluster.call("squeue", "-h", "-o", "%A").strip()

    wait_for(none_left, ENDED_S, "the last jobs to end")


def _kill_what_is_left(cluster: Cluster) -> None:
    """End processes of jobs that SLURM, without control groups, lost sight of when their parents had gone."""
    mark = f"SLURM_CONF={cluster.environment['SLURM_CONF']}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # over by now, or not to be looked into
            if mark in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)
