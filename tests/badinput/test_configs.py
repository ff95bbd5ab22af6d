"""Configurations and the YAML files of datasets: each fault is a line that names the file, the key and the value."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pickbench.config import load_project
from pickbench.errors import InputError
from pickbench.grid import Grid
from pickbench.rates.study import RateStudy
from pickbench.yamlfiles import read_yaml
from tests.conftest import ROOT

SHIPPED = ROOT / "config" / "config.yaml"
GOOD = {"datasets": ["mine"], "models": ["phasenet"]}
DATASET = {"title": "Mine", "source": {"path": "/data/mine"}, "region": "local", "tasks": [1, 2, 3]}
AN_ID = "expected an id of lower-case letters and digits, with single hyphens inside"
A_RATE = "expected a number above 0 and at most 1"


def write(folder: Path, config: object = None, dataset: object = None, name: str = "mine") -> Path:
    """Write a configuration and its dataset's file: changes of good ones, or text or bytes in their place."""
    (folder / "datasets").mkdir()
    good = {**GOOD, "dataset_dirs": [str(folder / "datasets")]}
    for path, content, about in (
        (folder / "my.yaml", config, good),
        (folder / f"datasets/{name}.yaml", dataset, DATASET),
    ):
        if isinstance(content, dict | None):
            content = yaml.safe_dump({**about, **(content or {})})
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / "my.yaml"


def load(path: Path) -> Grid:
    """Read a configuration as the workflow does, once Snakemake has merged it with the shipped one."""
    project = load_project({**read_yaml(SHIPPED), **read_yaml(path)}, ROOT, [SHIPPED, path])
    RateStudy(Grid(project))
    return Grid(project)


def published(**pair: str) -> dict:
    return {"published": {"theirs": {"phasenet": pair}}}


