"""Example windows: which ones the rules choose, what is computed of them, and what is kept."""

import numpy as np
import pandas as pd
import pytest
import torch

from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.examples.choice import choose, choose_examples, missing, read_windows_and_picks
from pickbench.examples.compute import ExamplePicker, make_examples, stations
from pickbench.examples.files import CURVE_NAMES, read_example_table, read_examples, write_examples
from pickbench.files import write_json
from pickbench.metrics.registry import ANSWERS
from pickbench.models import load_adapter
from pickbench.models.base import save_weights
from pickbench.prediction import Picker, Target, predict_cells
from pickbench.tables.examples import write_example_table
from tests.conftest import write_prepared
from tests.registry import settings, windows

NAN = float("nan")
WIDE = (-5.0, 5.0)


def chosen(rows, edges=WIDE, limit_s=0.45):
    residuals = np.array(rows, dtype=float)
    return choose(residuals, np.broadcast_to(edges, (len(residuals), 2)), limit_s)


def test_the_median_and_the_worst_window():
    # Medians of |residual|: 0.1, 0.3, 0.2, 4, 0.25; their median is 0.25. One model alone off by 9 s is not the worst.
    rows = [[0.1, -0.1, 0.1], [-0.3, 0.3, 9.0], [0.2, 0.2, 0.2], [4.0, -4.0, 1.0], [0.25, 0.0, 0.3]]
    assert chosen(rows) == {4: ["median"], 3: ["worst"]}


def test_of_equal_windows_the_first_is_taken():
    assert chosen([[0.2], [0.2], [1.0], [1.0], [0.2]]) == {0: ["median"], 2: ["worst"]}
    # Of two in the middle it is the lower one.
    assert chosen([[-0.3], [0.1], [0.0], [0.4]]) == {1: ["median"], 3: ["worst"]}


def test_a_window_that_two_rules_choose_comes_once():
    assert chosen([[0.3, 0.3]]) == {0: ["median", "worst"]}
    assert chosen([[0.1, 0.1], [2.0, 2.1], [0.1, 0.1]]) == {0: ["median"], 1: ["worst", "label outlier"]}


def test_what_was_not_picked_has_no_say():
    assert chosen([[NAN, NAN], [NAN, 0.1], [np.inf, 3.0], [0.2, NAN]]) == {3: ["median"], 2: ["worst"]}
    assert chosen([[NAN, NAN], [NAN, NAN]]) == {}
    assert chosen(np.empty((0, 2))) == {}


@pytest.mark.parametrize(
    ("row", "is_one"),
    [
        ([2.0, 2.1, 1.9, 2.2], True),
        ([2.0, 2.1, 1.9, -3.0], True),  # three quarters agree
        ([2.0, 2.1, -1.9, -3.0], False),  # they do not
        ([0.6, 1.0, 1.4, 1.8], False),  # each with its neighbour, and not all with each other
        ([0.5, 0.6, 0.9, 0.4], True),  # three agree with each other, and the fourth with the label
        ([0.5, 0.4, 0.4, 0.6], False),  # two of four
        ([0.4, 0.4, 0.4, 0.4], False),  # no outlier
        ([2.0, 2.1, NAN, NAN], True),
        ([2.0, NAN, NAN, NAN], False),  # one model agrees with nobody
        ([4.6, 4.6, 4.6, 4.6], False),  # the edge of the window
        ([-4.6, -4.6, -4.6, -4.6], False),
    ],
)
def test_a_label_outlier_is_where_models_agree_and_not_with_the_label(row, is_one):
    found = chosen([row, [0.0, 0.0, 0.0, 0.0], [0.01, 0.01, 0.01, 0.01]])
    assert ("label outlier" in sum(found.values(), [])) == is_one


