"""Bad input as a user meets it: `snakemake validate`, and a rule that stops."""

import json
from pathlib import Path

import pytest
import torch
import yaml

from pickbench.files import read_json
from tests.badinput.raw import NAME, TRACES, cell, file, write_good
from tests.badinput.trap import Trap
from tests.workflow.support import snakemake


@pytest.fixture
def project(tmp_path) -> Path:
    """Two sound datasets and a configuration of both."""
    (tmp_path / "datasets").mkdir()
    for name in ("mine", "yours"):
        write_good(tmp_path / "raw" / name)
        about = {"title": name, "source": {"path": str(tmp_path / "raw" / name)}, "region": "local", "tasks": [1]}
        (tmp_path / "datasets" / f"{name}.yaml").write_text(yaml.safe_dump(about))
    configure(tmp_path)
    return tmp_path


def configure(folder: Path, **changes: object) -> None:
    config = {
        "dataset_dirs": [str(folder / "datasets")],
        "datasets": ["mine", "yours"],
        "models": ["phasenet", "random"],
    }
    (folder / "my.yaml").write_text(yaml.safe_dump({**config, **changes}))


def told(folder: Path, target: str) -> tuple[int, list[str], str]:
    """Exit status, lines of errors, and all that Snakemake has said."""
    done = snakemake("--configfile", folder / "my.yaml", "--cores", "1", "--", target, directory=folder, check=False)
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    return done.returncode, [line for line in said.splitlines() if line.startswith("error: ")], said


def test_validate_says_what_it_looked_at_and_then_every_fault(project):
    cell("trace_sampling_rate_hz", "0")(project / "raw" / "mine")
    status, errors, said = told(project, "validate")
    assert (status, errors) == (0, []) and said.count("no fault found") == 1
    assert "models: phasenet, random; datasets: mine, yours; published weights: none" in said
    left_out = f"left out: 1 bad_sampling_rate (such as {NAME})"
    assert f"mine: {TRACES - 1} of {TRACES} traces can be used as far as metadata tell; {left_out}" in said
    assert f"yours: {TRACES} of {TRACES} traces can be used as far as metadata tell; left out: none" in said

    cell("trace_P_arrival_sample", "soon", [3])(project / "raw" / "mine")
    cell("split", "validation", [0])(project / "raw" / "mine")
    file("waveforms.hdf5", lambda content: content[:-500])(project / "raw" / "yours")
    pair = {"weights": str(project / "x.pt"), "metadata": str(project / "x.json")}
    torch.save({"inc.weight": Trap(project / "sprung")}, pair["weights"])
    (project / "x.json").write_text(json.dumps({"model_args": {"phases": "PSN"}}))
    options = {"random": {"settings": {}}, "phasenet": {"settings": {"norm": "largest"}}}
    configure(project, published={"x": {"phasenet": pair}}, sources=["mine", "pre-x"])
    status, errors, said = told(project, "validate")
    expected = ["'soon'", "'validation'", "raw/yours/waveforms.hdf5", "x.pt: holds more than tensors"]
    assert status == 1 and len(errors) == len(expected), errors
    assert all(word in error for word, error in zip(expected, errors, strict=True)), errors
    assert "no fault found" not in said and not (project / "sprung").exists()
    configure(project, model_options=options)
    status, errors, _ = told(project, "validate")
    assert status == 1 and "model_options.phasenet.settings.norm' is 'largest'" in errors[0]


def test_a_configuration_s_faults_come_at_once_and_none_of_it_is_executed(project):
    configure(project, datasets=["mien"], models=["phasenett"], seeds=["one"], learning_rates=[-1], learning_rate=[1])
    status, _, said = told(project, "validate")
    assert status == 1 and said.count(f"{project / 'my.yaml'}: ") == 5
    assert "'seeds.0' is 'one'" in said and "'learning_rates.0' is -1" in said
    assert "did you mean 'learning_rates'?" in said
    assert "unknown dataset 'mien'" in said and "unknown model 'phasenett'" in said
    (project / "my.yaml").write_text(f"datasets: !!python/object/apply:os.mkdir [{project / 'sprung'}]\n")
    assert told(project, "validate")[0] == 1
    assert not (project / "sprung").exists()


def test_faults_of_a_configuration_do_not_hide_those_of_data_and_weights(project):
    cell("trace_P_arrival_sample", "soon")(project / "raw" / "mine")
    pair = {"weights": str(project / "x.pt"), "metadata": str(project / "x.json")}
    for path in pair.values():
        Path(path).write_text("[]")
    configure(project, seedz=[1], datasets=["mine", "yuors"], published={"x": {"phasenet": pair}})
    status, _, said = told(project, "validate")
    wanted = ["unknown key 'seedz'", "unknown dataset 'yuors'", "trace_P_arrival_sample is 'soon'", "x.json: itself is"]
    assert status == 1 and [said.count(words) for words in wanted] == [1] * 4, said
    # Any other target stops at the configuration, and reads no data for that.
    status, _, said = told(project, "all")
    assert status == 1 and [said.count(words) for words in wanted] == [1, 1, 0, 0], said
    configure(project, learning_rates=[0.001, 0.0010000001])
    status, _, said = told(project, "validate")
    assert status == 1 and [said.count(words) for words in ("two of them are 0.001 ", wanted[2])] == [1, 1], said


def test_a_rule_stops_with_one_line_and_goes_on_once_it_is_mended(project):
    target, raw = "results/windows/mine/task1.csv", project / "raw" / "mine"
    cell("trace_S_arrival_sample", "100", [3])(raw)
    cell("trace_P_arrival_sample", "2020-01-01")(raw)
    status, (error,), _ = told(project, target)
    assert status == 1 and f"trace {NAME}: trace_P_arrival_sample is '2020-01-01'" in error
    assert str(raw / "metadata.csv") in error and "expected a sample number or nothing" in error
    assert not (project / target).exists()
    cell("trace_P_arrival_sample", "400")(raw)
    status, errors, said = told(project, target)
    assert (status, errors) == (0, []), said
    assert read_json(project / "results" / "data" / "mine" / "dropped.json")["dropped"] == {"s_not_after_p": 1}