#: What the configuration says otherwise or instead, and the words that the one line about it has to hold.
CONFIGS = {
    "a tag that runs a command": ("datasets: !!python/object/apply:os.mkdir [sprung]\n", ["line 1", "tag"]),
    "a tag that makes an object": ("datasets: !!python/name:os.system\n", ["line 1", "tag"]),
    "Latin-1": ("models: [phasenét]\n".encode("latin-1"), ["not UTF-8 text"]),
    "tabs": ("models:\n\t- phasenet\n", ["line 2", "'\\t'"]),
    "nothing": ("", ["expected keys and values"]),
    "a list": ("- datasets\n- models\n", ["holds list", "expected keys and values"]),
    "a key twice": ("models: [gpd]\nmodels: [phasenet]\n", ["line 1", "'models' is given twice"]),
    "a merge of keys": (
        "x: &x {models: [gpd]}\n<<: *x\n",
        ["line 2, column 1", "'<<' takes over no keys here; write them out"],
    ),
    "a day that there is not": (
        "datasets: [2020-02-30]\n",
        ["line 1, column 12", "'2020-02-30' is no timestamp (day is out of range for month)", "in quotes"],
    ),
    "a word said to be a number": ("seeds: [!!int two]\n", ["line 1", "'two' is no int (invalid literal"]),
    "a word said to be true or false": ("seeds: [!!bool maybe]\n", ["line 1", "'maybe' is no bool"]),
    "a word said to be a day": ("seeds: [!!timestamp soon]\n", ["line 1", "'soon' is no timestamp"]),
    "3000 brackets": ("models: " + "[" * 3000 + "]" * 3000, ["hundreds of lists or blocks inside one another"]),
    "text for a list": ({"models": "phasenet"}, ["'models' is 'phasenet'", "expected a list"]),
    "an absolute path for a model": ({"models": ["/etc/passwd"]}, ["'models.0' is '/etc/passwd'", AN_ID]),
    "a path for published weights": (
        {"published": {"a/../../b": {"phasenet": "volpick"}}},
        ["'published' holds the name 'a/../../b'", AN_ID],
    ),
    "dots for published weights": (
        {"published": {"..": {"phasenet": "x"}}},
        ["'published' holds the name '..'", AN_ID],
    ),
    "a line break in a name": ({"published": {"x\n": {"phasenet": "volpick"}}}, ["holds the name 'x\\n'", AN_ID]),
    "a path for a name at SeisBench": (
        {"published": {"x": {"phasenet": "../../volpick"}}},
        ["'published.x.phasenet' is '../../volpick'", "a name in SeisBench's model repository"],
    ),
    "capitals in an id": ({"datasets": ["Mine"]}, ["'datasets.0' is 'Mine'", AN_ID]),
    "an underscore in an id": ({"datasets": ["my_net"]}, ["'datasets.0' is 'my_net'", AN_ID]),
    "an id that YAML takes for false": ("datasets: [no]\n", ["'datasets.0' is False", AN_ID]),
    "a learning rate without end": ("learning_rates: [.inf]\n", ["'learning_rates.0' is inf", A_RATE]),
    "a time that is NaN": ("training: {max_time_h: .nan}\n", ["'training.max_time_h' is nan", "at most 8760"]),
    "a window that is NaN": ("windows: {detection_s: .nan}\n", ["'windows.detection_s' is nan", "expected a number"]),
    "a window without room": (
        {"windows": {"phase_s": 1.0, "edge_s": 0.5}},
        ["'windows.phase_s' is 1.0", "more than twice edge_s"],
    ),
    "a seed below zero": ({"seeds": [-1]}, ["'seeds.0' is -1", "expected a whole number of at least 0"]),
    "half a seed": ({"seeds": [1.5]}, ["'seeds.0' is 1.5", "expected a whole number"]),
    "true for a seed": ({"seeds": [True]}, ["'seeds.0' is True", "expected a whole number"]),
    "no options of a model": ({"model_options": {"phasenet": None}}, ["'model_options.phasenet' is null"]),
    "a folder of nobody's": (
        {"dataset_dirs": ["~nobodyhere/sets"]},
        ["'dataset_dirs' is '~nobodyhere/sets', which can be no path: Could not determine home directory"],
    ),
    "a folder of 5000 letters": ({"dataset_dirs": ["x" * 5000]}, ["'dataset_dirs' is 'xxx", "File name too long"]),
    "weights of nobody's": (
        published(weights="~nobodyhere/x.pt", metadata=str(SHIPPED)),
        ["'published.theirs.phasenet.weights' is '~nobodyhere/x.pt', which can be no path"],
    ),
    "a folder that is a file": ({"dataset_dirs": [str(SHIPPED)]}, ["'dataset_dirs'", "is no folder of YAML files"]),
    "weights that are not there": (
        published(weights="/data/x.pt", metadata=str(SHIPPED)),
        ["'published.theirs.phasenet.weights' is '/data/x.pt'", "there is no file /data/x.pt"],
    ),
    "weights without their json": (
        published(weights=str(SHIPPED), metadata="/data/x.json"),
        ["'published.theirs.phasenet.metadata' is '/data/x.json'", "there is no file /data/x.json"],
    ),
    "weights that say nothing of a json": (
        published(weights=str(SHIPPED)),
        ["'published.theirs.phasenet.metadata' is missing"],
    ),
}
DATASETS = {
    "Latin-1": ("title: Zürich\n".encode("latin-1"), ["not UTF-8 text"]),
    "nothing": ("", ["expected keys and values"]),
    "a licence on no day": ("title: Mine\nlicence: 2024-02-30\n", ["line 2", "'2024-02-30' is no timestamp"]),
    "a merge of keys": ("<<: {title: Mine}\n", ["line 1", "'<<' takes over no keys here"]),
    "3000 brackets": ("title: " + "[" * 3000 + "]" * 3000, ["hundreds of lists or blocks inside one another"]),
    "no title": (yaml.safe_dump({**DATASET, "title": ""}), ["'title' is empty"]),
    "a number for a title": ({"title": 2026}, ["'title' is 2026", "expected text"]),
    "no source": ({"source": {}}, ["'source' is {}", "exactly one of seisbench, path and simulate"]),
    "two sources": ({"source": {"path": "x", "seisbench": "ETHZ"}}, ["exactly one of seisbench, path and simulate"]),
    "code for a class": (
        {"source": {"seisbench": "__import__('os')"}},
        ["'source.seisbench' is \"__import__('os')\"", "the name of a class"],
    ),
    "another region": ({"region": "global"}, ["'region' is 'global'", "one of local, regional, teleseismic"]),
    "a fourth task": ({"tasks": [1, 4]}, ["'tasks.1' is 4", "expected one of 1, 2, 3"]),
    "another split": ({"split": "random"}, ["'split' is 'random'", "expected one of own, by-event"]),
    "columns of other phases": (
        {"arrival_columns": {"trace_Pg_arrival_sample": "Pg"}},
        ["'arrival_columns.trace_Pg_arrival_sample' is 'Pg'", "expected one of P, S"],
    ),
    "windows that are not there": (
        {"windows": "/data/windows"},
        ["'windows' is '/data/windows'", "/data/windows/task1.csv"],
    ),
    "windows of nobody's": ({"windows": "~nobodyhere/w"}, ["'windows' is '~nobodyhere/w', which can be no path"]),
    "windows at 5000 letters": ({"windows": "x" * 5000}, ["'windows' is 'xxx", "File name too long"]),
    "data of nobody's": (
        {"source": {"path": "~nobodyhere/x"}},
        ["'source.path' is '~nobodyhere/x', which can be no path: Could not determine home directory"],
    ),
    "data at 5000 letters": ({"source": {"path": "x" * 5000}}, ["'source.path' is 'xxx", "File name too long"]),
    "data at a NUL": ({"source": {"path": "a\0b"}}, ["'source.path' is 'a\\x00b'", "embedded null byte"]),
    "bounds the wrong way round": (
        {"random_window": [500, 100]},
        ["'random_window' is [500, 100]", "has to be larger"],
    ),
    "no chunks": ({"chunks": 0}, ["'chunks' is 0", "expected a whole number of at least 1"]),
    "an unknown key": ({"sampling_rate": 50}, ["unknown key 'sampling_rate'", "known are"]),
}


