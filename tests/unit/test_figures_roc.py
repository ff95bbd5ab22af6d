"""ROC figures: curves and marks are exact, axes follow the marks, and what cannot be seen is named."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from pickbench.errors import InputError
from pickbench.figures import style
from pickbench.figures.roc import PAD, STEP, Curve, axis_limit, read_curve, roc_curve, roc_panels, thinned
from pickbench.metrics.scores import best_threshold, f1, operating_points
from tests.conftest import ROOT
from tests.unit.drawn import check_bytes, check_layout, strings


def scored(n=300, seed=0, separation=2.0, decimals=2):
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.6
    return labels, np.round(rng.normal(separation * labels, 1), decimals)


@pytest.mark.parametrize("seed", range(5))
def test_a_curve_is_scikit_learn_s(seed):
    labels, scores = scored(seed=seed)
    curve = roc_curve(operating_points(labels, scores), step=1e-9)
    fpr, tpr, _ = sklearn_metrics.roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(curve.fpr, np.append(fpr, 1.0), atol=1e-12)
    np.testing.assert_allclose(curve.tpr, np.append(tpr, 1.0), atol=1e-12)


def test_what_is_drawn_of_a_million_scores_is_the_curve():
    labels, scores = scored(1_000_000, decimals=15)
    curve = roc_curve(operating_points(labels, scores))
    axes = roc_panels({("m", "d"): curve}, [("m", "M")], [("d", "D")], style.model_looks({"m": False})).axes[0]
    limit = axes.get_xlim()[1] / (1 + PAD)
    fpr, tpr, _ = sklearn_metrics.roc_curve(labels, scores, drop_intermediate=False)
    x, y = axes.lines[0].get_data()
    assert len(x) < 5_000
    seen = (fpr <= limit) & (tpr >= 1 - limit)
    # Both rates rise, so the sum of them tells which points of the two curves belong together.
    off = np.interp((fpr + tpr)[seen], x + y, x) - fpr[seen]
    assert seen.sum() > 100_000 and np.max(np.abs(off)) < STEP * limit


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=60), st.floats(0.01, 0.5))
def test_no_point_that_is_left_out_is_far_from_the_line(steps, step):
    x, y = (np.append(0, np.cumsum(part)) / 600 for part in zip(*steps, strict=True))
    keep = thinned(x, y, step)
    assert keep[0] == 0 and keep[-1] == len(x) - 1
    for left, right in zip(keep, keep[1:], strict=False):
        # A left-out point lies in the rectangle between its neighbours, which is no larger than a step.
        if right > left + 1:
            assert x[right] - x[left] <= step and y[right] - y[left] <= step


def test_the_mark_is_where_dev_s_threshold_leads_on_test():
    dev, (labels, scores) = scored(seed=1), scored(seed=2)
    threshold = best_threshold(operating_points(*dev), "f1")
    mark = roc_curve(operating_points(labels, scores), threshold).mark
    called = scores >= threshold
    assert mark == pytest.approx((called[~labels].mean(), called[labels].mean()))
    points = operating_points(*dev)
    assert f1(points.confusion).max() == pytest.approx(sklearn_metrics.f1_score(dev[0], dev[1] >= threshold))


def at(fpr, tpr):
    return Curve(np.array([0, fpr, 1.0]), np.array([0, tpr, 1.0]), (fpr, tpr))


@pytest.mark.parametrize(
    ("marks", "limit"),
    [
        ([(0.02, 0.97)], 0.1),
        ([(0.1, 0.9)], 0.1),
        ([(0.02, 0.8)], 0.3),
        ([(0.31, 0.99)], 0.5),
        ([(0.02, 0.97), (0.9, 0.95)], 1.0),
        ([(0.02, 0.97)] * 3 + [(0.9, 0.95)], 0.1),
        ([(0.02, 0.97)] * 6 + [(0.9, 0.95), (0.4, 0.9)], 0.1),
        ([(0.02, 0.97)] * 5 + [(0.9, 0.95), (0.25, 0.9), (0.4, 0.9)], 0.3),
        ([], 0.1),
    ],
)
def test_axes_reach_to_three_quarters_of_the_marks(marks, limit):
    assert axis_limit([at(*mark) for mark in marks]) == limit


def test_a_curve_without_a_mark_counts_by_its_best_corner():
    assert axis_limit([Curve(np.array([0, 0.2, 1]), np.array([0, 0.9, 1]))]) == 0.3


MODELS = [("a", "A"), ("b", "B"), ("c", "C"), ("d", "D"), ("oracle", "Oracle"), ("random", "Random")]
LOOKS = style.model_looks({name: name in ("oracle", "random") for name, _ in MODELS})


def test_controls_are_grey_and_set_no_axis():
    curves = {(name, "x"): at(0.05, 0.95) for name in "abcd"}
    curves |= {(name, "x"): replace(at(0.05, 0.95), mark=(0.9, 0.99)) for name in ("oracle", "random")}
    axes = roc_panels(curves, MODELS, [("x", "X")], LOOKS).axes[0]
    assert axes.get_xlim() == pytest.approx((-PAD * 0.1, 0.1 * (1 + PAD)))
    assert axes.get_ylim() == pytest.approx((0.9 - PAD * 0.1, 1 + PAD * 0.1))
    colours = [line.get_color() for line in axes.lines if len(line.get_xdata()) > 1]
    assert colours == [*style.MODEL_COLOURS[:4], *style.CONTROL_COLOURS]
    only = roc_panels({("random", "x"): at(0.6, 0.6)}, MODELS, [("x", "X")], LOOKS).axes[0]
    assert only.get_xlim()[1] > 1


def test_what_cannot_be_seen_is_named():
    curves = {(name, data): at(0.05, 0.95) for name in "abc" for data in "xyz"}
    curves |= {("d", "x"): at(0.5, 0.52), ("d", "y"): at(0.05, 0.95), ("d", "z"): None}
    curves |= {("random", data): at(0.5, 0.5) for data in "xyz"} | {("oracle", data): None for data in "xy"}
    curves["c", "y"] = at(0.9, 0.1)
    figure = roc_panels(curves, MODELS, [("x", "X"), ("y", "Y"), ("z", "Z")], LOOKS)
    said = strings(figure)
    assert "Out of view: D in X; Random in all panels; C in Y." in said
    assert "No curve: Oracle in all panels; D in Z." in said


def test_a_panel_without_curves_says_so():
    figure = roc_panels({("a", "x"): None, ("a", "y"): at(0, 1)}, MODELS[:1], [("x", "X"), ("y", "Y")], LOOKS)
    assert "no curve" in strings(figure.axes[0]) and not figure.axes[0].lines
    assert "no curve" not in strings(figure.axes[1])


def test_looks_of_twenty_models_differ():
    looks = style.model_looks({f"m{i}": i % 10 == 9 for i in range(20)})
    assert len({(look.colour, str(look.dashes)) for look in looks.values()}) == 20
    assert len({(look.colour, look.marker) for look in looks.values()}) == 20


def test_each_shipped_picker_has_a_colour_of_its_own():
    pickers = [path.stem for path in (ROOT / "config" / "models").glob("*.yaml") if path.stem not in LOOKS]
    looks = style.model_looks(dict.fromkeys(pickers, False))
    assert "phasenet" in pickers and len({look.colour for look in looks.values()}) == len(pickers)


@pytest.mark.parametrize(("n_models", "n_datasets"), [(11, 8), (2, 1), (3, 5)])
def test_nothing_overlaps_or_is_cut(n_models, n_datasets):
    models = [(f"m{i}", "InstanceCountsCombined (synthetic)" if i == 1 else f"PhaseNet {i}") for i in range(n_models)]
    datasets = [
        (f"d{i}", "InstanceCountsCombined (synthetic)" if i == 1 else f"DATASET {i}") for i in range(n_datasets)
    ]
    curves = {(m, d): at(0.1, 0.05 * i + 0.3 * (d == "d0")) for i, (m, _) in enumerate(models) for d, _ in datasets}
    curves |= {("m0", d): None for d, _ in datasets[1:]}
    looks = style.model_looks({name: i > 8 for i, (name, _) in enumerate(models)})
    check_layout(roc_panels(curves, models, datasets, looks, title="Event detection in-domain: ROC curves"))


def write(folder, labels, scores, splits=("dev", "test")):
    folder.mkdir(exist_ok=True)
    table = pd.DataFrame({"trace_name": "t", "trace_type": np.where(labels, "earthquake", "noise")})
    for split in splits:
        table.assign(score_detection=scores).to_parquet(folder / f"{split}_task1.parquet")
    return folder


def test_curves_are_read_from_prediction_files(tmp_path):
    labels, scores = scored()
    curve = read_curve(write(tmp_path / "a", labels, scores))
    assert curve.mark is not None and curve.fpr[-1] == curve.tpr[-1] == 1
    assert read_curve(write(tmp_path / "b", labels, np.nan)) is None
    assert read_curve(write(tmp_path / "c", np.ones(300, bool), scores)) is None
    write(tmp_path / "a", np.ones(300, bool), scores, ["dev"])
    assert read_curve(tmp_path / "a").mark is None
    write(tmp_path / "a", labels, np.where(np.arange(300) == 7, np.nan, scores), ["test"])
    with pytest.raises(InputError, match="a/test_task1.parquet: score_detection has no number in 1 of 300 rows"):
        read_curve(tmp_path / "a")
    (tmp_path / "a" / "dev_task1.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="a/dev_task1.parquet: not a whole prediction file"):
        read_curve(tmp_path / "a")


def test_files_repeat_byte_for_byte(tmp_path):
    curves = {("a", "x"): read_curve(write(tmp_path / "a", *scored()))}
    check_bytes(lambda: roc_panels(curves, MODELS[:1], [("x", "X")], LOOKS, title="T"), tmp_path)
