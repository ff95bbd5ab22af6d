"""A small run through the profile on a real SLURM, and what becomes of it when jobs, nodes, or Snakemake are ended.

Each run has to come to the same weights, metrics and tables, to the byte, as one that nobody has disturbed, and that
has seen no SLURM.
"""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.comparing import compared, first_difference
from tests.workflow.slurm.cluster import Cluster, wait_for
from tests.workflow.slurm.site import (
    AT_ITS_LIMIT,
    CANCELLED,
    CONFIG,
    LONG_S,
    MODEL,
    ON_A_LOST_NODE,
    RATES,
    SOURCE,
    TOO_LITTLE_MEMORY,
    Site,
    clone,
    held_training,
    jobs_of,
    take_over,
)

WHOLE_RUN = ("--profile", "slurm", "all")
TABLES = ("results/metrics.csv", "results/tables/dropped.csv", "tables")
# Python with PyTorch does not fit into it.
LITTLE_MB = 300


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, cluster: Cluster) -> Site:
    """The same run up to the tables, without SLURM."""
    site = clone(tmp_path_factory.mktemp("undisturbed"), cluster.environment)
    site.run("--cores", "2", *TABLES)
    return site


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory, cluster: Cluster) -> Site:
    """A whole run of which each training is ended once, in another way."""
    little = f"{LITTLE_MB} if wildcards.lr == '{TOO_LITTLE_MEMORY}' and attempt == 1 else 4000"
    site = clone(tmp_path_factory.mktemp("disturbed"), cluster.environment, train=little)
    site.hold(*RATES)
    process = site.start(*WHOLE_RUN)
    try:
        held = {lr: held_training(site, process, cluster, lr) for lr in RATES}
        at_its_limit, on_a_lost_node = held[AT_ITS_LIMIT], held[ON_A_LOST_NODE]
        with cluster.draining():
            cluster.call("scancel", held[CANCELLED].job.id)  # which wakes it
            wait_for_attempt(cluster, site, CANCELLED, "PENDING")
            # SLURM looks every half a minute whose limit is near; two minutes before it, the profile says, it has to
            # warn. It gets two to three minutes, and nothing else is waited for meanwhile: there is time to leave.
            minutes = cluster.job(at_its_limit.job.id).ran_s // 60 + 3
            cluster.call("scontrol", "update", f"JobId={at_its_limit.job.id}", f"TimeLimit={minutes}")
            wait_for(at_its_limit.has_been_asked_to_leave, LONG_S, "SLURM to warn a training of its limit")
            at_its_limit.go_on()
            wait_for_attempt(cluster, site, AT_ITS_LIMIT, "PENDING")
            held[TOO_LITTLE_MEMORY].go_on()
            wait_for_attempt(cluster, site, TOO_LITTLE_MEMORY, "COMPLETED")
            cluster.lose_power(on_a_lost_node.job.id)
            wait_for(lambda: cluster.job(on_a_lost_node.job.id).state == "PENDING", LONG_S, "SLURM to miss a job")
        site.finish(process)
    finally:
        process.kill()
    return site


def wait_for_attempt(cluster: Cluster, site: Site, lr: str, state: str) -> None:
    """Wait for the second attempt of a training to be in this state."""

    def is_so() -> bool:
        return [job.state for job in jobs_of(cluster, site, lr)][1:] == [state]

    wait_for(is_so, LONG_S, f"the second attempt at learning rate {lr} to be {state}")


@pytest.fixture(scope="module")
def killed(tmp_path_factory, cluster: Cluster, undisturbed: Site) -> Site:
    """A run whose Snakemake is killed while it trains, and started again while its jobs are still there.

    One of them lags so far behind that the second run is over before it writes.
    """
    site = clone(tmp_path_factory.mktemp("killed"), cluster.environment)
    take_over(site, undisturbed, "raw", "data", "windows")
    site.hold(*RATES)
    process = site.start("--profile", "slurm", *TABLES)
    try:
        lagging, *others = (held_training(site, process, cluster, lr) for lr in RATES)
    finally:
        process.kill()
        process.wait()
    site.run("--profile", "slurm", "--unlock")
    process = site.start("--profile", "slurm", *TABLES)
    try:
        for lr in RATES:
            wait_for(lambda lr=lr: len(jobs_of(cluster, site, lr)) == 2, LONG_S, f"a new job of learning rate {lr}")
        for training in others:
            training.go_on()
        site.finish(process)
    finally:
        process.kill()
    lagging.go_on()
    wait_for(lambda: cluster.job(lagging.job.id).state == "COMPLETED", LONG_S, "the job that lags behind")
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


def test_a_node_that_drains_ends_its_jobs_and_gets_no_others(disturbed: Site, cluster: Cluster):
    _, finished = jobs_of(cluster, disturbed, TOO_LITTLE_MEMORY)
    for lr in (AT_ITS_LIMIT, CANCELLED):
        _, waited = jobs_of(cluster, disturbed, lr)
        assert waited.facts["SubmitTime"] <= finished.facts["EndTime"] <= waited.facts["StartTime"]


def test_a_job_of_a_lost_node_is_run_again_by_slurm_and_goes_on(disturbed: Site, cluster: Cluster):
    (job,) = jobs_of(cluster, disturbed, ON_A_LOST_NODE)
    assert job.state == "COMPLETED" and job.facts["Restarts"] == "1"
    assert "going on after epoch" in log(disturbed, ON_A_LOST_NODE)


def test_a_training_leaves_before_its_limit_and_goes_on(disturbed: Site, cluster: Cluster):
    first, second = jobs_of(cluster, disturbed, AT_ITS_LIMIT)
    assert first.state == "FAILED" and second.state == "COMPLETED"
    # It asks for twice the time: an hour, and that of 12 epochs of 100 traces, 5 s.
    unchanged, _ = jobs_of(cluster, disturbed, CANCELLED)
    assert (unchanged.facts["TimeLimit"], second.facts["TimeLimit"]) == ("01:00:00", "02:00:00")
    assert "going on after epoch" in log(disturbed, AT_ITS_LIMIT)


def test_a_cancelled_training_goes_on(disturbed: Site, cluster: Cluster):
    first, second = jobs_of(cluster, disturbed, CANCELLED)
    assert first.state == "CANCELLED" and second.state == "COMPLETED"
    assert "--- started again" in log(disturbed, CANCELLED) and "going on after epoch" in log(disturbed, CANCELLED)


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
    assert first_difference(site.folder, undisturbed.folder) is None


def test_there_is_something_to_compare(undisturbed: Site):
    """Or tables without a number would all be the same."""
    metrics = pd.read_csv(undisturbed.folder / "results" / "metrics.csv").query("model == @MODEL")
    assert metrics.query("metric == 'auc' and split == 'test'")["value"].notna().all()
    names = {path.name for path in compared(undisturbed.folder)}
    assert {"metrics.csv", "in-domain-detection.csv", "selection.tex", "findings.html"} < names


def test_a_killed_snakemake_trains_nothing_anew(killed: Site, cluster: Cluster):
    for lr in RATES:
        assert "going on after epoch" in log(killed, lr) or "trained before" in log(killed, lr)


def log(site: Site, lr: str) -> str:
    """What the attempts of a training wrote."""
    path = site.folder / "results" / "logs" / "train" / MODEL / SOURCE / f"lr{lr}-seed42.log"
    return path.read_text(encoding="utf-8")
