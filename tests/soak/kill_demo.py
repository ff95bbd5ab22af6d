"""Kill a whole run at random moments, and compare its metrics and tables with those of an undisturbed one.

    python -m tests.soak.kill_demo [--configfile config/demo.yaml] [--rounds 20] [--seed 0] [--folder DIR] [--cores 2]

Each round starts the run from nothing, kills it (Snakemake and its jobs, one process group) at a moment drawn over the
length of the undisturbed run, unlocks and starts it again as the README says, perhaps kills that as well, and lets it
end. DIR/rounds.jsonl gets a line a round. Called again, the soak goes on with the rounds that are missing; lines of
another commit or configuration do not count. The folder of a round that came out equal is removed, that of any other
stays. Exits with 1 if there is one. The checkout has to stay at its commit meanwhile: take a clone for a long soak.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pickbench
from tests.comparing import first_difference
from tests.conftest import ROOT
from tests.workflow.support import command

SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT]
MOSTLY_KILL = [6, 2, 2]
# Of a start that comes after a kill, to be killed as well.
AGAIN = 0.5
# Snakemake lets running jobs end when it is asked to leave.
LEAVE_S = 900


class Run:
    """A run in a folder of its own; all that Snakemake says is in `snakemake.log` there."""

    def __init__(self, folder: Path, config: Path, cores: int):
        self.folder, self.config, self.cores = folder, config, cores
        self.log = folder / "snakemake.log"

    def begin(self) -> None:
        """Have nothing there."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def go(self, *words: str, kill: tuple[signal.Signals, float] | None = None) -> tuple[bool, float]:
        """Start or go on; give whether it ended well by itself, and the seconds that it lived.

        Parameters
        ----------
        words
            For Snakemake.
        kill
            A signal, and the seconds after which the whole process group gets it.
        """
        began, number, after_s = time.monotonic(), *(kill or (None, None))
        with open(self.log, "a", encoding="utf-8") as stream:
            process = subprocess.Popen(
                command("--configfile", self.config, "--cores", self.cores, *words, directory=self.folder),
                cwd=self.folder,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                with suppress(subprocess.TimeoutExpired):
                    return process.wait(after_s) == 0, time.monotonic() - began
                os.killpg(process.pid, number)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(LEAVE_S)
            finally:
                end_group(process)
        # One that was at its end already, or took no notice, has not been killed.
        return process.returncode == 0, time.monotonic() - began

    def jobs(self) -> int:
        """How many jobs have finished, over all starts."""
        return self.log.read_text(encoding="utf-8", errors="replace").count("Finished jobid: ")


def end_group(process: subprocess.Popen) -> None:
    """Kill what is left of a process group that was started here, and wait until it is gone."""
    until = time.monotonic() + 30  # Where nobody collects orphans, dead ones stay in the group.
    with suppress(ProcessLookupError):
        while time.monotonic() < until:
            os.killpg(process.pid, signal.SIGKILL)
            process.poll()
            time.sleep(0.05)


def made_from(config: Path) -> str:
    """The commit and the configuration that a run is made from; a checkout with changes is refused."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    if git("status", "--porcelain"):
        sys.exit(f"{ROOT} has changes that are not committed: which code is to be soaked?")
    if not Path(pickbench.__file__).is_relative_to(ROOT):
        sys.exit(f"jobs would import {pickbench.__file__}, not what is in {ROOT}: set PYTHONPATH to its src")
    return f"{git('rev-parse', 'HEAD')}-{hashlib.sha256(config.read_bytes()).hexdigest()[:8]}"


def undisturbed(run: Run, key: str) -> float:
    """Have the whole run, made anew unless one of the same commit is there; give the seconds that it took."""
    done = run.folder / "undisturbed.json"
    record = json.loads(done.read_text(encoding="utf-8")) if done.exists() else {}
    if record.get("made_from") != key:
        run.begin()
        well, seconds = run.go()
        if not well:
            sys.exit(f"the undisturbed run failed: {run.log}")
        record = {"made_from": key, "seconds": seconds, "jobs": run.jobs()}
        done.write_text(json.dumps(record), encoding="utf-8")
    print(f"undisturbed: {record['jobs']} jobs in {record['seconds']:.0f} s, {run.folder}", flush=True)
    return record["seconds"]


def soak_round(run: Run, whole: Path, length_s: float, rng: random.Random) -> dict:
    """Do a round; give what goes into its line of the log."""
    kills, restarts, well = [], 0, True
    while not kills:  # One that ended before it could be killed says nothing.
        run.begin()
        kill = draw(rng, length_s)
        well, lived_s = run.go(kill=kill)
        if not well:
            kills.append(kill_record(run, kill, lived_s))
            if lived_s < kill[1]:
                return {"kills": [], "restarts": 0, "jobs": run.jobs(), "differs": "failed before it was killed"}
    while not well:
        kill = draw(rng, length_s) if rng.random() < AGAIN else None
        if not run.go("--unlock")[0]:
            return {"kills": kills, "restarts": restarts, "jobs": run.jobs(), "differs": "could not be unlocked"}
        restarts += 1
        well, lived_s = run.go(kill=kill)
        if not well and (kill is None or lived_s < kill[1]):
            return {"kills": kills, "restarts": restarts, "jobs": run.jobs(), "differs": "failed after a restart"}
        if not well:
            kills.append(kill_record(run, kill, lived_s))
    return {"kills": kills, "restarts": restarts, "jobs": run.jobs(), "differs": first_difference(run.folder, whole)}


def draw(rng: random.Random, length_s: float) -> tuple[signal.Signals, float]:
    """A signal and a moment."""
    return rng.choices(SIGNALS, MOSTLY_KILL)[0], rng.uniform(0, length_s)


def kill_record(run: Run, kill: tuple[signal.Signals, float], lived_s: float) -> dict:
    """What a kill was, and where it met the run."""
    number, after_s = kill
    return {"signal": number.name, "after_s": round(after_s, 1), "gone_s": round(lived_s, 1), "jobs": run.jobs()}


def rounds_of(log: Path, key: str) -> list[dict]:
    """The rounds that the log has of this commit and configuration."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [line for line in map(json.loads, lines) if line["made_from"] == key]


def main() -> int:
    """Do the rounds that are missing, and sum all up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configfile", type=Path, default=ROOT / "config" / "demo.yaml")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "soak", help="where the runs and the log go")
    parser.add_argument("--cores", type=int, default=2)
    args = parser.parse_args()
    # So that the group of a run is ended when this is asked to leave.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # A shell has what it starts in the background take no notice of SIGINT, which runs would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder, config = args.folder.resolve(), args.configfile.resolve()
    key, log = made_from(config), folder / "rounds.jsonl"
    length_s = undisturbed(Run(folder / "undisturbed", config, args.cores), key)
    done = {line["round"] for line in rounds_of(log, key)}
    for number in sorted(set(range(1, args.rounds + 1)) - done):
        run = Run(folder / f"round{number}", config, args.cores)
        outcome = soak_round(run, folder / "undisturbed", length_s, random.Random(f"{args.seed}-{number}"))
        if made_from(config) != key:
            sys.exit(f"{ROOT} is at another commit now: round {number} says nothing")
        line = json.dumps({"round": number, **outcome, "made_from": key})
        with open(log, "a", encoding="utf-8") as stream:
            stream.write(line + "\n")
        print(line, flush=True)
        if outcome["differs"] is None:
            shutil.rmtree(run.folder)
    return summary(rounds_of(log, key), folder)


def summary(rounds: list[dict], folder: Path) -> int:
    """Print what came out of all rounds; give the exit status."""
    kills = [kill for line in rounds for kill in line["kills"]]
    unequal = [line for line in rounds if line["differs"] is not None]
    by_signal = {number.name: sum(kill["signal"] == number.name for kill in kills) for number in SIGNALS}
    print(f"{len(rounds) - len(unequal)} of {len(rounds)} rounds equal; {len(kills)} kills: {by_signal}")
    for line in unequal:
        print(f"round {line['round']}: {line['differs']} ({folder / 'round'}{line['round']})")
    return 1 if unequal else 0


if __name__ == "__main__":
    sys.exit(main())
