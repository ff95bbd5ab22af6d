"""The rate is chosen on dev for each answer by itself; table and figure show it beside the data's own."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from sklearn.metrics import matthews_corrcoef, roc_auc_score

from pickbench.errors import InputError
from pickbench.metrics.table import as_table, write_metrics
from pickbench.rates.choice import RATE_COLUMNS, choose, collect_rates, evaluate_rates, read_rates
from pickbench.rates.figure import draw_rates
from pickbench.rates.study import cell_name
from pickbench.rates.table import rate_table, write_rate_table

ABOUT = {"far": {"region": "teleseismic", "phases": ["P", "S"], "tasks": [1, 2, 3]}}
MODELS = {"phasenet": {"title": "PhaseNet", "control": False}}
DATASETS = {"near": {"title": "Near", "region": "local"}, "far": {"title": "Far & wide", "region": "teleseismic"}}


def write_predictions(folder, rate_hz, error_s, good, seed=0):
    """Files of dev and test; onsets off by error_s, scores that rank a share `good` of the windows rightly."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for split, error in zip(("dev", "test"), error_s, strict=True):
        label = np.arange(200) % 2 == 0
        score = np.where(rng.random(200) < good, label, ~label) + 0.1 * rng.random(200)
        names = [f"{split}{number}" for number in range(200)]
        fixed = {"trace_name": names, "sampling_rate": rate_hz, "p_sample_pred": np.nan, "s_sample_pred": np.nan}
        fixed |= {"score_detection": np.nan, "score_p_or_s": np.nan}
        task1 = {"trace_type": np.where(label, "earthquake", "noise"), "score_detection": score}
        pd.DataFrame(fixed | task1).to_parquet(folder / f"{split}_task1.parquet")
        onset = 60.0 * rate_hz
        picks = {"p_sample_pred": onset + error["P"] * rate_hz, "s_sample_pred": onset + error["S"] * rate_hz}
        task23 = {"phase_label": np.where(label, "P", "S"), "phase_onset": onset, "score_p_or_s": score, **picks}
        pd.DataFrame(fixed | task23).to_parquet(folder / f"{split}_task23.parquet")
    return folder


def words(axes):
    return "\n".join(text.get_text() for text in axes.findobj(Text))


@pytest.fixture
def folders(tmp_path):
    """At 20 Hz P is best on dev and worst on test, and scores are worst; at 50 Hz scores are best; S is alike."""
    errors = {
        100.0: ({"P": 1.0, "S": 0.5}, {"P": 0.9, "S": 0.5}),
        20.0: ({"P": 0.2, "S": 0.5}, {"P": 2.0, "S": 0.5}),
        50.0: ({"P": -0.4, "S": 0.5}, {"P": -0.3, "S": 0.5}),
    }
    good = {100.0: 0.7, 20.0: 0.6, 50.0: 0.95}
    own = tmp_path / "own" / "far"
    return {
        rate: {
            "far": write_predictions(
                own if rate == 100 else tmp_path / "played" / cell_name("far", rate), rate, e, good[rate]
            )
        }
        for rate, e in errors.items()
    }


@pytest.fixture
def metrics(folders):
    return evaluate_rates(folders, ABOUT, model="phasenet", source="near", seed=42, lrs={}, source_dev={})


def test_each_answer_has_the_rate_that_is_best_on_dev(metrics):
    chosen = metrics[metrics["selected"]].groupby(["task", "phase"])["rate_hz"].unique().map(list).to_dict()
    # Of equally good rates for S, that of the data.
    assert chosen == {(1, ""): [50.0], (2, ""): [50.0], (3, "P"): [20.0], (3, "S"): [100.0]}
    assert list(metrics.columns) == list(RATE_COLUMNS)
    # All rows of an answer at that rate, and no others.
    assert metrics.groupby(["task", "phase", "rate_hz"])["selected"].nunique().eq(1).all()


def test_values_are_true_seconds_and_known_scores(metrics, folders):
    test = metrics[metrics["split"] == "test"].set_index(["rate_hz", "metric", "phase", "threshold_from"])["value"]
    for rate, error in ((100.0, 0.9), (20.0, 2.0), (50.0, -0.3)):
        assert test[rate, "mean_s", "P", ""] == pytest.approx(error)
        assert test[rate, "rmse_s", "P", ""] == pytest.approx(abs(error))
        assert test[rate, "outlier_share", "P", ""] == (abs(error) > 1.5)
        table = pd.read_parquet(folders[rate]["far"] / "test_task1.parquet")
        auc = roc_auc_score(table["trace_type"] == "earthquake", table["score_detection"])
        assert test[rate, "auc", "", ""] == pytest.approx(auc)
        # The threshold of every rate is from dev at that rate.
        table = pd.read_parquet(folders[rate]["far"] / "test_task23.parquet")
        at = metrics[(metrics["metric"] == "mcc") & (metrics["rate_hz"] == rate)].set_index("threshold_from")
        threshold = at.loc["target", "threshold"].iloc[0]
        mcc = matthews_corrcoef(table["phase_label"] == "P", table["score_p_or_s"] >= threshold)
        assert test[rate, "mcc", "", "target"] == pytest.approx(mcc)


def test_without_a_dev_value_no_rate_is_selected():
    row = {"model": "m", "source": "a", "target": "b", "task": 3, "phase": "P", "lr": "", "seed": 1, "n": 0}
    row |= {"metric": "rmse_s", "ci_low": np.nan, "ci_high": np.nan, "threshold": np.nan, "threshold_from": ""}
    values = {"dev": np.nan, "test": 1.0}
    table = [
        as_table([{**row, "split": s, "value": v} for s, v in values.items()]).assign(rate_hz=r) for r in (20.0, 100.0)
    ]
    chosen = choose(pd.concat(table, ignore_index=True))
    assert not chosen["selected"].any()


