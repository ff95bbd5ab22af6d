"""What a run costs is added up from what its jobs have left, and what they have not left is counted."""

import json

import numpy as np
import pandas as pd
import pytest

from pickbench.models.base import HISTORY_COLUMNS
from pickbench.tables.benchmarks import benchmarks_of_others, gather_benchmarks, read_benchmark, read_benchmarks
from pickbench.tables.demand import JobFiles, Training, demand_table, stage_table, write_demand

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
MODELS = {"net": {"title": "Net & Co", "control": False}, "oracle": {"title": "Oracle", "control": True}}
DATASETS = {"ethz": {"title": "ETHZ"}}


def write_benchmark(path, seconds, cpu_s=1.0, peak_mb=100.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEADER}{seconds}\t0:00:01\t{peak_mb}\t1\t1\t1\t0\t0\t50\t{cpu_s}\n")
    return path


def write_training(folder, epochs, networks=None, **run):
    """A candidate's records: (network, samples a second, seconds) of each epoch, and what run.json says."""
    folder.mkdir(parents=True)
    rows = [
        dict(zip(HISTORY_COLUMNS, (name, number + 1, 1.0, 1.0, rate, seconds, 0.0), strict=True))
        for number, (name, rate, seconds) in enumerate(epochs)
    ]
    pd.DataFrame(rows, columns=HISTORY_COLUMNS).to_csv(folder / "history.csv", index=False)
    record = {"seconds": sum(seconds for _, _, seconds in epochs), "epochs": len(epochs), **run}
    (folder / "run.json").write_text(json.dumps(record | ({"networks": networks} if networks else {})))
    return folder


def write_cells(path, device):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": [{"target": "ethz", "device": device}]}))
    return path


@pytest.fixture
def stages(tmp_path):
    """A model of two networks, one on the GPU, with two trainings, the second resumed; a control; published weights."""
    networks = {"A": {"device": "cuda", "gpu_peak_mb": 900.5}, "B": {"device": "cpu"}}
    first = write_training(tmp_path / "1", [("A", 10.0, 60.0), ("B", 40.0, 30.0)], networks, parameters=7)
    second = write_training(tmp_path / "2", [("A", 10.0, 120.0)], networks, parameters=7)
    nothing = write_training(tmp_path / "3", [])
    write_benchmark(tmp_path / "b/1.tsv", 100, 50, 300)
    write_benchmark(tmp_path / "b/2.tsv", 40, 20, 400)
    write_benchmark(tmp_path / "b/p1.tsv", 36, 18, 200)
    on_gpu = write_cells(tmp_path / "p1/cells.json", "cuda")
    on_cpu = write_cells(tmp_path / "p2/cells.json", "cpu")

    def of(model, source, benchmark, **noted):
        return JobFiles(str(tmp_path / "b" / benchmark), model, source, **noted)

    return {
        "train": [
            of("net", "ethz", "1.tsv", training=first),
            of("net", "ethz", "2.tsv", training=second),
            of("oracle", "ethz", "none.tsv", training=nothing),
        ],
        "predict": [
            of("net", "ethz", "p1.tsv", cells=on_gpu),
            of("net", "ethz", "absent.tsv", cells=on_cpu),
            of("net", "pre-ours", "p1.tsv", cells=on_gpu),
        ],
    }


@pytest.fixture
def measured(stages, tmp_path):
    """What is known of these jobs and two others, through the table that is kept of benchmark files."""
    write_benchmark(tmp_path / "b/d.tsv", 3600, 1800, 50)
    named = [files.benchmark for jobs in stages.values() for files in jobs]
    gather_benchmarks([*named, tmp_path / "b/d.tsv", tmp_path / "b/elsewhere.tsv"], tmp_path / "benchmarks.csv")
    return read_benchmarks(tmp_path / "benchmarks.csv")


def test_demand_by_picker(stages, measured):
    table = demand_table(stages, measured).set_index(["model", "source"])
    net = table.loc["net", "ethz"]
    assert (net["trainings"], net["device"], net["parameters"], net["epochs"]) == (2, "cpu, cuda", 7, 3)
    # The benchmark of the second says 40 s, its run.json 120 s.
    assert net["training_s"] == 210
    assert net["samples_per_s"] == pytest.approx((600 + 1200 + 1200) / 210)
    assert (net["training_peak_mb"], net["gpu_peak_mb"]) == (400, 900.5)
    assert (net["prediction_s"], net["prediction_peak_mb"], net["benchmarks_missing"]) == (36, 200, 1)
    control = table.loc["oracle", "ethz"]
    assert control["training_s"] == 0 and control["device"] == "" and control["benchmarks_missing"] == 1
    assert control[["parameters", "samples_per_s", "training_peak_mb", "prediction_s"]].isna().all()
    published = table.loc["net", "pre-ours"]
    assert published["trainings"] == 0 and np.isnan(published["training_s"]) and published["prediction_s"] == 36


