"""Before a run: all that it would stop at is said at once, and how much of the data it can use."""

import json

import pytest

from pickbench.config import ConfigErrors, load_project
from pickbench.errors import InputError
from pickbench.validation import to_look_over, validate
from pickbench.yamlfiles import read_yaml
from tests.conftest import ROOT
from tests.registry import settings
from tests.unit.conftest import write_raw

MODELS = {"phasenet": settings("phasenet")}
PICK = {"trace_P_arrival_sample": [100]}


def at(path, **about):
    return {"source": {"path": str(path)}, "arrival_columns": None, "split": "own", "windows": [], **about}


def test_sound_data_have_no_fault_and_are_counted(tmp_path, noise):
    picks = {"trace_P_arrival_sample": [100, 700, ""], "trace_sampling_rate_hz": [100, 100, 0]}
    folder = write_raw(tmp_path / "mine", [noise(), noise(), noise()], picks)
    found = validate(MODELS, {"mine": at(folder), "twin": at(None, source={"simulate": {}})}, [], {})
    assert found.faults == []
    # Of three traces one has its only pick behind its end, and one has no rate.
    assert found.remarks == [
        "mine: 1 of 3 traces can be used as far as metadata tell; left out: 1 bad_sampling_rate "
        "(such as bucket0$2,:3,:600), 1 all_picks_outside (such as bucket0$1,:3,:600)"
    ]


def test_all_faults_come_at_once(tmp_path, noise):
    bad_pick = write_raw(tmp_path / "a", [noise()], {"trace_P_arrival_sample": ["soon"]})
    no_block = write_raw(tmp_path / "b", [noise()], {"trace_name": ["bucket7$0,:3,:600"], **PICK})
    no_traces = write_raw(tmp_path / "c", [noise()], {"trace_sampling_rate_hz": [0], **PICK})
    torn = write_raw(tmp_path / "d", [noise()])
    (torn / "waveforms.hdf5").write_bytes(b"")
    (tmp_path / "w.pt").write_bytes(b"no weights")
    (tmp_path / "w.json").write_text(json.dumps({"model_args": {}}))
    datasets = {
        **{path.name: at(path) for path in (bad_pick, no_block, no_traces, torn, tmp_path / "nowhere")},
        "columns": at(torn, arrival_columns={"trace_Q_arrival_sample": "P"}),
        "seisbench": at(None, source={"seisbench": "STAED"}),
    }
    gpd = settings("gpd")
    models = {**MODELS, "gpd": {**gpd, "settings": {**gpd["settings"], "stride_samples": "wide"}}}
    pair = {"weights": str(tmp_path / "w.pt"), "metadata": str(tmp_path / "w.json")}
    published = [{"model": "phasenet", "weights": pair, "columns": []}]
    options = {"gpd": {"settings": {"stride_samples": "wide"}}}
    faults = validate(models, datasets, published, options).faults
    wanted = [
        r"model_options.gpd.settings.stride_samples' is 'wide'",
        r"a/metadata.csv: trace .*: trace_P_arrival_sample is 'soon'",
        r"b/waveforms.hdf5: trace bucket7\$0,:3,:600: block bucket7",
        r"c: none of its 1 traces can be used; left out: 1 bad_sampling_rate",
        r"d/waveforms.hdf5",
        r"nowhere",
        r"trace_Q_arrival_sample",
        r"'STAED', no dataset class .* 'STEAD'",
        r"w.json|w.pt",
    ]
    assert len(faults) == len(wanted)
    for fault, pattern in zip(faults, wanted, strict=True):
        with pytest.raises(InputError, match=pattern):
            raise InputError(fault)


def test_a_table_says_more_than_its_first_fault(tmp_path, noise, monkeypatch):
    monkeypatch.setattr("pickbench.data.raw.ROWS_AT_ONCE", 2)
    names = [f"bucket0${row},:3,:600" for row in range(4)]
    names[0], names[3] = "bucket0$9,:3,:600", "bucket8$0,:3,:600"
    folder = write_raw(
        tmp_path / "mine", [noise() for _ in range(4)], {"trace_name": names, "trace_P_arrival_sample": 100}
    )
    faults = validate({}, {"mine": at(folder)}, [], {}).faults
    assert [name in fault for name, fault in zip(("bucket0$9", "bucket8"), faults, strict=True)] == [True, True]


def test_only_weights_that_a_run_takes_are_looked_over():
    base = read_yaml(ROOT / "config" / "config.yaml")
    weights = {"theirs": {"phasenet": "stead", "cred": "scedc"}, "others": {"phasenet": "geofon"}}
    # NEIC has no detection to answer, CRED nothing else.
    asked = {"datasets": ["neic"], "sources": ["neic", "pre-theirs"], "models": ["phasenet", "cred"]}
    looked_over = to_look_over(load_project({**base, **asked, "published": weights}, ROOT), ROOT)["published"]
    assert [(picker["model"], picker["weights"]) for picker in looked_over] == [("phasenet", "stead")]


def test_what_is_fine_of_a_configuration_is_looked_over():
    base = read_yaml(ROOT / "config" / "config.yaml")
    wrong = {
        "datasets": ["mini-neic", "mini-naic"],
        "models": ["gpd"],
        "training": {"batch_size": 2048, "thread": 1},
        "model_options": {"gpd": {"training": {"device_batch": 1536}}},
    }
    with pytest.raises(ConfigErrors) as caught:
        load_project({**base, **wrong}, ROOT)
    # The batch that is left to compare with would be the default's, which nobody wrote.
    assert [words in str(caught.value) for words in ("training.thread'", "'mini-naic'", "device_batch")] == [1, 1, 0]
    given = to_look_over(caught.value.fine, ROOT)
    assert [*given["datasets"]] == ["mini-neic"] and [*given["models"]] == ["gpd"]
