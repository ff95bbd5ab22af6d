"""Figures of losses show what the histories hold."""

import json

import numpy as np
import pandas as pd
import pytest

from pickbench.errors import InputError
from pickbench.figures import losses
from pickbench.figures.losses import draw_losses, loss_panels
from pickbench.models.base import HISTORY_COLUMNS
from tests.unit.drawn import check_bytes, check_layout


def history(dev_loss, network="A"):
    losses = np.array(dev_loss, dtype=float)
    epochs = np.arange(1, len(losses) + 1)
    table = pd.DataFrame({"network": network, "epoch": epochs, "train_loss": losses / 2, "dev_loss": losses})
    return table.reindex(columns=HISTORY_COLUMNS)


def lines(axes):
    return [np.asarray(line.get_xydata(), float).tolist() for line in axes.get_lines()]


def words(axes):
    return [text.get_text() for text in axes.texts]


def test_both_losses_and_the_best_epoch():
    figure = loss_panels({("a", "0.01"): history([4.0, 1.0, 2.0])}, [("a", "Source")])
    (axes,) = figure.axes
    assert axes.get_title() == "Source" and axes.get_yscale() == "log"
    assert lines(axes) == [[[1, 2], [2, 0.5], [3, 1]], [[1, 4], [2, 1], [3, 2]], [[2, 1]]]


def test_a_panel_for_each_source_and_network():
    both = pd.concat([history([1.0, 0.5], "detector"), history([2.0, 1.0], "picker")])
    only_one = history([3.0, 2.0], "detector")
    figure = loss_panels({("a", "0.01"): both, ("b", "0.01"): only_one}, [("a", "One"), ("b", "Two")])
    titles = [axes.get_title().replace("\n", " ") for axes in figure.axes]
    assert titles == ["One, detector", "One, picker", "Two, detector", "Two, picker"]
    assert [words(axes) for axes in figure.axes] == [[], [], [], ["not trained"]]


def test_every_row_says_what_its_axis_is():
    sources = [(f"s{i}", f"Source {i}") for i in range(6)]
    figure = loss_panels({(name, "0.01"): history([2.0, 1.0]) for name, _ in sources}, sources)
    assert [axes.get_ylabel() for axes in figure.axes] == ["Loss", "", "", "", "Loss", ""]


MISSING = "the train split has no trace with a pick of"


def test_an_empty_panel_says_why_within_its_frame():
    both = pd.concat([history([1.0], "detector"), history([2.0], "picker")])
    histories = {("a", "0.01"): both, ("b", "0.01"): history([3.0], "detector"), ("c", "0.01"): history([])}
    sources = [("a", "One"), ("b", "Two"), ("c", "Three")]
    reasons = {("b", "picker"): f"{MISSING} S", ("c", ""): f"{MISSING} P or S"}
    figure = loss_panels(histories, sources, reasons=reasons)
    said = [[word.replace("\n", " ") for word in words(axes)] for axes in figure.axes]
    assert said[:4] == [[], [], [], [f"not trained: {MISSING} S"]]
    assert said[4:] == [[f"not trained: {MISSING} P or S"]] * 2
    for axes in figure.axes[3:]:
        (text,) = axes.texts
        inside, frame = text.get_window_extent(), axes.get_window_extent()
        assert frame.x0 < inside.x0 and inside.x1 < frame.x1 and frame.y0 < inside.y0 and inside.y1 < frame.y1


def test_a_network_that_nothing_teaches_has_a_panel_that_says_so():
    histories = {("a", "0.01"): history([1.0], "detector")}
    figure = loss_panels(histories, [("a", "One")], reasons={("a", "picker"): f"{MISSING} S"})
    assert len(figure.axes) == 2
    assert [word.replace("\n", " ") for word in words(figure.axes[1])] == [f"not trained: {MISSING} S"]


def test_a_diverged_training_is_named():
    histories = {("a", "0.1"): history([3.0, np.nan]), ("a", "0.01"): history([2.0, 1.0])}
    (axes,) = loss_panels(histories, [("a", "Source")]).axes
    assert words(axes) == ["diverged at 0.1"]


