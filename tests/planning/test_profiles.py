"""What the profile for clusters asks SLURM for in the paper's grid. Nothing runs here; tests/workflow/slurm runs."""

import json
import math
import subprocess
import sys
from collections import defaultdict

import pytest
import yaml

from tests.conftest import ROOT

ON_GPU = {"train", "predict", "predict_cell", "predict_rates"}


@pytest.fixture(scope="module")
def asked() -> dict[str, list[dict[str, str]]]:
    """The resources of every job of a dry run, by rule."""
    return jobs_of_a_dry_run()


# Snakemake, except that it says of each job what it asks for, in JSON.
SAY_WHAT_IS_ASKED_FOR = """
import json, sys
from snakemake import cli, logging

def job_info(self, job):
    return "JOB " + json.dumps([job["rule_name"], {name: str(value) for name, value in job["resources"].items()}])

logging.DefaultFormatter.format_job_info = job_info
cli.main(sys.argv[1:])
"""


def jobs_of_a_dry_run(*words: str) -> dict[str, list[dict[str, str]]]:
    # The command of the README, from the root; a dry run writes nothing there.
    command = [
        sys.executable,
        "-c",
        SAY_WHAT_IS_ASKED_FOR,
        "--profile",
        "slurm",
        "all",
        "--dry-run",
        "--nolock",
        *words,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    jobs = defaultdict(list)
    for line in (done.stdout + done.stderr).splitlines():
        if line.startswith("JOB "):
            rule, resources = json.loads(line.removeprefix("JOB "))
            jobs[rule].append(resources)
    return jobs


def test_networks_alone_get_an_a100(asked):
    for rule, jobs in asked.items():
        for job in jobs:
            on_gpu = rule in ON_GPU
            assert (job["slurm_partition"], job.get("gpu"), job.get("gpu_model")) == (
                ("gpu", "1", "a100") if on_gpu else ("cpu", None, None)
            ), rule
    assert {"train", "predict", "train_on_cpu", "predict_on_cpu"} <= set(asked)


def test_no_job_asks_for_more_than_48_h_or_for_too_little_to_start(asked):
    for rule, jobs in asked.items():
        if rule != "all":
            assert all(0 < int(job["runtime"]) <= 48 * 60 and int(job["mem_mb"]) >= 500 for job in jobs), rule


def test_larger_datasets_ask_for_more(asked):
    for rule in ("train", "windows", "prepare"):
        memory = {int(job["mem_mb"]) for job in asked[rule]}
        runtime = {int(job["runtime"]) for job in asked[rule]}
        assert max(memory) > min(memory), rule
        assert rule == "windows" or max(runtime) > min(runtime), rule


def test_a_further_attempt_asks_for_twice_as_much(asked):
    later = jobs_of_a_dry_run("--attempt", "2")
    of_data = ("prepare", "split", "windows", "facts", "examples")
    for rule in (*of_data, "train", "train_on_cpu", "predict", "predict_on_cpu", "metrics"):
        for resource, most, off in (("mem_mb", math.inf, 0), ("runtime", 48 * 60, 1)):  # minutes are rounded
            firsts = sorted(int(job[resource]) for job in asked[rule])
            seconds = sorted(int(job[resource]) for job in later[rule])
            assert seconds == pytest.approx([min(2 * first, most) for first in firsts], abs=off), (rule, resource)


def test_trainings_are_asked_to_leave_before_their_limit(asked):
    for rule, jobs in asked.items():
        assert all(("--signal=TERM@120" in job.get("slurm_extra", "")) == rule.startswith("train") for job in jobs)


def test_the_default_profile_leaves_the_choice_to_others():
    # It is loaded as well, and its values win.
    default = yaml.safe_load((ROOT / "profiles" / "default" / "config.yaml").read_text(encoding="utf-8"))
    slurm = yaml.safe_load((ROOT / "profiles" / "slurm" / "config.yaml").read_text(encoding="utf-8"))
    assert not set(default) & {*slurm, "cores", "executor", "jobs"}