def test_collected_metrics_read_back(metrics, tmp_path):
    write_metrics(metrics, tmp_path / "a.csv")
    write_metrics(metrics.assign(seed=43), tmp_path / "b.csv")
    both = tmp_path / "all.csv", tmp_path / "all.parquet"
    collect_rates([tmp_path / "b.csv", tmp_path / "a.csv"], *both)
    table = read_rates(*both)
    assert len(table) == 2 * len(metrics) and table["seed"].is_monotonic_increasing
    key = ["task", "phase", "split", "metric", "threshold_from", "rate_hz"]
    first, given = (t.sort_values(key, ignore_index=True) for t in (table[table["seed"] == 42], metrics))
    pd.testing.assert_frame_equal(first, given, check_exact=True)
    with pytest.raises(InputError, match=r"each result must come from one file"):
        collect_rates([tmp_path / "a.csv", tmp_path / "a.csv"], *both)
    lines = both[0].read_text().splitlines()
    both[0].write_text("\n".join([*lines[:9], *lines[10:]]) + "\n")
    with pytest.raises(InputError, match=r"all\.csv: .* Hz is missing, as .*all\.parquet says"):
        read_rates(*both)
    both[0].write_text("\n".join([*lines[:9], lines[9].replace("True", "yes").replace("False", "yes"), *lines[10:]]))
    with pytest.raises(InputError, match=r"all\.csv: line 10, column selected is 'yes', expected True or False"):
        read_rates(*both)


def test_the_table_has_both_rates_side_by_side(metrics, tmp_path):
    write_rate_table(metrics, MODELS, DATASETS, tmp_path / "rates")
    table = pd.read_csv(tmp_path / "rates.csv", keep_default_na=False).set_index(["metric", "phase"])
    assert table.loc[("rmse_s", "P"), ["at_100_hz", "at_selected", "selected_hz"]].tolist() == pytest.approx(
        [0.9, 2.0, 20]
    )
    assert len(table) == 8 and set(table.index.get_level_values(0)) == {"auc", "mcc", "mean_s", "rmse_s", "mae_s"}
    assert table.loc[("auc", ""), "selected_hz"] == 50
    for suffix, bold, escaped in (
        ("html", "<b>0.900</b>", "Far &amp; wide"),
        ("tex", r"\textbf{0.900}", r"Far \& wide"),
    ):
        text = (tmp_path / f"rates.{suffix}").read_text(encoding="utf-8")
        # Worse on test than at 100 Hz, and shown all the same.
        assert bold in text and "2.000 (20)" in text and "0.500 (100)" in text and escaped in text
        assert "Near, 100 Hz" in text and "Near, selected" in text


def test_without_dev_windows_no_rate_is_called_selected(folders, tmp_path):
    for of_rate in folders.values():
        path = of_rate["far"] / "dev_task23.parquet"
        table = pd.read_parquet(path)
        table[table["phase_label"] != "P"].to_parquet(path)
    metrics = evaluate_rates(folders, ABOUT, model="phasenet", source="near", seed=42, lrs={}, source_dev={})
    assert set(metrics.loc[metrics["selected"], "phase"]) == {"", "S"}
    table = rate_table(metrics).set_index(["metric", "phase"])
    of_p = table.loc[("rmse_s", "P")]
    assert of_p["dev_n"] == 0 and np.isnan(of_p["at_selected"]) and of_p["at_100_hz"] == pytest.approx(0.9)
    assert table.loc[("rmse_s", "S"), ["dev_n", "selected_hz"]].tolist() == [100, 100]
    where, ends = {"near": (tmp_path / "own", tmp_path / "played")}, ([("near", "Near")], [("far", "Far")])
    own, chosen = draw_rates(metrics, where, "P", *ends, model="phasenet", seed=42).axes
    assert "MAE 0.90" in words(own) and words(chosen).count("nothing on dev") == 1 and "MAE" not in words(chosen)


def test_a_few_windows_have_their_number_and_no_better_one(metrics, tmp_path):
    write_rate_table(metrics.assign(n=9), MODELS, DATASETS, tmp_path / "rates")
    text = (tmp_path / "rates.html").read_text(encoding="utf-8")
    assert "<small>n 9</small>" in text and "<b>" not in text


def test_seeds_are_averaged_and_their_rates_listed(metrics, tmp_path):
    other = metrics.assign(seed=43, selected=metrics["rate_hz"] == 50)
    write_rate_table(pd.concat([metrics, other]), MODELS, DATASETS, tmp_path / "rates")
    text = (tmp_path / "rates.html").read_text(encoding="utf-8")
    assert "1.150 (20/50)" in text and "Means over the seeds 42, 43." in text
    assert len(rate_table(pd.concat([metrics, other]))) == 16


def test_the_figure_shows_the_selected_rate_on_a_common_axis(metrics, folders, tmp_path):
    where, ends = {"near": (tmp_path / "own", tmp_path / "played")}, ([("near", "Near")], [("far", "Far")])
    drawn = [draw_rates(metrics, where, phase, *ends, model="phasenet", seed=42) for phase in "PS"]
    (own, chosen), (_, chosen_s) = (figure.axes for figure in drawn)
    assert own.get_xlim() == chosen.get_xlim() == (-1.5, 1.5)
    said = [words(axes) for axes in (own, chosen, chosen_s)]
    assert "Far, 100 Hz" in said[0] and "MAE 0.90" in said[0] and "n 100" in said[0]
    assert "Far, selected" in said[1] and "MAE 2.00" in said[1] and "OUT 1.00" in said[1] and "20 Hz" in said[1]
    assert "MAE 0.50" in said[2] and "100 Hz" in said[2]
