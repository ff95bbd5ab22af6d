"""Box plots across domains: boxes are percentiles, axes follow the regions, missing ones are crosses."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch, Rectangle

from pickbench.figures import style
from pickbench.figures.boxes import IN_DOMAIN, Box, box_of, box_panels, read_boxes
from tests.unit.drawn import check_bytes, check_layout, strings

REGIONS = {"near": "local", "wide": "regional", "far": "teleseismic", "farther": "teleseismic"}
NAMES = {name: (name, name.upper()) for name in (*REGIONS, "pre-x")}
SMALL = Box(-0.2, -0.1, 0.0, 0.1, 0.2, 0.02)


def panels(models, sources, targets, boxes=None, **options):
    named = [[NAMES.get(name, (name, name.upper())) for name in part] for part in (models, sources, targets)]
    boxes = {(m, s, t): SMALL for m in models for s in sources for t in targets} if boxes is None else boxes
    return box_panels(boxes, *named, REGIONS, style.model_looks(dict.fromkeys(models, False)), **options)


def markers(axes):
    return [line.get_marker() for line in axes.lines if line.get_marker() not in ("", "None", None)]


@pytest.mark.parametrize("n", [1, 2, 7, 1000])
def test_a_box_is_numpy_s_percentiles(n):
    residuals = np.random.default_rng(n).laplace(0.1, 0.3, n)
    box = box_of(residuals)
    expected = [np.percentile(residuals, q) for q in (10, 25, 50, 75, 90)]
    assert [box.p10, box.p25, box.median, box.p75, box.p90] == expected
    assert box.mean == np.mean(residuals)
    assert box_of(np.array([])) is None and box_of(None) is None


def test_what_is_drawn_is_the_box():
    box = Box(-0.4, -0.2, 0.05, 0.15, 0.3, 0.1)
    axes = panels("m", ["near"], ["near"], {("m", "near", "near"): box}).axes[0]
    body = next(patch for patch in axes.patches if isinstance(patch, PathPatch)).get_path().get_extents()
    assert (body.y0, body.y1) == (-0.2, 0.15)
    spans = [tuple(np.asarray(line.get_ydata(), float)) for line in axes.lines]
    assert (-0.2, -0.4) in spans and (0.15, 0.3) in spans
    median, mean = (next(line for line in axes.lines if tuple(line.get_ydata()) == (v, v)) for v in (0.05, 0.1))
    assert median.get_linestyle() == "-" and mean.get_linestyle() != "-"


def test_axes_are_wide_where_source_or_target_is_teleseismic():
    figure = panels("m", ["far", "near", "pre-x", "wide", "farther"], ["near", "far"])
    assert [axes.get_ylim()[1] for axes in figure.axes] == [0.75, 2.25, 2.25, 2.25]
    # Teleseismic sources stand at the right, otherwise the order is kept.
    sources = [[text.get_text() for text in axes.texts if text.get_rotation() == 0] for axes in figure.axes[:2]]
    sources = [[name.replace("\n", "") for name in names] for names in sources]
    assert sources == [["NEAR", "PRE-X", "WIDE"], ["FAR", "FARTHER"]]
    assert [axes.get_ylim()[1] for axes in panels("m", ["far"], ["near"]).axes] == [2.25]
    assert [axes.get_ylim()[1] for axes in panels("m", ["near"], ["near"]).axes] == [0.75]


def test_missing_boxes_are_crosses():
    boxes = {("a", "near", "near"): SMALL, ("b", "near", "near"): None}
    axes = panels("abc", ["near"], ["near"], boxes).axes[0]
    assert markers(axes) == ["x", "x"]
    assert sum(isinstance(patch, PathPatch) for patch in axes.patches) == 1


def test_medians_beyond_the_axis_become_arrowheads():
    boxes = {("a", "near", "near"): Box(1, 1, 1, 1, 1, 1), ("b", "near", "near"): Box(-1, -1, -0.8, 0, 0, 0)}
    axes = panels("abc", ["near"], ["near"], boxes).axes[0]
    assert markers(axes) == ["^", "v", "x"]


def test_a_mean_beyond_the_axis_alone_is_drawn_at_its_edge():
    axes = panels("a", ["near"], ["near"], {("a", "near", "near"): Box(0, 0, 0.1, 0.2, 0.3, -9.0)}).axes[0]
    # The line from box to box's edge that is inside, and on the side where the mean is.
    (edge,) = [line for line in axes.lines if len(set(line.get_xdata())) > 1 and -0.75 < line.get_ydata()[0] < -0.7]
    assert len(set(edge.get_ydata())) == 1 and edge.get_linestyle() != "-" and markers(axes) == []
    axes = panels("a", ["near"], ["near"]).axes[0]
    assert not [line for line in axes.lines if abs(line.get_ydata()[0]) > 0.7]


@pytest.mark.parametrize(
    ("sources", "targets", "said"),
    [("near far", "near", True), ("near", "near far", True), ("near", "wide", False), ("far", "farther", False)],
)
def test_axes_that_differ_are_said_to(sources, targets, said):
    texts = strings(panels("m", sources.split(), targets.split()))
    assert any("three times as far" in text.replace("\n", " ") for text in texts) == said


def test_few_picks_are_dots():
    """Of nine picks two lie beyond the axis, which reaches to 0.75 s."""
    nine, ten = [-0.9, -0.5, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.8], np.linspace(-0.1, 0.1, 10)
    few, enough = box_of(np.array(nine)), box_of(ten)
    figure = panels("ab", ["near"], ["near"], {("a", "near", "near"): few, ("b", "near", "near"): enough})
    axes = figure.axes[0]
    (dots,) = [line for line in axes.lines if line.get_marker() == "o"]
    assert dots.get_ydata().tolist() == nine[1:-1]
    assert sum(isinstance(patch, PathPatch) for patch in axes.patches) == 1
    assert "picks, fewer than 10" in strings(figure)
    check_layout(figure)
    assert "picks, fewer than 10" not in strings(panels("a", ["near"], ["near"], {("a", "near", "near"): enough}))


def test_in_domain_groups_are_shaded():
    figure = panels("m", ["near", "wide"], ["near", "wide", "far"])
    shaded = [
        [patch.get_x() / patch.get_width() for patch in axes.patches
         if isinstance(patch, Rectangle) and to_hex(patch.get_facecolor()).upper() == IN_DOMAIN]
        for axes in figure.axes
    ]  # fmt: skip
    assert shaded == [[0], [1], []]


def test_models_of_one_colour_differ_in_their_fill():
    models = [f"m{i}" for i in range(11)]
    axes = panels(models, ["near"], ["near"]).axes[0]
    faces = [(p.get_edgecolor(), p.get_facecolor()) for p in axes.patches if isinstance(p, PathPatch)]
    assert len(set(faces)) == 11 and len({edge for edge, _ in faces}) == 9


@pytest.mark.parametrize(("n_models", "n_sources", "n_targets"), [(11, 8, 8), (2, 1, 1), (1, 3, 2), (9, 12, 1)])
def test_nothing_overlaps_or_is_cut(n_models, n_sources, n_targets):
    long = "InstanceCountsCombined (synthetic)"
    datasets = [
        (f"d{i}", long if i == 1 and n_sources < 9 else f"DATASET {i}") for i in range(max(n_sources, n_targets))
    ]
    models = [(f"m{i}", "A model of an unusually long name" if i == 1 else f"PhaseNet {i}") for i in range(n_models)]
    sources, targets = datasets[:n_sources], datasets[:n_targets]
    boxes = {(m, s, t): SMALL if s != "d2" else None for m, _ in models for s, _ in sources for t, _ in targets}
    regions = {name: "teleseismic" if i % 4 == 1 else "local" for i, (name, _) in enumerate(datasets)}
    looks = style.model_looks({name: False for name, _ in models})
    title = "P residuals across domains (test, seed 42)"
    figure = box_panels(boxes, models, sources, targets, regions, looks, title=title)
    check_layout(figure)
    assert figure.get_figheight() <= style.PAGE_HEIGHT_IN + 0.01
    assert title in strings(figure)


def write(path, p, s):
    onset = np.full(40, 500.0)
    table = pd.DataFrame(
        {"trace_name": "t", "phase_label": ["P", "S"] * 20, "phase_onset": onset, "sampling_rate": 100.0}
    )
    table.assign(p_sample_pred=onset + 100 * p, s_sample_pred=onset + 100 * s).to_parquet(path)
    return path


def test_boxes_are_read_from_prediction_files(tmp_path):
    files = {("m", "near", "near"): write(tmp_path / "a.parquet", 0.25, -0.5)}
    ends, looks = [NAMES["near"]], style.model_looks({"m": False})
    figures = [box_panels(read_boxes(files, phase), [("m", "M")], ends, ends, REGIONS, looks) for phase in "PS"]
    medians = [{round(float(line.get_ydata()[0]), 9) for line in figure.axes[0].lines} - {0.0} for figure in figures]
    assert medians == [{0.25}, {-0.5}]


def test_files_repeat_byte_for_byte(tmp_path):
    files = {("m", "near", "near"): write(tmp_path / "a.parquet", np.linspace(-0.3, 0.3, 40), 0)}
    ends, looks = [NAMES["near"]], style.model_looks({"m": False})
    check_bytes(
        lambda: box_panels(read_boxes(files, "P"), [("m", "M")], ends, ends, REGIONS, looks, title="T"), tmp_path
    )