def test_the_label_outlier_is_the_farthest_from_the_label():
    rows = [[1.0, 1.0], [-3.0, -3.1], [3.0, 3.0], [5.0, -5.0], *[[0.0, 0.0]] * 5]
    assert {row for row, rules in chosen(rows).items() if "label outlier" in rules} == {1}
    # Picks nearly 3 s apart do not agree, and one of these does with the label.
    rows = [[3.4, 0.45], [0.1, 0.1], [5.0, 5.0], [0.2, 0.2]]
    found = chosen(rows, edges=(-6.6, 3.4), limit_s=1.5)
    assert "label outlier" not in sum(found.values(), [])
    # Teleseismic picks scatter more before they are outliers.
    assert "label outlier" not in sum(chosen([[1.0, 1.0], [0, 0]], limit_s=1.5).values(), [])


def table_of(p, s, onsets=500.0):
    """A prediction file of windows of 10 s: of P those with picks `p`, then of S those with picks `s`."""
    phases = ["P"] * len(p) + ["S"] * len(s)
    rows = pd.DataFrame({"phase_label": phases, "trace_idx": np.arange(len(phases)), "trace_chunk": ""})
    rows["trace_name"] = [f"t{i}" for i in rows["trace_idx"]]
    rows = rows.assign(start_sample=0, end_sample=1000, phase_onset=onsets, sampling_rate=100.0)
    nothing = np.full(len(rows), NAN)
    rows["p_sample_pred"], rows["s_sample_pred"] = nothing.copy(), nothing.copy()
    rows.loc[: len(p) - 1, "p_sample_pred"] = p
    rows.loc[len(p) :, "s_sample_pred"] = s
    return rows


def test_examples_of_both_phases_from_files(tmp_path):
    table_of([510.0, 520, 700], [400.0, 500]).to_parquet(tmp_path / "a.parquet")
    table_of([510.0, 530, 710], [NAN, NAN]).to_parquet(tmp_path / "b.parquet")
    found, picks = read_windows_and_picks([tmp_path / "a.parquet", tmp_path / "b.parquet"])
    examples, picked = choose_examples(found, picks, 0.45)
    assert examples[["phase", "rule", "trace_name"]].to_numpy().tolist() == [
        ["P", "median", "t1"],
        ["P", "worst, label outlier", "t2"],
        ["S", "median", "t4"],
        ["S", "worst", "t3"],
    ]
    np.testing.assert_array_equal(picked[:2], [[520, 530], [700, 710]])
    np.testing.assert_allclose(examples["median_error_s"][:2], [0.25, 2.05])
    assert missing(examples) == [
        "No label outlier of S: nowhere do most models agree with each other and not with the label."
    ]


def test_a_phase_without_picks_or_windows_is_left_out_and_said(tmp_path):
    for number, s in enumerate(([], [NAN, NAN])):
        path = tmp_path / f"{number}.parquet"
        table_of([510.0, 520], s).to_parquet(path)
        examples, picks = choose_examples(*read_windows_and_picks([path]), 0.45)
        assert set(examples["phase"]) == {"P"} and len(picks) == len(examples)
        assert missing(examples) == [
            "No example of S: no model has picked one.",
            "No label outlier of P: nowhere do most models agree with each other and not with the label.",
        ]


def test_files_of_other_windows_are_refused(tmp_path):
    table_of([510.0], [500.0]).to_parquet(tmp_path / "a.parquet")
    table_of([510.0], [500.0], onsets=501.0).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(InputError, match="b.parquet: its windows are not those of .*a.parquet"):
        read_windows_and_picks([tmp_path / "a.parquet", tmp_path / "b.parquet"])
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="b.parquet: not a whole prediction file"):
        read_windows_and_picks([tmp_path / "b.parquet"])


