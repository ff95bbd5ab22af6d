"""A small run through the profile on a real SLURM, and what becomes of it when jobs, or Snakemake itself, are ended.

Each run has to come to the same weights and the same metrics, to the byte, as one that nobody has disturbed, and which
has seen no SLURM.
"""

import json
from pathlib import Path

import pytest

from tests.workflow.slurm.cluster import Cluster, wait_for
from tests.workflow.slurm.site import (
    AT_ITS_LIMIT,
    CANCELLED,
    CONFIG,
    SOURCE,
    TOO_LITTLE_MEMORY,
    Site,
    clone,
    jobs_of,
    stopped_training,
    take_over,
)

WHOLE_RUN = ("--profile", "slurm", "all")
TABLE = "metrics.csv"
RATES = [AT_ITS_LIMIT, CANCELLED, TOO_LITTLE_MEMORY]
# Python with PyTorch does not fit into it.
LITTLE_MB = 300


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, cluster: Cluster) -> Site:
    """The same run up to the metrics, without SLURM."""
    site = clone(tmp_path_factory.mktemp("undisturbed"), cluster.environment)
    site.run("--cores", "2", "results/metrics.csv")
    return site


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory, cluster: Cluster, undisturbed: Site) -> Site:
    """A whole run on prepared data, of which each training is ended once, in another way."""
    little = f"{LITTLE_MB} if wildcards.lr == '{TOO_LITTLE_MEMORY}' and attempt == 1 else 4000"
    site = clone(tmp_path_factory.mktemp("disturbed"), cluster.environment, train=little)
    take_over(site, undisturbed, "raw", "data")
    process = site.start(*WHOLE_RUN)
    try:
        at_its_limit = stopped_training(site, process, cluster, AT_ITS_LIMIT)
        # SLURM looks every half a minute whose limit is near; two minutes before it, the profile says, it has to warn.
        minutes = int(at_its_limit.job.facts["RunTime"].split(":")[1]) + 2
        cluster.call("scontrol", "update", f"JobId={at_its_limit.job.id}", f"TimeLimit={minutes}")
        cancelled = stopped_training(site, process, cluster, CANCELLED)
        cluster.call("scancel", cancelled.job.id)  # which wakes it
        wait_for(at_its_limit.has_been_asked_to_leave, 120, "SLURM to warn a training of its limit")
        at_its_limit.go_on()
        site.finish(process)
    finally:
        process.kill()
    return site


@pytest.fixture(scope="module")
def killed(tmp_path_factory, cluster: Cluster, undisturbed: Site) -> Site:
    """A run whose Snakemake is killed while it trains, and started again at once; its jobs are still running."""
    site = clone(tmp_path_factory.mktemp("killed"), cluster.environment)
    take_over(site, undisturbed, "raw", "data", "windows")
    process = site.start("--profile", "slurm", "results/metrics.csv")
    training = stopped_training(site, process, cluster, AT_ITS_LIMIT)
    process.kill()
    process.wait()
    training.go_on()
    site.run("--profile", "slurm", "--unlock")
    site.run("--profile", "slurm", "results/metrics.csv")
    return site


def test_a_run_ends_with_all_its_results(disturbed: Site):
    for name in ("metrics.csv", "findings.json", "tables/in-domain-detection.html", "figures/in-domain/roc.pdf"):
        assert len(disturbed.result(name))
    said = disturbed.said()
    assert "(100%) done" in said and "Traceback" not in said


def test_networks_get_an_a100_and_all_else_does_not(disturbed: Site, cluster: Cluster):
    jobs = [job for job in cluster.jobs() if Path(job.facts["WorkDir"]) == disturbed.folder]
    on_gpu = [job for job in jobs if job.gpus]
    assert {job.rule.split("_wildcards_")[0] for job in on_gpu} == {"rule_train", "rule_predict"}
    assert {(job.facts["Partition"], job.gpus) for job in on_gpu} == {("gpu", "gres:gpu:a100:1")}
    others = {job.rule.split("_wildcards_")[0] for job in jobs if not job.gpus}
    assert others >= {"rule_windows", "rule_train_on_cpu", "rule_predict_on_cpu", "rule_metrics"}
    assert {job.facts["Partition"] for job in jobs if not job.gpus} == {"cpu"}
    # What takes seconds is no job.
    assert not others & {"rule_select", "rule_collect", "rule_metric_tables", "rule_roc", "rule_export"}
    assert all(job.facts["JobName"].startswith("pickbench_") and job.facts["Requeue"] == "1" for job in jobs)


def test_a_training_leaves_before_its_limit_and_goes_on(disturbed: Site, cluster: Cluster):
    first, second = jobs_of(cluster, disturbed, AT_ITS_LIMIT)
    assert first.state == "FAILED" and second.state == "COMPLETED"
    # It asks for twice the time.
    assert second.facts["TimeLimit"] > "02:00:00" > first.facts["TimeLimit"]
    assert "going on after epoch" in log(disturbed, AT_ITS_LIMIT)


def test_a_cancelled_training_goes_on(disturbed: Site, cluster: Cluster):
    first, second = jobs_of(cluster, disturbed, CANCELLED)
    assert first.state == "CANCELLED" and second.state == "COMPLETED"
    assert "going on after epoch" in log(disturbed, CANCELLED)


def test_a_training_that_had_too_little_memory_asks_for_more(disturbed: Site, cluster: Cluster):
    first, second = jobs_of(cluster, disturbed, TOO_LITTLE_MEMORY)
    assert first.state in ("FAILED", "OUT_OF_MEMORY") and second.state == "COMPLETED"
    assert first.memory_mb == LITTLE_MB < second.memory_mb


def test_logs_of_failed_jobs_are_found_by_rule_and_wildcards(disturbed: Site, cluster: Cluster):
    first, _ = jobs_of(cluster, disturbed, CANCELLED)
    (path,) = (disturbed.folder / "results" / "logs" / "slurm").rglob(f"{first.id}.log")
    assert path.parent.parent.name == "rule_train" and SOURCE in path.parent.name and CANCELLED in path.parent.name


@pytest.mark.parametrize("run", ["disturbed", "killed"])
def test_disturbed_runs_come_to_the_same(run: str, undisturbed: Site, request):
    site = request.getfixturevalue(run)
    for lr in RATES:
        for name in ("weights.npz", "dev_task1.parquet", "dev_task23.parquet"):
            assert (site.training(lr) / name).read_bytes() == (undisturbed.training(lr) / name).read_bytes(), (lr, name)
        record = json.loads((site.training(lr) / "run.json").read_text(encoding="utf-8"))
        assert record["epochs"] == CONFIG["training"]["max_epochs"] and record["ended"] == "epochs"
    assert site.result(TABLE) == undisturbed.result(TABLE)


def test_a_killed_snakemake_trains_nothing_anew(killed: Site, cluster: Cluster):
    for lr in RATES:
        assert "going on after epoch" in log(killed, lr) or "trained before" in log(killed, lr)


def log(site: Site, lr: str) -> str:
    """What the last attempt of a training wrote."""
    path = site.folder / "results" / "logs" / "train" / "phasenetlight" / SOURCE / f"lr{lr}-seed42.log"
    return path.read_text(encoding="utf-8")
