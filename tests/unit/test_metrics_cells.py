"""Cells: which rows come out, whose threshold they carry, and what a broken prediction file says."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference

from pickbench.errors import InputError
from pickbench.metrics import cells
from pickbench.metrics.registry import ANSWERS, METRICS, metrics_of
from pickbench.metrics.residuals import residual_limit_s, residual_metrics, residuals_s
from pickbench.metrics.scores import AT_THRESHOLD, OVER_THRESHOLDS
from pickbench.metrics.table import COLUMNS
from pickbench.selection import selection_metric

LRS = {"score_detection": "0.01", "score_p_or_s": "0.001", "p_sample_pred": "0.0001", "s_sample_pred": "0.01"}
CELL = cells.Cell("phasenet", "here", "there", 42, 0.45, LRS)


def detections(n=200, seed=0, quality=2.0):
    rng = np.random.default_rng(seed)
    earthquake = rng.random(n) < 0.6
    return pd.DataFrame(
        {
            "trace_name": [f"trace{i}" for i in range(n)],
            "trace_type": np.where(earthquake, "earthquake", "noise"),
            "score_detection": rng.normal(earthquake * quality),
        }
    )


def picks(n=200, seed=0, rate_hz=100.0):
    rng = np.random.default_rng(seed)
    is_p = rng.random(n) < 0.5
    onset = rng.uniform(500, 5000, n)
    return pd.DataFrame(
        {
            "trace_name": [f"trace{i}" for i in range(n)],
            "phase_label": np.where(is_p, "P", "S"),
            "phase_onset": onset,
            "sampling_rate": rate_hz,
            "score_p_or_s": np.exp(rng.normal(np.where(is_p, 1.0, -1.0))),
            "p_sample_pred": onset + rng.laplace(scale=10, size=n),
            "s_sample_pred": onset + rng.laplace(scale=20, size=n),
        }
    )


def predictions(seed=0, n=200):
    return {
        ("dev", "task1"): detections(n, seed),
        ("test", "task1"): detections(n, seed + 1),
        ("dev", "task23"): picks(n, seed),
        ("test", "task23"): picks(n, seed + 1),
    }


def own_dev(seed=50):
    return {"task1": detections(seed=seed, quality=0.5), "task23": picks(seed=seed)}


def one(table, **where):
    rows = table.loc[np.logical_and.reduce([table[name] == value for name, value in where.items()])]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def test_every_registered_metric_has_one_formula_and_one_row_per_origin():
    table = cells.evaluate_cell(CELL, predictions(), own_dev())
    assert list(table.columns) == list(COLUMNS)
    expected = []
    for split in ("dev", "test"):
        for metric in METRICS.values():
            for phase in "PS" if metric.task == 3 else [""]:
                for origin in ("target", "source") if metric.at_threshold else ("",):
                    expected.append((split, metric.task, phase, metric.name, origin))
    found = list(table[["split", "task", "phase", "metric", "threshold_from"]].itertuples(index=False, name=None))
    assert sorted(found) == sorted(expected)
    assert set(AT_THRESHOLD) == {metric.name for metric in METRICS.values() if metric.at_threshold}
    assert set(OVER_THRESHOLDS) == {m.name for m in METRICS.values() if m.task < 3 and not m.at_threshold}
    inside = table["ci_low"].le(table["value"] + 1e-12) & table["ci_high"].ge(table["value"] - 1e-12)
    assert inside.all()
    for answer in ANSWERS.values():
        rows = table[(table["task"] == answer.task) & (table["phase"] == answer.phase)]
        assert set(rows["lr"]) == {LRS[answer.column]}


def test_thresholds_come_from_dev_of_source_and_of_target_never_from_test():
    tables, own = predictions(), own_dev()
    result = cells.evaluate_cell(CELL, tables, own)
    test = tables["test", "task1"]
    truth = test["trace_type"] == "earthquake"
    for origin, dev in (("source", own["task1"]), ("target", tables["dev", "task1"])):
        quake = dev["trace_type"] == "earthquake"
        best = max(
            dev["score_detection"],
            key=lambda t, dev=dev, quake=quake: reference.f1_score(quake, dev["score_detection"] >= t),
        )
        row = one(result, metric="f1", split="test", threshold_from=origin)
        assert row.threshold == best
        assert row.value == pytest.approx(reference.f1_score(truth, test["score_detection"] >= best))
        assert row.n == 200
    # Another test split changes no threshold.
    other = cells.evaluate_cell(CELL, tables | {("test", "task1"): detections(seed=9)}, own)
    pd.testing.assert_series_equal(result["threshold"], other["threshold"])


def test_in_domain_is_the_same_path_with_the_same_numbers():
    tables = predictions()
    own = {"task1": tables["dev", "task1"], "task23": tables["dev", "task23"]}
    result = cells.evaluate_cell(CELL, tables, own).set_index("threshold_from")
    source, target = (result.loc[origin].reset_index(drop=True) for origin in ("source", "target"))
    pd.testing.assert_frame_equal(source, target)


def test_a_source_without_the_task_has_no_threshold_of_its_own():
    result = cells.evaluate_cell(CELL, predictions(), {"task23": own_dev()["task23"]})
    row = one(result, metric="recall", split="test", threshold_from="source")
    assert np.isnan([row.value, row.ci_low, row.ci_high, row.threshold]).all()
    assert row.n == 200
    assert one(result, metric="recall", split="test", threshold_from="target").value > 0


def test_residuals_are_true_seconds_at_any_sampling_rate():
    frame = pd.DataFrame(
        {
            "phase_label": ["P", "S", "P"],
            "phase_onset": [100.0, 200.0, 300.5],
            "sampling_rate": [100.0, 100.0, 20.0],
            "p_sample_pred": [110.0, 0.0, 290.5],
            "s_sample_pred": [0.0, 150.0, 0.0],
        }
    )
    np.testing.assert_array_equal(residuals_s(frame, "P"), [0.1, -0.5])
    np.testing.assert_array_equal(residuals_s(frame, "S"), [-0.5])


def test_onset_metrics_by_hand():
    tables = predictions()
    frame = picks(5)
    frame["phase_label"] = ["P", "P", "P", "P", "S"]
    frame["p_sample_pred"] = frame["phase_onset"] + [0.0, 10.0, -30.0, 100.0, 999.0]
    result = cells.evaluate_cell(CELL, tables | {("test", "task23"): frame}, {})
    value = result[(result["split"] == "test") & (result["phase"] == "P")].set_index("metric")["value"]
    residuals = np.array([0.0, 0.1, -0.3, 1.0])
    assert value["mean_s"] == pytest.approx(0.2)
    assert value["median_s"] == value["laplace_loc_s"] == pytest.approx(0.05)
    assert value["rmse_s"] == pytest.approx(np.sqrt(1.10 / 4))
    assert value["std_s"] == pytest.approx(np.std(residuals))
    assert value["rmse_s"] ** 2 == pytest.approx(value["mean_s"] ** 2 + value["std_s"] ** 2)
    assert value["mae_s"] == pytest.approx(0.35)
    assert value["outlier_share"] == 0.25
    assert value["laplace_scale_s"] == pytest.approx((0.05 + 0.05 + 0.35 + 0.95) / 4)


def test_limit_follows_the_regions():
    assert residual_limit_s("local") == residual_limit_s("regional", "local") == 0.45
    assert residual_limit_s("teleseismic") == residual_limit_s("regional", "teleseismic") == 1.5
    assert residual_limit_s("teleseismic", "local") == 1.5
    with pytest.raises(InputError, match="region 'global' is none of local, regional, teleseismic"):
        residual_limit_s("global")


def test_a_pick_exactly_at_the_limit_is_no_outlier():
    frame = picks(4)
    frame["phase_label"], frame["phase_onset"] = "P", 1000.0
    frame["p_sample_pred"] = [1045.0, 955.0, 1046.0, 1000.0]
    result = cells.evaluate_cell(CELL, predictions() | {("test", "task23"): frame}, {})
    assert one(result, metric="outlier_share", split="test", phase="P").value == 0.25


def test_what_a_model_cannot_answer_gives_no_rows():
    tables = predictions()
    for split in ("dev", "test"):
        tables[split, "task23"] = tables[split, "task23"].assign(score_p_or_s=np.nan, s_sample_pred=np.nan)
    result = cells.evaluate_cell(CELL, tables, own_dev())
    assert set(zip(result["task"], result["phase"], strict=True)) == {(1, ""), (3, "P")}


def test_only_what_the_target_can_be_asked():
    computed_p = cells.Cell("phasenet", "here", "lendb", 42, 0.45, LRS, tasks=(1,), phases=("P",))
    tables = {key: table for key, table in predictions().items() if key[1] == "task1"}
    assert set(cells.evaluate_cell(computed_p, tables, {})["task"]) == {1}
    only_p = cells.Cell("phasenet", "here", "there", 42, 0.45, LRS, tasks=(3,), phases=("P",))
    assert set(cells.evaluate_cell(only_p, predictions(), {})["phase"]) == {"P"}


def test_no_windows_give_rows_that_say_so():
    empty = {key: table.iloc[:0] for key, table in predictions().items()}
    result = cells.evaluate_cell(CELL, empty, own_dev())
    assert len(result) == len(cells.evaluate_cell(CELL, predictions(), own_dev()))
    assert (result["n"] == 0).all()
    assert result[["value", "ci_low", "ci_high"]].isna().all(axis=None)


def test_one_class_alone_has_no_auc_and_no_mcc():
    tables = predictions()
    tables["test", "task1"] = tables["test", "task1"].assign(trace_type="earthquake")
    tables["test", "task23"] = tables["test", "task23"].assign(phase_label="P")
    result = cells.evaluate_cell(CELL, tables, own_dev())
    for metric in ("auc", "mcc"):
        rows = result[(result["metric"] == metric) & (result["split"] == "test")]
        assert rows[["value", "ci_low", "ci_high"]].isna().all(axis=None)
        assert (rows["n"] == 200).all()
    assert one(result, metric="mean_s", split="test", phase="S").n == 0
    assert 0 < one(result, metric="recall", split="test", threshold_from="target").value <= 1


@pytest.mark.parametrize("column", list(ANSWERS))
def test_a_half_answered_file_is_refused(column):
    tables = predictions()
    stem = ANSWERS[column].file
    broken = tables["test", stem].copy()
    rows = cells.rows_of(broken, ANSWERS[column]).index[3:5]
    broken.loc[rows, column] = np.nan
    with pytest.raises(InputError) as refusal:
        cells.evaluate_cell(CELL, tables | {("test", stem): broken}, own_dev())
    assert f"phasenet/here/seed42/there/test_{stem}.parquet: {column}" in str(refusal.value)
    assert f"in 2 of {len(cells.rows_of(broken, ANSWERS[column]))} rows" in str(refusal.value)
    assert broken.loc[rows[0], "trace_name"] in str(refusal.value)


def test_infinite_scores_are_answers_and_infinite_picks_are_not():
    tables = predictions()
    tables["dev", "task23"].loc[0, "score_p_or_s"] = np.inf
    cells.evaluate_cell(CELL, tables, own_dev())
    p_row = cells.rows_of(tables["dev", "task23"], ANSWERS["p_sample_pred"]).index[0]
    tables["dev", "task23"].loc[p_row, "p_sample_pred"] = np.inf
    with pytest.raises(InputError, match="p_sample_pred has no number in 1 of"):
        cells.evaluate_cell(CELL, tables, own_dev())


def test_a_wrong_label_names_its_trace():
    tables = predictions()
    tables["dev", "task1"].loc[7, "trace_type"] = "explosion"
    with pytest.raises(InputError, match="trace trace7: trace_type is 'explosion', not earthquake or noise"):
        cells.evaluate_cell(CELL, tables, own_dev())


def test_a_missing_file_is_named():
    tables = predictions()
    del tables["test", "task23"]
    with pytest.raises(InputError, match="phasenet/here/seed42/there/test_task23.parquet is missing"):
        cells.evaluate_cell(CELL, tables, own_dev())


def write(folder, tables):
    folder.mkdir()
    for (split, stem), table in tables.items():
        table.assign(start_sample=0).to_parquet(folder / f"{split}_{stem}.parquet")
    return folder


def test_a_picker_is_evaluated_from_its_files(tmp_path):
    targets = {
        "home": {"region": "local", "tasks": [1, 2, 3], "phases": ["P", "S"]},
        "far": {"region": "teleseismic", "tasks": [2, 3], "phases": ["P", "S"]},
    }
    at_home, far = predictions(0), {key: t for key, t in predictions(10).items() if key[1] == "task23"}
    folders = {"home": write(tmp_path / "home", at_home), "far": write(tmp_path / "far", far)}
    own_dev = {file: table for (split, file), table in at_home.items() if split == "dev"}
    picker = {"model": "phasenet", "source": "home", "seed": 42, "lrs": LRS, "source_dev": own_dev}
    result = cells.evaluate_picker(folders, targets, **picker)
    assert set(result.loc[result["target"] == "far", "task"]) == {2, 3}
    from_source = result[(result["metric"] == "mcc") & (result["threshold_from"] == "source")]
    assert from_source["threshold"].nunique() == 1
    limits = {"home": 0.45, "far": 1.5}
    for target, tables in (("home", at_home), ("far", far)):
        residuals = residuals_s(tables["test", "task23"], "S")
        row = one(result, metric="outlier_share", split="test", phase="S", target=target)
        assert row.value == np.mean(np.abs(residuals) > limits[target])

    published = cells.evaluate_picker(
        {"far": folders["far"]}, targets, **picker | {"source": "pre-x", "lrs": {}, "source_dev": {}}
    )
    assert set(published["lr"]) == {""}
    assert set(published.loc[published["metric"] == "mcc", "threshold_from"]) == {"target"}

    path = folders["home"] / "dev_task1.parquet"
    path.write_bytes(path.read_bytes()[:100])
    # The seal, where there is one, says so first; either way the job that predicts goes by cells.json.
    remedy = f"delete {path.parent.parent / 'cells.json'} to have it made again"
    with pytest.raises(InputError, match=f"dev_task1.parquet: not a whole prediction file .*{remedy}"):
        cells.evaluate_picker(folders, targets, **picker)


def test_selection_is_by_the_papers_metrics():
    detection, onset = detections(), picks()
    quake = detection["trace_type"] == "earthquake"
    auc = reference.roc_auc_score(quake, detection["score_detection"])
    assert selection_metric("score_detection", detection) == ("auc", pytest.approx(auc), True)
    is_p = onset["phase_label"] == "P"
    best = max(reference.matthews_corrcoef(is_p, onset["score_p_or_s"] >= t) for t in onset["score_p_or_s"])
    assert selection_metric("score_p_or_s", onset) == ("mcc", pytest.approx(best), True)
    for column, phase in (("p_sample_pred", "P"), ("s_sample_pred", "S")):
        rows = onset[onset["phase_label"] == phase]
        rmse = np.sqrt(np.mean(((rows[column] - rows["phase_onset"]) / 100) ** 2))
        assert selection_metric(column, onset) == ("rmse_s", pytest.approx(rmse), False)


def test_selection_passes_over_a_candidate_that_diverged():
    onset = picks().assign(score_p_or_s=np.nan)
    onset.loc[onset["phase_label"].eq("P").idxmax(), "p_sample_pred"] = np.nan
    assert selection_metric("score_p_or_s", onset) == ("mcc", pytest.approx(np.nan, nan_ok=True), True)
    assert selection_metric("p_sample_pred", onset) == ("rmse_s", pytest.approx(np.nan, nan_ok=True), False)
    assert np.isfinite(selection_metric("s_sample_pred", onset)[1])
    for column, frame in (("score_detection", detections(0)), ("s_sample_pred", picks(0))):
        assert np.isnan(selection_metric(column, frame)[1])


def test_metrics_of_a_task_are_those_of_the_protocol():
    assert [metric.name for metric in metrics_of(2)] == ["mcc"]
    assert {metric.name: metric.best for metric in metrics_of(3)} == {
        "mean_s": "zero",
        "median_s": "zero",
        "std_s": "lower",
        "rmse_s": "lower",
        "mae_s": "lower",
        "outlier_share": "lower",
        "laplace_loc_s": "zero",
        "laplace_scale_s": "lower",
    }


def test_one_residual_has_no_spread():
    measured = {name: value for name, (value, _) in residual_metrics(np.array([0.3]), 0.45).items()}
    assert np.isnan(measured["std_s"]) and np.isnan(measured["laplace_scale_s"])
    assert measured["mae_s"] == measured["rmse_s"] == 0.3


def test_a_missing_prediction_file_says_what_makes_it_again(tmp_path):
    path = tmp_path / "seed42" / "there" / "test_task23.parquet"
    with pytest.raises(InputError) as refusal:
        cells.read_columns(path, ["trace_name"])
    message = f"{path}: missing; delete {tmp_path / 'seed42' / 'cells.json'} to have it made again, or copy it again"
    assert str(refusal.value) == f"{message} where results were copied without data"