@pytest.fixture(scope="module")
def made(easy_dataset, tmp_path_factory):
    """Examples of the easy dataset by untrained PhaseNetLights, another one for each answer, and Baer & Kradolfer."""
    folder, dataset = tmp_path_factory.mktemp("examples"), PreparedDataset(easy_dataset)
    rows = [windows(dataset, "task23", split) for split in ("dev", "test")]
    pd.concat(rows).to_csv(folder / "task23.csv", index=False)
    picks = dataset.metadata.melt(
        ["trace_name", "trace_chunk"], ["trace_p_arrival_sample", "trace_s_arrival_sample"], "phase", "sample"
    )
    picks["phase"] = picks["phase"].str[6].str.upper()
    picks.to_parquet(folder / "picks.parquet")
    files = {}
    for number, column in enumerate(ANSWERS):
        torch.manual_seed(number)
        state = load_adapter(settings("phasenetlight")).network().state_dict()
        files[column] = folder / f"{column}.npz"
        save_weights(files[column], {name: tensor.numpy() for name, tensor in state.items()})
    searched = {"tdownmax_s": 2, "tupevent_s": 0.1, "threshold1": 5, "highpass_hz": 1.5, "lowpass_hz": 10}
    save_weights(folder / "baer.npz", {name: np.array(value, float) for name, value in searched.items()})
    pickers = [
        Picker(settings("phasenetlight"), files, 1, 8),
        Picker(settings("baer-kradolfer"), {"p_sample_pred": folder / "baer.npz"}, 1, 8),
    ]
    in_examples = []
    for picker in pickers:
        out = folder / picker.model["id"]
        target = Target(easy_dataset, {"task23": folder / "task23.csv"})
        write_json(out / "cells.json", {"cells": predict_cells(picker, {"easy": target}, out)})
        in_examples.append(ExamplePicker(picker, "easy", out / "cells.json"))
    return folder, in_examples, make_examples("easy", easy_dataset, folder / "picks.parquet", in_examples, "local")


def test_curves_and_picks_are_of_the_weights_that_were_selected(made):
    _, _, examples = made
    of_network = examples.table[examples.table["model"] == "phasenetlight"]
    assert {"P", "S"} == set(of_network["phase"])
    for number, row in enumerate(of_network.itertuples()):
        curve = examples.curves[number, 0, CURVE_NAMES.index(row.phase)]
        first = examples.first[number]
        within = curve[row.start_sample - first : row.end_sample - first]
        assert row.start_sample + within.argmax() == row.pick_sample
        assert within.max() == pytest.approx(row.score, abs=1e-6)
        assert row.residual_s == pytest.approx((row.pick_sample - row.label_sample) / 100)
    baer = examples.table[examples.table["model"] == "baer-kradolfer"]
    assert (baer["pick_sample"].notna() == (baer["phase"] == "P")).all() and baer["score"].isna().all()
    assert np.isnan(examples.curves[:, 1]).all()


def test_waveforms_and_labels_lie_where_the_trace_has_them(made, easy_dataset):
    _, _, examples = made
    dataset = PreparedDataset(easy_dataset)
    rows = examples.table.drop_duplicates("example")
    names = dataset.metadata.set_index("trace_name")
    for number, row in enumerate(rows.itertuples()):
        first, trace = examples.first[number], dataset.waveform(names.index.get_loc(row.trace_name))
        assert first == int(row.label_sample) - 1500 and examples.waveforms[number].shape == (3, 3001)
        end = min(first + 3001, trace.shape[1])
        np.testing.assert_array_equal(examples.waveforms[number][:, : end - first], trace[:, first:end])
        assert np.isnan(examples.waveforms[number][:, end - first :]).all()
        assert np.isnan(examples.curves[number][..., end - first :]).all()
        labels = examples.labels[examples.labels["example"] == number].set_index("phase")["sample"]
        assert labels[row.phase] == row.label_sample
        known = names.loc[row.trace_name, ["trace_p_arrival_sample", "trace_s_arrival_sample"]].astype(float)
        assert set(labels) == {sample for sample in known if first <= sample < first + 3001}


