"""Running Snakemake as a user does, in a working directory of its own."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def command(*words: str | Path | int, directory: Path) -> list[str]:
    """The words that run Snakemake on this workflow; results go to `directory`."""
    started = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "workflow" / "Snakefile"]
    started += ["--workflow-profile", ROOT / "profiles" / "default", "--directory", directory, *words]
    return [str(word) for word in started]


def snakemake(*words: str | Path, directory: Path, check: bool = True) -> subprocess.CompletedProcess:
    """Run Snakemake on this workflow; results go to `directory`."""
    done = subprocess.run(
        command(*words, directory=directory), capture_output=True, text=True, cwd=directory, timeout=3000, check=False
    )
    if check and done.returncode:
        raise AssertionError(f"{' '.join(map(str, words))}\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}")
    return done


def planned(done: subprocess.CompletedProcess) -> dict[str, int]:
    """How many jobs of each rule a dry run plans."""
    lines = (done.stdout + done.stderr).splitlines()
    if "Job stats:" not in lines:
        return {}
    counts = {}
    for line in lines[lines.index("Job stats:") + 3 :]:
        words = line.split()
        if len(words) != 2 or not words[1].isdigit():
            break
        counts[words[0]] = int(words[1])
    counts.pop("total", None)
    return counts