def one_line(read: Callable[[], object], path: Path, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        read()
    line = str(caught.value)
    assert "\n" not in line and not [word for word in words if word not in line], line
    assert line.startswith(f"{path}"), line


@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_that_is_wrong_is_one_line(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, words = CONFIGS[name]
    path = write(tmp_path, content)
    one_line(lambda: load(path), path, words)
    assert sorted(os.listdir(tmp_path)) == ["datasets", "my.yaml"]


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_s_file_that_is_wrong_is_one_line(name, tmp_path):
    content, words = DATASETS[name]
    path = write(tmp_path, dataset=content)
    one_line(lambda: load(path), tmp_path / "datasets" / "mine.yaml", words)


def test_a_folder_for_a_dataset_s_file_is_one_line(tmp_path):
    path = write(tmp_path)
    (tmp_path / "datasets" / "mine.yaml").unlink()
    (tmp_path / "datasets" / "mine.yaml").mkdir()
    one_line(lambda: load(path), tmp_path / "datasets" / "mine.yaml", ["cannot be read", "Is a directory"])


def test_the_good_ones_are_good(tmp_path):
    assert load(write(tmp_path)).sources == ["mine"]


def test_unknown_keys_are_all_named(tmp_path):
    path = write(tmp_path, {"foo": 1, "training": {"bar": 2, "baz": 3}})
    assert begins(path) == [f"{path}: unknown key '{key}'" for key in ("foo", "training.bar", "training.baz")]


def test_unknown_and_missing_keys_of_a_dataset_are_all_named(tmp_path):
    path = write(tmp_path, dataset="title: Mine\nsource: {path: /data/mine}\nfoo: 1\nbar: 2\n")
    words = ["key 'region' is missing", "key 'tasks' is missing", "unknown key 'bar'", "unknown key 'foo'"]
    assert begins(path) == [f"{tmp_path / 'datasets' / 'mine.yaml'}: {word}" for word in words]


def begins(path: Path) -> list[str]:
    """What the lines about a configuration begin with, up to what would be right."""
    with pytest.raises(InputError) as caught:
        load(path)
    return sorted(line.partition(";")[0] for line in str(caught.value).splitlines())


def test_an_unknown_key_is_blamed_on_its_own_file(tmp_path):
    path = write(tmp_path, {"foo": 1})
    with pytest.raises(InputError) as caught:
        load_project({**read_yaml(SHIPPED), **read_yaml(path), "bar": 2}, ROOT, [SHIPPED, path], {"bar": 2})
    assert [line.partition(";")[0] for line in str(caught.value).splitlines()] == [
        f"{path}: unknown key 'foo'",
        "command line (--config): unknown key 'bar'",
    ]


def test_faults_of_every_kind_come_at_once(tmp_path):
    config = {
        "datasets": ["mine", "mien", "miene"],
        "models": ["phasenett"],
        "windows": {"phase_s": 1.0, "edge_s": 2.0},
        "training": {"batch_size": 8, "device_batch": 16},
        "model_options": {"gpd": {"settings": {"stride": 5}}, "oracle": {"learning_rates": [0.1]}},
        **published(weights="/data/x.pt", metadata="/data/x.json"),
    }
    with pytest.raises(InputError) as caught:
        load(write(tmp_path, config, {"tasks": [4]}))
    lines = str(caught.value).splitlines()
    expected = [
        "'windows.phase_s' is 1.0",
        "there is no file /data/x.json",
        "mine.yaml: key 'tasks.0' is 4",
        "key 'datasets.1': unknown dataset 'mien'; did you mean 'mine'?",
        "key 'datasets.2': unknown dataset 'miene'",
        "key 'models.0': unknown model 'phasenett'",
        "unknown key 'model_options.gpd.settings.stride'",
        "'model_options.oracle.learning_rates' has no effect",
        "device_batch' is 16",
    ]
    assert len(lines) == len(expected)
    for word, line in zip(expected, lines, strict=True):
        assert word in line