def test_what_is_kept_is_what_was_made_to_the_byte(made, tmp_path):
    _, _, examples = made
    for stem in "ab":
        write_examples(examples, tmp_path / f"{stem}.csv", tmp_path / f"{stem}.npz")
    for kind in ("csv", "npz"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    again = read_examples(tmp_path / "a.csv", tmp_path / "a.npz")
    for name in ("first", "waveforms", "curves"):
        np.testing.assert_array_equal(getattr(again, name), getattr(examples, name))
    assert again.pickers == [("phasenetlight", "easy"), ("baer-kradolfer", "easy")]
    pd.testing.assert_frame_equal(again.labels, examples.labels, check_dtype=False)
    pd.testing.assert_frame_equal(again.table, examples.table[again.table.columns], check_dtype=False)


def test_damaged_and_foreign_files_are_named(made, tmp_path):
    folder, pickers, examples = made
    csv, npz = tmp_path / "a.csv", tmp_path / "a.npz"
    write_examples(examples, csv, npz)
    whole = npz.read_bytes()
    npz.write_bytes(whole[:-50])
    with pytest.raises(InputError, match="a.npz: not as it was written, a.npz.sha256 says; delete it"):
        read_examples(csv, npz)
    # Also without a witness: cut, and with a byte in the middle of a compressed array that is another one.
    (tmp_path / "a.npz.sha256").unlink()
    turned = bytearray(whole)
    turned[len(whole) // 2] ^= 0xFF
    for damaged in (whole[:-50], bytes(turned)):
        npz.write_bytes(damaged)
        with pytest.raises(InputError, match="a.npz: not an archive of examples"):
            read_examples(csv, npz)
    npz.write_bytes(whole)
    text = csv.read_text()
    csv.write_text(text.replace("P,", "S,", 1))
    with pytest.raises(InputError, match="a.csv: not as it was written, a.csv.sha256 says; delete it"):
        read_example_table(csv)
    (tmp_path / "a.csv.sha256").unlink()
    csv.write_text("\n".join(text.splitlines()[:-1]) + "\n")
    with pytest.raises(InputError, match="not of the same examples"):
        read_examples(csv, npz)
    csv.write_text("a,b\n")
    with pytest.raises(InputError, match="a.csv: not a table of examples"):
        read_example_table(csv)
    with pytest.raises(InputError, match="cells.json: has no predictions on another"):
        make_examples("another", tmp_path, folder / "picks.parquet", pickers, "local")


def test_a_dataset_without_picks_has_no_examples(easy_dataset, made, tmp_path):
    folder, _, _ = made
    silent = Picker(settings("phasenetlight"), {}, 1, 8)
    target = Target(easy_dataset, {"task23": folder / "task23.csv"})
    write_json(tmp_path / "cells.json", {"cells": predict_cells(silent, {"easy": target}, tmp_path)})
    pickers = [ExamplePicker(silent, "easy", tmp_path / "cells.json")]
    examples = make_examples("easy", easy_dataset, folder / "picks.parquet", pickers, "local")
    write_examples(examples, tmp_path / "a.csv", tmp_path / "a.npz")
    again = read_examples(tmp_path / "a.csv", tmp_path / "a.npz")
    assert len(again) == 0 and again.table.empty and again.pickers == [("phasenetlight", "easy")]


def test_stations_are_named_as_far_as_they_are_known(tmp_path):
    codes = {"station_network_code": ["NA", "", "CX"], "station_code": ["A01", "B", ""]}
    columns = {"split": "test", **codes}
    folder = write_prepared(tmp_path / "named", [np.zeros((3, 600), "<f4")] * 3, columns)
    dataset = PreparedDataset(folder, columns=list(codes))
    assert stations(dataset.metadata) == ["NA.A01", "B", "CX"]
    assert stations(dataset.metadata.drop(columns=list(codes))) == ["", "", ""]


def test_the_table_has_a_row_an_example(made, tmp_path):
    _, _, examples = made
    write_examples(examples, tmp_path / "easy.csv", tmp_path / "easy.npz")
    names = {"easy": {("phasenetlight", "easy"): "PhaseNet & Co", ("baer-kradolfer", "easy"): "Baer"}}
    about = {"easy": {"title": "Easy", "region": "local"}}
    write_example_table([tmp_path / "easy.csv"], names, about, tmp_path / "examples")
    table = read_example_table(tmp_path / "examples.csv")
    pd.testing.assert_frame_equal(table, read_example_table(tmp_path / "easy.csv"))
    page = (tmp_path / "examples.html").read_text()
    assert page.count('<th scope="row">') == len(examples) and "PhaseNet &amp; Co" in page and "Easy (local)" in page
    assert r"PhaseNet \& Co" in (tmp_path / "examples.tex").read_text()
    write_example_table([], {}, {}, tmp_path / "none")
    assert read_example_table(tmp_path / "none.csv").empty and "No results." in (tmp_path / "none.html").read_text()