@pytest.mark.parametrize("several", [False, True])
def test_a_collapsed_training_is_named(several, tmp_path):
    """Its losses are numbers, so only run.json knows."""
    collapsed = {"unlearned": {"p_sample_pred": "collapsed"}}
    both = pd.concat([history([3.0, 3.0], "A"), history([3.0, 3.0], "B")]) if several else history([3.0, 3.0])
    write(tmp_path / "bad", both, {**collapsed, **({"networks": {"A": {}, "B": collapsed}} if several else {})})
    write(tmp_path / "good", both, {"unlearned": {}})
    trainings = {("a", "1"): files(tmp_path / "bad"), ("a", "0.1"): files(tmp_path / "good")}
    figure = draw_losses(trainings, [("a", "Source")])
    assert [words(axes) for axes in figure.axes] == ([[], ["collapsed at 1"]] if several else [["collapsed at 1"]])


@pytest.mark.parametrize("course", [[1.0, 1.0], [10.0, 1.0], [-1.0, -2.0], [0.0, 0.0]])
def test_words_stand_above_all_curves(course):
    histories = {("a", rate): history(course) for rate in ("0.01", "0.001")} | {("a", "1"): history([np.nan, np.inf])}
    fallen = {("a", rate, "") for rate in ("0.01", "0.001")}
    figure = loss_panels(histories, [("a", "Source")], collapsed=fallen)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert words(axes) == ["diverged at 1", "collapsed at 0.01, 0.001"]
    bottom = min(text.get_window_extent().y0 for text in axes.texts)
    points = np.concatenate([axes.transData.transform(line.get_xydata()) for line in axes.lines])
    assert np.nanmax(points[np.isfinite(points).all(axis=1), 1]) < bottom
    check_layout(figure)


@pytest.mark.parametrize("count", [1, 5, 8])
def test_it_fits_a_page_and_its_letters_can_be_read(count):
    sources = [(f"s{i}", f"A source with a long name {i}") for i in range(count)]
    histories = {(name, rate): history([2.0, 1.0]) for name, _ in sources for rate in ("0.01", "0.001", "0.0001")}
    figure = loss_panels(histories, sources, title="losses")
    check_layout(figure, smallest=6.0)
    colours = {line.get_color() for line in figure.axes[0].get_lines()}
    markers = {line.get_marker() for line in figure.axes[0].get_lines() if line.get_marker() not in ("", "None")}
    assert len(colours) == len(markers) == 3


def files(folder):
    return folder / "history.csv", folder / "run.json"


def write(folder, table, run):
    folder.mkdir()
    table.to_csv(folder / "history.csv", index=False)
    (folder / "run.json").write_text(json.dumps(run))


def test_files_are_read_and_the_same_bytes_come_out(tmp_path):
    for name, course in (("good", [2.0, 1.0]), ("diverged", [np.nan]), ("empty", [])):
        write(tmp_path / name, history(course), {"unlearned": {} if name == "good" else {"p_sample_pred": name}})
    trainings = {(name, "0.01"): files(tmp_path / name) for name in ("good", "diverged", "empty")}
    sources = [(name, name) for name, _ in trainings]
    check_bytes(lambda: draw_losses(trainings, sources, title="losses"), tmp_path)
    (tmp_path / "good" / "history.csv").write_text("epoch,dev_loss\n1,2\n")
    with pytest.raises(InputError, match="good/history.csv: not a readable history"):
        draw_losses(trainings, sources)


@pytest.mark.parametrize("several", [False, True])
def test_reasons_are_those_of_run_json(several, tmp_path, monkeypatch):
    unlearned = {"unlearned": {"s_sample_pred": f"{MISSING} S"}}
    write(tmp_path / "a", history([2.0, 1.0]), {"unlearned": {}})
    run = {**unlearned, "networks": {"A": {"unlearned": {}}, "B": unlearned}} if several else unlearned
    write(tmp_path / "b", history([]), run)
    drawn = []
    monkeypatch.setattr(losses, "loss_panels", lambda *_, reasons, **__: drawn.append(reasons))
    draw_losses({(name, "0.1"): files(tmp_path / name) for name in "ab"}, [])
    assert drawn == [{("b", "B" if several else ""): f"{MISSING} S"}]