def test_demand_by_stage(stages, measured, tmp_path):
    prepared = [JobFiles(str(tmp_path / "b/d.tsv")), JobFiles(str(tmp_path / "b/elsewhere.tsv"))]
    metrics = [JobFiles(str(tmp_path / "b/none.tsv"))]
    table = stage_table({"fetch": [], "prepare": prepared, **stages, "metrics": metrics}, measured).set_index("stage")
    assert list(table.index) == ["prepare", "train", "predict", "metrics", "(total)"]
    prepare = table.loc["prepare"]
    assert (prepare["jobs"], prepare["benchmarks_missing"], prepare["wall_h"], prepare["cpu_h"]) == (2, 1, 1.0, 0.5)
    train = table.loc["train"]
    # 100 s and, resumed, 120 s; of its CPU time 20 s in 40 s are known.
    assert train["wall_h"] == pytest.approx(220 / 3600) and train["cpu_h"] == pytest.approx((50 + 60) / 3600)
    assert train["gpu_h"] == pytest.approx(180 / 3600) and train["estimated"] == 1
    predict = table.loc["predict"]
    assert (predict["jobs"], predict["benchmarks_missing"]) == (3, 1)
    assert predict["gpu_h"] == pytest.approx(72 / 3600)
    assert np.isnan(table.loc["metrics", "cpu_h"])
    total = table.loc["(total)"]
    assert total["cpu_h"] == pytest.approx(0.5 + 110 / 3600 + 36 / 3600) and total["peak_mb"] == 400
    assert total["jobs"] == 9 and total["benchmarks_missing"] == 4


def test_the_study_of_rates_and_what_shows_results_are_stages(stages, measured, tmp_path):
    own = write_benchmark(tmp_path / "shows/figures/roc.tsv", 7200, 3600)
    write_benchmark(tmp_path / "shows/train/net.tsv", 9000)
    showing = benchmarks_of_others(tmp_path / "shows", ["train", "predict"])
    assert list(showing) == [str(own)]
    studied = {"predict_rates": stages["predict"][:2], "metrics_rates": [], "show": [JobFiles(str(own))]}
    table = stage_table(studied, measured | showing).set_index("stage")
    assert list(table.index) == ["predict_rates", "show", "(total)"]
    assert table.loc["show", ["jobs", "wall_h", "cpu_h"]].tolist() == [1, 2.0, 1.0]
    # How many were not measured nobody knows; of the study's predictions it is one of two.
    assert pd.isna(table.loc["show", "benchmarks_missing"]) and table.loc["(total)", "benchmarks_missing"] == 1
    assert table.loc["predict_rates", "gpu_h"] == pytest.approx(36 / 3600)
    assert table.loc["(total)", "wall_h"] == pytest.approx(2 + 36 / 3600)


def test_pages_say_what_is_missing(stages, measured, tmp_path):
    write_demand(stages, measured, MODELS, DATASETS, tmp_path / "tables")
    written = sorted(path.name for path in (tmp_path / "tables").iterdir())
    assert written == [f"{name}.{kind}" for name in ("demand-stages", "demand") for kind in ("csv", "html", "tex")]
    page = (tmp_path / "tables/demand.html").read_text()
    assert "<td>0:03:30</td>" in page and "<td>900</td>" in page and 'class="control"' in page
    assert r"ETHZ & 2 & cpu, cuda & 7 & 3 & 0:03:30 & 14.3 & 400 & 900 & 0:00:36 & 200 & 1 \\" in (
        tmp_path / "tables/demand.tex"
    ).read_text().replace(r"\_", "_")
    page = (tmp_path / "tables/demand-stages.html").read_text()
    assert "Trainings whose CPU time is such an estimate: 1." in page


@pytest.mark.parametrize("text", ["", "s\tcpu_time\n1\t2\n", HEADER])
def test_a_benchmark_that_says_nothing_is_none(text, tmp_path):
    (tmp_path / "b.tsv").write_text(text)
    assert read_benchmark(tmp_path / "b.tsv") is None and read_benchmark(tmp_path / "none.tsv") is None


@pytest.mark.parametrize(("cpu_s", "peak_mb"), [("NA", "NA"), ("-", "0")])
def test_a_job_too_short_to_measure_has_its_time_alone(cpu_s, peak_mb, tmp_path):
    job = read_benchmark(write_benchmark(tmp_path / "b.tsv", 0.5, cpu_s, peak_mb))
    assert job.seconds == 0.5 and np.isnan(job.cpu_s) and np.isnan(job.peak_mb)


def test_a_training_without_a_benchmark_was_not_resumed():
    assert not Training(None, 10.0, 1.0, 1, 1.0, ("cpu",), 0.0, np.nan).resumed
