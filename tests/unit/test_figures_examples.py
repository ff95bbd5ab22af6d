"""Example waveforms: what is drawn where, and the layout from one example and model to a full page."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from pickbench.errors import InputError
from pickbench.examples.files import COLUMNS, Examples, write_examples
from pickbench.figures import style
from pickbench.figures.examples import draw_examples, example_panels
from tests.unit.drawn import check_bytes, check_layout, strings

ALL = [(phase, rule) for phase in "PS" for rule in ("median", "worst", "label outlier")]
TITLE = "InstanceCountsCombined (synthetic): example waveforms with what models make of them, in-domain (test, seed 42)"


def examples(kinds=ALL, models=3, length=3001):
    rng = np.random.default_rng(3)
    count, middle = len(kinds), length // 2
    curves = np.clip(rng.normal(0.1, 0.02, (count, models, 3, length)), 0, 1).astype(np.float32)
    curves[..., middle : middle + 30] = 0.9
    waveforms = rng.normal(0, 1000, (count, 3, length)).astype(np.float32)
    waveforms[:1, :, :400] = np.nan
    pickers = [(f"m{i}", "here") for i in range(models)]
    rows = [
        {"dataset": "here", "example": e, "phase": phase, "rule": rule, "median_error_s": 0.123 + e, "trace_name": "t",
         "trace_chunk": "", "station": "IU.ANMO" if e else "", "sampling_rate": 100.0, "start_sample": middle - 300,
         "end_sample": middle + 700, "label_sample": middle + 0.5, "model": model, "source": source,
         "pick_sample": middle + 10.5, "residual_s": 0.1, "score": 0.9}
        for e, (phase, rule) in enumerate(kinds) for model, source in pickers
    ]  # fmt: skip
    labels = pd.DataFrame([(e, p, middle + s) for e in range(count) for p, s in (("P", -200.0), ("S", 0.5))])
    labels = labels.set_axis(["example", "phase", "sample"], axis=1) if count else pd.DataFrame(
        {"example": [], "phase": [], "sample": []}
    )  # fmt: skip
    table = pd.DataFrame(rows, columns=COLUMNS)
    return Examples(table, pickers, np.zeros(count, np.int64), waveforms, curves, labels)


def drawn(figure, column, row, models=3):
    return figure.axes[column * (models + 1) + row]


def test_curves_labels_and_picks_are_where_they_belong():
    made = examples([("P", "median"), ("S", "worst")])
    figure = example_panels(made, ["A", "B", "C"], title="T")
    waveforms, panel = drawn(figure, 1, 0), drawn(figure, 1, 2)
    labels = [line for line in waveforms.lines if len(line.get_xdata()) == 2]
    at = {to_hex(line.get_color()).upper(): line.get_xdata()[0] for line in labels}
    assert at == {style.BLUE: pytest.approx(-2.005), style.VERMILLION: pytest.approx(0.0)}
    curves = [line for line in panel.lines if len(line.get_xdata()) == 3001]
    assert [to_hex(line.get_color()).upper() for line in curves] == [style.GREEN, style.BLUE, style.VERMILLION]
    np.testing.assert_allclose(curves[2].get_ydata(), made.curves[1, 1, 2])
    assert curves[0].get_xdata()[[0, -1]] == pytest.approx([-15.005, 14.995])
    (mark,) = [line for line in panel.lines if line.get_marker() == "v"]
    assert mark.get_xdata() == pytest.approx([0.1])
    assert to_hex(mark.get_markerfacecolor()).upper() == style.VERMILLION
    window = next(patch for patch in panel.patches)
    assert window.get_x() == pytest.approx(-3.005) and window.get_width() == pytest.approx(10)


def test_headings_say_rule_phase_and_residual():
    said = strings(example_panels(examples(), ["A", "B", "C"], title="T"))
    for phase, rule in ALL:
        assert f"{phase}: {rule}" in said
    assert "median |residual| 2.12 s" in said and "IU.ANMO" in said and "T" in said


def test_what_is_missing_is_said():
    made = examples([("P", "median"), ("P", "worst")], 2)
    made.curves[:, 1] = np.nan
    made.table.loc[made.table["model"] == "m1", ["pick_sample", "residual_s"]] = np.nan
    made.table.loc[0, "residual_s"] = 40.0
    figure = example_panels(made, ["A", "B"])
    said = " ".join(strings(figure))
    assert said.count("no P") == 2 and "No example of S: no model has picked one. No label outlier of P" in said
    # A pick beyond the picture is an arrow at its edge.
    (mark,) = [line for line in drawn(figure, 0, 1, 2).lines if line.get_marker() == ">"]
    assert mark.get_xdata()[0] == pytest.approx(14.995)
    check_layout(figure)
    nothing = example_panels(examples([]), ["A", "B", "C"], title=TITLE)
    assert "No example of P or S: no model has picked one." in strings(nothing)
    check_layout(nothing)


@pytest.mark.parametrize("models", [1, 16])
def test_a_model_without_an_s_says_so_beside_its_other_curves(models):
    """As one of several networks, or of several heads, that has learned all but S."""
    made = examples([("P", "median"), ("S", "median"), ("S", "worst")], models)
    no_s = (made.table["phase"] == "S") & (made.table["model"] == "m0")
    made.table.loc[no_s, ["pick_sample", "residual_s", "score"]] = np.nan
    made.curves[:, 0, 2] = np.nan
    # And one whose curve is there, but which has not picked.
    made.table.loc[(made.table["example"] == 0) & (made.table["model"] == "m0"), "residual_s"] = np.nan
    figure = example_panels(made, [f"Model {i}" for i in range(models)])
    said = [strings(drawn(figure, column, 1, models)) for column in range(3)]
    assert ["no pick" in said[0], "no S" in said[1], "no S" in said[2]] == [True] * 3
    assert strings(figure).count("no S") == 2
    assert len([line for line in drawn(figure, 1, 1, models).lines if len(line.get_xdata()) == 3001]) == 2
    check_layout(figure)


@pytest.mark.parametrize("models", [1, 2, 9, 16])
@pytest.mark.parametrize("kinds", [ALL, ALL[:1], [("P", "median, worst, label outlier"), *ALL[3:]]])
def test_nothing_overlaps_or_is_cut(models, kinds):
    names = [("PhaseNetLight (pre-instance-counts)" if i % 2 else "Baer-Kradolfer") for i in range(models)]
    figure = example_panels(examples(kinds, models), names, title=TITLE)
    assert figure.get_figheight() <= style.PAGE_HEIGHT_IN + 1e-9
    check_layout(figure)


def test_figures_are_drawn_from_what_was_kept(tmp_path):
    csv, npz = tmp_path / "a.csv", tmp_path / "a.npz"
    write_examples(examples(models=2), csv, npz)
    names = {("m0", "here"): "A", ("m1", "here"): "B"}
    check_bytes(lambda: draw_examples(csv, npz, names, title="T"), tmp_path)
    with pytest.raises(InputError, match="m1 from here is not among this run's pickers"):
        draw_examples(csv, npz, {("m0", "here"): "A"})
