"""The smallest run through every stage, and what happens when it is run again, broken into, or changed."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import seisbench.models as sbm
import yaml

from pickbench.examples.files import read_example_table
from pickbench.metrics.table import read_metrics
from pickbench.rates.choice import read_rates
from pickbench.tables.content import TABLES
from tests.workflow.support import planned, snakemake
from tests.workflow.tiny import RATE_STUDY, again, write_config, write_twin

CELL = "results/predictions/phasenetlight/tiny-local/seed42/tiny-far"


def metrics(folder: Path) -> pd.DataFrame:
    return read_metrics(folder / "results" / "metrics.csv")


def test_everything_is_there(run):
    for name in TABLES:
        for kind in ("csv", "tex", "html"):
            assert (run / "results" / "tables" / f"{name}.{kind}").stat().st_size > 0
    selection = pd.read_csv(run / "results" / "tables" / "selection.csv")
    assert set(selection["model"]) == {"phasenetlight"}
    assert set(selection["source"]) == {"tiny-local", "tiny-far", "tiny-p"}
    for source in selection["source"].unique():
        stem = run / "results" / "export" / "phasenetlight" / source / "seed42" / "lr0.01"
        assert sbm.PhaseNetLight.load(stem, version_str="1").weights_version == "1"
    across = [f"{name}-{phase}" for name in ("phasenetlight-residuals", "boxes", "matrix-mae") for phase in "PS"]
    own = [f"{name}-residuals" for name in ("tiny-local", "tiny-far")]
    conditions = [f"{name}-{phase}-{condition}" for name in own for phase in "PS" for condition in ("snr", "distance")]
    drawn = {
        "datasets": {"tiny-local", "tiny-far", "tiny-p"},
        "in-domain": {"residuals-P", "residuals-S", "roc", *conditions},
        "examples": {"tiny-local", "tiny-far"},
        "cross-domain": {*across, "matrix-auc", "matrix-mcc", "oracle-residuals-P", "oracle-residuals-S"},
    }
    for folder, names in drawn.items():
        folder = run / "results" / "figures" / folder
        assert {path.stem for path in folder.iterdir()} == names
        for name in names:
            assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
            assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    # Losses are drawn of what is trained, which the controls are not.
    drawn = {path.name for path in (run / "results" / "figures" / "training").iterdir()}
    assert drawn == {"phasenetlight.pdf", "phasenetlight.png"}
    table = metrics(run)
    assert set(table["model"]) == {"phasenetlight", "oracle"}
    assert set(table["source"]) == set(table["target"]) == {"tiny-local", "tiny-far", "tiny-p"}
    # NEIC's twin has no task 1 as a target, and yet a picker that learned from it detects elsewhere.
    detections = table[table["task"] == 1]
    assert set(detections["target"]) == {"tiny-local", "tiny-p"} and "tiny-far" in set(detections["source"])
    # LenDB's twin has no tasks 2 and 3 as a target; a picker that learned from it picks P elsewhere, and never S.
    onsets = table[(table["task"] == 3) & (table["model"] == "phasenetlight")]
    assert "tiny-p" not in set(onsets["target"])
    assert set(onsets.loc[onsets["source"] == "tiny-p", "phase"]) == {"P"}


def test_figures_and_tables_come_from_the_cache_alone(run, tmp_path):
    shutil.copy(run / "tiny.yaml", tmp_path)
    kept = sorted((run / "results").glob("metrics.*"), reverse=True)
    assert [path.name for path in kept] == [
        f"metrics.{part}{kind}"
        for part in ("rates.", "")
        for kind in ("parquet", "csv", "benchmarks.csv.sha256", "benchmarks.csv")
    ]
    (tmp_path / "results").mkdir()
    words = ["--configfile", "tiny.yaml", "--cores", "2", "figures", "tables"]
    # As `cp -r` does it all files are new, first those of metrics, then those of predictions, or the other way round.
    for path in kept:
        shutil.copy(path, tmp_path / "results")
    shutil.copytree(run / "results/predictions", tmp_path / "results/predictions", copy_function=shutil.copy)
    jobs = set(planned(snakemake(*words, "-n", directory=tmp_path)))
    for path in kept:
        shutil.copy(path, tmp_path / "results")
    assert set(planned(snakemake(*words, "-n", directory=tmp_path))) == jobs
    assert jobs == {
        *("figures", "tables", "metric_tables", "selection", "demand", "findings", "published", "rate_table"),
        *("overview", "conditions", "roc", "matrices", "boxes", "losses", "residuals_in_domain"),
        *("residuals_cross_domain", "residuals_rates", "draw_examples", "example_table"),
    }
    snakemake(*words, directory=tmp_path)
    for folder in ("figures", "tables"):
        made = {path.relative_to(tmp_path): path for path in (tmp_path / "results" / folder).rglob("*.*")}
        wanted = {path.relative_to(run): path.stem for path in (run / "results" / folder).rglob("*.*")}
        # Two tables are about data and weights themselves.
        assert set(made) == {path for path, name in wanted.items() if name not in ("dropped", "provenance")}
        for name, path in made.items():
            # A PDF says when it was made, and the hours of a run end with those of its figures.
            is_same = path.read_bytes() == (run / name).read_bytes()
            assert is_same or name.suffix == ".pdf" or name.stem == "demand-stages", name
    hours = [pd.read_csv(folder / "results/tables/demand-stages.csv", index_col="stage") for folder in (tmp_path, run)]
    pd.testing.assert_frame_equal(*(table.drop(["show", "(total)"]) for table in hours))
    # What was not copied is made again from nothing less than the whole run, which nobody has asked for.
    cell = "predictions/phasenetlight/tiny-local/seed42/tiny-far/test_task23.parquet"
    for name in ("metrics.rates.benchmarks.csv", cell, "predictions/_examples"):
        (tmp_path / "results" / name).rename(tmp_path / "away")
        failed = snakemake(*words, "-n", directory=tmp_path, check=False)
        assert failed.returncode == 1 and f"results/{name}" in failed.stdout
        assert "not among these copied results, which have no results/data; copy it as well" in failed.stdout
        (tmp_path / "away").rename(tmp_path / "results" / name)
    # Unless somebody asks for it.
    (tmp_path / "results" / "predictions" / "_examples").rename(tmp_path / "away")
    (tmp_path / "results" / "data").mkdir()
    lost = "results/predictions/_examples/tiny-local.csv"
    assert "examples" in planned(snakemake(*words[:4], "-n", lost, directory=tmp_path))
    (tmp_path / "results" / "data").rmdir()
    (tmp_path / "away").rename(tmp_path / "results" / "predictions" / "_examples")
    # What has been lost from the long table since is no empty cell.
    lines = (tmp_path / "results" / "metrics.csv").read_text().splitlines(keepends=True)
    (tmp_path / "results" / "metrics.csv").write_text("".join(lines[:-1]))
    failed = snakemake(*words, "--keep-going", directory=tmp_path, check=False)
    assert failed.returncode == 1
    for log in ("tables.log", "findings.log", "published.log", "figures/matrix-auc.log"):
        text = (tmp_path / "results" / "logs" / log).read_text()
        assert text.startswith("error: results/metrics.csv: ") and " is missing, as results/metrics.parquet" in text


def test_in_domain_both_thresholds_are_the_same(run):
    table = metrics(run)
    table = table[(table["source"] == table["target"]) & (table["threshold_from"] != "")]
    both = table.pivot_table(index=["model", "target", "split", "metric"], columns="threshold_from", values="threshold")
    assert len(both) and (both["source"] == both["target"]).all()


def test_the_oracle_is_perfect(run):
    table = metrics(run)
    oracle = table[(table["model"] == "oracle") & (table["n"] > 0)].groupby("metric")["value"]
    for metric in ("auc", "f1", "mcc"):
        assert oracle.min()[metric] == 1
    for metric in ("rmse_s", "mae_s", "outlier_share"):
        assert oracle.max()[metric] == 0


def test_selection_is_written_down(run):
    selected = json.loads((run / "results/selected/phasenetlight/tiny-local/seed42.json").read_text())
    for answer in selected["answers"].values():
        best = {"auc": max, "mcc": max, "rmse_s": min}[answer["metric"]](answer["scores"].values())
        assert answer["scores"][answer["lr"]] == best
    # A source without task 1 has no AUC to choose by.
    far = json.loads((run / "results/selected/phasenetlight/tiny-far/seed42.json").read_text())
    assert far["answers"]["score_detection"]["metric"] == "dev_loss"


def test_examples_are_what_the_picker_in_domain_predicted(run):
    table = read_example_table(run / "results" / "tables" / "examples.csv")
    assert (run / "results" / "tables" / "examples.html").stat().st_size > 0
    # One model agrees with nobody, and a control is none.
    assert set(table["dataset"]) == {"tiny-local", "tiny-far"} and set(table["model"]) == {"phasenetlight"}
    assert set(", ".join(table["rule"]).split(", ")) == {"median", "worst"} and set(table["phase"]) == {"P", "S"}
    files = [run / f"results/predictions/_examples/{name}.csv" for name in ("tiny-local", "tiny-far")]
    pd.testing.assert_frame_equal(table, pd.concat(map(read_example_table, files), ignore_index=True))
    for (dataset, phase), rows in table.groupby(["dataset", "phase"]):
        cell = pd.read_parquet(
            run / f"results/predictions/phasenetlight/{dataset}/seed42/{dataset}/test_task23.parquet"
        )
        cell = cell[cell["phase_label"] == phase]
        error = ((cell[f"{phase.lower()}_sample_pred"] - cell["phase_onset"]) / 100).abs()
        assert rows["residual_s"].abs().max() == pytest.approx(error.max())
        assert rows["score"].between(0, 1).all()


def test_the_study_of_rates_is_in_true_units(run):
    table = read_rates(*(run / "results" / f"metrics.rates.{kind}" for kind in ("csv", "parquet")))
    assert set(table["rate_hz"]) == {25, 33.3, 100} and set(table["target"]) == {"tiny-far"}
    assert set(table["source"]) == {"tiny-local"} and set(table["model"]) == {"phasenetlight", "oracle"}
    oracle = table[table["model"] == "oracle"].groupby("metric")["value"]
    assert oracle.min()["mcc"] == 1 and oracle.max()["rmse_s"] == 0
    # At 100 Hz they are the numbers of metrics.csv.
    own = table[table["rate_hz"] == 100].drop(columns=["rate_hz", "selected"]).reset_index(drop=True)
    there = metrics(run)
    there = there[(there["source"] == "tiny-local") & (there["target"] == "tiny-far")].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, there, check_exact=True)
    # The same windows in the ground: starts and onsets at the same second.
    cell = pd.read_parquet(run / CELL / "test_task23.parquet")
    for rate in (25, 33.3):
        played = pd.read_parquet(
            run / f"results/predictions/_rates/phasenetlight/tiny-local/seed42/tiny-far/{rate}hz/test_task23.parquet"
        )
        assert list(played.columns) == list(cell.columns) and (played["sampling_rate"] == rate).all()
        for column, off in (("phase_onset", 1e-9), ("start_sample", 0.51 / rate), ("end_sample", 1.02 / rate)):
            assert (played[column] / rate - cell[column] / 100).abs().max() <= off
        assert played["p_sample_pred"].between(played["start_sample"], played["end_sample"]).all()
    # A rate that dev chose is the best one there.
    dev = table[(table["split"] == "dev") & (table["metric"] == "rmse_s") & (table["model"] == "phasenetlight")]
    for _, rows in dev.groupby("phase"):
        assert rows.loc[rows["selected"], "value"].tolist() == [rows["value"].min()]
    assert len(pd.read_csv(run / "results/tables/rates.csv")) == 2 * 7
    for phase in "PS":
        figure = run / "results" / "figures" / "rates" / f"phasenetlight-residuals-{phase}.pdf"
        assert figure.read_bytes().startswith(b"%PDF")


def test_a_rate_more_redoes_the_study_alone(run):
    study = {"rate_study": {**RATE_STUDY, "rates_hz": [25, 33.3, 50]}}
    write_config(run, **study)
    jobs = again(run, "-n")
    write_config(run, rate_study=RATE_STUDY)
    assert jobs == {
        "predict_rates": 1,
        "predict_rates_on_cpu": 1,
        "metrics_rates": 2,
        "collect_rates": 1,
        "rate_table": 1,
        "residuals_rates": 4,
        "demand": 1,
        # The configuration is written down.
        "provenance": 1,
        "all": 1,
    }


def test_what_the_run_took_is_written_down(run):
    table = pd.read_csv(run / "results" / "tables" / "demand.csv").set_index(["model", "source"])
    assert len(table) == 6 and (table["benchmarks_missing"] == 0).all() and (table["prediction_s"] > 0).all()
    trained = table.loc["phasenetlight"]
    assert (
        (trained["parameters"] == 23305).all() and (trained["epochs"] == 1).all() and (trained["training_s"] > 0).all()
    )
    stages = pd.read_csv(run / "results" / "tables" / "demand-stages.csv").set_index("stage")
    jobs = stages["jobs"].to_dict()
    assert jobs.pop("(total)") == sum(jobs.values())
    # Figures and tables are more or less done when their hours are added up; what gathers the metrics is.
    assert jobs.pop("show") >= 1
    assert jobs == {
        "simulate": 3, "prepare": 4, "split": 3, "windows": 4, "train": 6, "select": 6, "predict": 6, "metrics": 6,
        "predict_rates": 2, "metrics_rates": 2,
    }  # fmt: skip
    assert (stages.drop("show")["benchmarks_missing"] == 0).all()


def test_a_lost_benchmark_runs_nothing_again(run):
    (run / "results/benchmarks/train/phasenetlight/tiny-far/lr0.01-seed42.tsv").rename(run / "kept.tsv")
    assert again(run, "-n") == {}
    (run / "kept.tsv").rename(run / "results/benchmarks/train/phasenetlight/tiny-far/lr0.01-seed42.tsv")


def test_findings_are_decided_as_far_as_the_run_goes(run):
    content = json.loads((run / "results" / "findings.json").read_text())
    assert content["models"] == ["phasenetlight"]
    assert content["roles"] == {"stead": "tiny-local", "neic": "tiny-far", "lendb": "tiny-p"}
    outcomes = {finding["id"]: finding["outcome"] for finding in content["findings"]}
    assert outcomes["best-source"] == "not decidable"
    # Twins are set beside nothing.
    assert pd.read_csv(run / "results" / "tables" / "published.csv").empty


def test_a_second_run_does_nothing(run):
    assert again(run, "-n") == {}


def test_a_changed_dataset_reruns_what_depends_on_it(run):
    path = run / "datasets" / "tiny-far.yaml"
    before = path.read_text()
    path.write_text(before.replace("title: mini-NEIC", "title: Another"))
    # There is no ROC curve of a dataset without task 1.
    compared = {"residuals_in_domain", "residuals_cross_domain", "matrices", "boxes"}
    figures = {*compared, "losses", "conditions", "overview", "draw_examples", "rate_table", "residuals_rates"}
    tables = {"metric_tables", "selection", "demand", "findings", "published", "example_table", "dropped", "provenance"}
    assert set(again(run, "-n")) == {"all", *tables, "export", *figures}
    path.write_text(before.replace("traces: 100", "traces: 101"))
    jobs = again(run, "-n")
    path.write_text(before)
    assert jobs["simulate"] == jobs["prepare"] == jobs["split"] == jobs["windows"] == 1
    # The candidates of that source alone; every picker has it as a target.
    assert jobs["train"] == jobs["train_on_cpu"] == 1 and jobs["predict"] == jobs["predict_on_cpu"] == 3
    assert jobs["predict_rates"] == jobs["predict_rates_on_cpu"] == 1
    assert again(run, "-n") == {}


def test_a_damaged_prediction_is_made_again(run):
    before = (run / "results" / "metrics.csv").read_bytes()
    file = run / CELL / "test_task23.parquet"
    file.write_bytes(file.read_bytes()[:-10])
    (run / "results" / "metrics.csv").unlink()
    shutil.rmtree(run / "results" / "metrics" / "phasenetlight")
    done = snakemake("--configfile", run / "tiny.yaml", "--cores", "2", directory=run, check=False)
    assert done.returncode != 0 and "delete results/predictions/phasenetlight/tiny-local/seed42/cells.json" in (
        done.stdout + done.stderr
    )
    (run / "results/predictions/phasenetlight/tiny-local/seed42/cells.json").unlink()
    again(run, "--quiet")
    assert (run / "results" / "metrics.csv").read_bytes() == before
    log = (run / "results/logs/predict/phasenetlight/tiny-local/seed42.log").read_text()
    assert "tiny-far: predicting" in log and "tiny-local: up to date" in log


def test_a_single_cell_is_a_target(run):
    before = pd.read_parquet(run / CELL / "dev_task23.parquet")
    shutil.rmtree(run / CELL)
    snakemake("--configfile", run / "tiny.yaml", "--cores", "2", f"{CELL}/dev_task23.parquet", directory=run)
    pd.testing.assert_frame_equal(pd.read_parquet(run / CELL / "dev_task23.parquet"), before)


def test_the_same_cell_elsewhere_is_the_same_to_the_bit(run, tmp_path):
    """One dataset by itself, in another folder: its cells do not depend on what else is compared."""
    write_twin(tmp_path / "datasets", "tiny-local", "mini-stead", chunks=2)
    config = write_config(tmp_path, datasets=["tiny-local"])
    snakemake("--configfile", config, "--cores", "2", "results/metrics.csv", directory=tmp_path)
    there, here = metrics(tmp_path), metrics(run)
    here = here[(here["source"] == "tiny-local") & (here["target"] == "tiny-local")]
    pd.testing.assert_frame_equal(there, here.reset_index(drop=True), check_exact=True)


def test_an_empty_task_says_so(tmp_path):
    write_twin(tmp_path / "datasets", "tiny-far", "mini-neic", tasks=[1, 2, 3])
    config = write_config(tmp_path, datasets=["tiny-far"])
    target = "results/windows/tiny-far/task1.csv"
    done = snakemake("--configfile", config, "--cores", "1", target, directory=tmp_path, check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0 and "Traceback" not in said
    line = next(line for line in said.splitlines() if line.startswith("error:"))
    assert "task 1" in line and "noise" in line


def test_a_dataset_path_without_waveforms_says_so(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "metadata.csv").write_text("trace_name\n")
    (tmp_path / "datasets").mkdir()
    content = {"title": "Mine", "source": {"path": str(tmp_path / "mine")}, "region": "local", "tasks": [2, 3]}
    (tmp_path / "datasets" / "mine.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    config = write_config(tmp_path, datasets=["mine"])
    done = snakemake("--configfile", config, "--cores", "1", directory=tmp_path, check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0 and "Traceback" not in said
    line = next(line for line in said.splitlines() if line.startswith("error:"))
    assert "waveforms" in line and str(tmp_path / "mine") in line
