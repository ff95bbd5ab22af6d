"""Configuration files are checked, completed and documented; a mistake is one line that says where and what."""

import re
import tomllib

import pytest
import yaml

from pickbench.config import known_ids, load_project
from pickbench.errors import InputError
from pickbench.schemas import check, with_defaults
from pickbench.yamlfiles import read_yaml
from tests.conftest import ROOT

CONFIGS = sorted((ROOT / "config").glob("*.yaml"))
SCHEMAS = {path.name.split(".")[0]: read_yaml(path) for path in (ROOT / "workflow" / "schemas").glob("*.yaml")}
BASE = read_yaml(ROOT / "config" / "config.yaml")


def project(**changes):
    return load_project({**BASE, **changes}, ROOT, [ROOT / "config" / "config.yaml"])


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_shipped_configurations_load(path):
    changes = read_yaml(path)
    loaded = load_project({**BASE, **changes}, ROOT, [*CONFIGS[:1], path])
    assert list(loaded.datasets) == changes["datasets"]


@pytest.mark.parametrize("folder", ["datasets", "models"])
def test_every_shipped_file_is_valid(folder):
    for path in (ROOT / "config" / folder).glob("*.yaml"):
        check(read_yaml(path), SCHEMAS[folder.rstrip("s")], path)


def test_what_ships_is_known_in_a_run_of_other_datasets(tmp_path):
    twin = read_yaml(ROOT / "config" / "datasets" / "mini-neic.yaml")
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({**twin, "twin_of": "theirs"}))
    mine = project(dataset_dirs=[str(tmp_path)], datasets=["mine"], models=["phasenet"])
    known = known_ids(mine, ROOT)
    assert {"mine", "theirs", "neic", "mini-neic"} <= set(known["datasets"])
    assert known["models"] == sorted(path.stem for path in (ROOT / "config" / "models").glob("*.yaml"))


def test_paper_config_says_the_defaults():
    """config.yaml shows every key with its default, so that what stands there is what an empty one would do."""
    minimal = {key: BASE[key] for key in ("datasets", "models")}
    assert with_defaults(minimal, SCHEMAS["config"]) == BASE


def keys(schema: dict, prefix: str = "") -> list[tuple[str, dict]]:
    found = []
    for name, sub in schema.get("properties", {}).items():
        found.append((prefix + name, sub))
        found += keys(sub, f"{prefix}{name}.")
    return found


@pytest.mark.parametrize("name", ["config", "dataset", "model", "simulation"])
def test_every_key_is_described_and_documented(name):
    readme = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    section = re.split(r"^## ", readme, flags=re.M)
    text = next(part for part in section if part.startswith(f"`{name}`"))
    for key, sub in keys(SCHEMAS[name]):
        assert sub.get("description"), f"{name}: {key} has no description"
        assert f"`{key}`" in text, f"config/README.md says nothing of {name} key {key}"


def test_defaults_in_the_documentation_are_the_schema_s():
    readme = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    for key, sub in keys(SCHEMAS["config"]):
        if "default" in sub and not isinstance(sub["default"], dict):
            row = next(line for line in readme.splitlines() if line.startswith(f"| `{key}` |"))
            assert yaml.safe_load(row.split("|")[2].strip().strip("`")) == sub["default"], row


BAD = {
    "unknown key": ({"modles": []}, r"unknown key 'modles'; did you mean 'models'"),
    "unknown nested key": ({"training": {"epochs": 3}}, r"unknown key 'training.epochs'; .*max_epochs"),
    "unknown dataset": (
        {"datasets": ["stead", "ehtz"]},
        r"config.yaml: key 'datasets.1': unknown dataset 'ehtz'; did you mean 'ethz'",
    ),
    "unknown source": ({"sources": ["ehtz"]}, r"config.yaml: key 'sources.0': unknown dataset 'ehtz'; did you mean"),
    "unknown target": ({"targets": ["stead", "ehtz"]}, r"key 'targets.1': unknown dataset 'ehtz'; did you mean 'ethz'"),
    "unknown model": (
        {"models": ["gpd", "phasenett"]},
        r"key 'models.1': unknown model 'phasenett'; did you mean 'phasenet'",
    ),
    "options of an unknown model": (
        {"model_options": {"phasenett": {}}},
        r"key 'model_options.phasenett': unknown model 'phasenett'; did you mean 'phasenet'",
    ),
    "no number": (
        {"rate_study": {"rates_hz": [50, float("nan")]}},
        r"key 'rate_study.rates_hz.1' is nan, expected a number of at least 5 and at most 100$",
    ),
    "no number among learning rates": (
        {"learning_rates": [float("nan")]},
        r"'learning_rates.0' is nan, expected a number above 0 and at most 1$",
    ),
    "no number of seconds": (
        {"windows": {"edge_s": float("inf")}},
        r"'windows.edge_s' is inf, expected a number of at",
    ),
    "path as id": (
        {"datasets": ["../ethz"]},
        r"'datasets.0' is '\.\./ethz', expected an id of lower-case letters and digits, with single hyphens inside$",
    ),
    "name of another form": (
        {"published": {"V p": {"phasenet": "volpick"}}},
        r"'published' holds the name 'V p', expected an id of lower-case",
    ),
    "wrong type": ({"seeds": "42"}, r"'seeds' is '42', expected a list$"),
    "nothing": ({"seeds": None}, r"'seeds' is null, expected a list$"),
    "negative": (
        {"training": {"batch_size": 0}},
        r"'training.batch_size' is 0, expected a whole number of at least 2$",
    ),
    "none or more": ({"windows": {"at_most": 0}}, r"expected a whole number of at least 1, or null$"),
    "too large": ({"learning_rates": [2]}, r"'learning_rates.0' is 2, expected a number above 0 and at most 1$"),
    "number of YAML 1.2": (
        {"learning_rates": ["1e-3"]},
        r"'learning_rates.0' is '1e-3', expected a number above 0 and at most 1; '1e-3' is text in YAML, "
        r"write 0.001 or 1.0e-3$",
    ),
    "small number of YAML 1.2": ({"learning_rates": ["2E-6"]}, r"text in YAML, write 0.000002 or 2.0e-6$"),
    "large number of YAML 1.2": ({"training": {"batch_size": "1e3"}}, r"whole number of at least 2; .* write 1000 or"),
    "number in quotes": ({"training": {"max_time_h": "4.5"}}, r"at most 8760; '4.5' in quotes is text, write 4.5$"),
    "text": ({"training": {"max_time_h": "inf"}}, r"'inf', expected a number above 0 and at most 8760$"),
    "twice": ({"datasets": ["ethz", "ethz"]}, r"'datasets' has 'ethz' twice"),
    "empty": ({"models": []}, r"'models' is empty, expected one entry at least"),
    "rate of none": ({"learning_rates": [0]}, r"learning_rates.0"),
    "dataset like a source": (
        {"datasets": ["pre-x"]},
        r"key 'datasets.0': 'pre-x' is no dataset; pre-NAME is a source",
    ),
    "unknown published": (
        {"sources": ["pre-volpik"], "published": {"volpick": {"phasenet": "volpick"}}},
        r"'pre-volpik' is no dataset.*did you mean 'pre-volpick'",
    ),
    "published for no model": (
        {"published": {"volpick": {"phasnet": "volpick"}}},
        r"'published.volpick.phasnet': unknown model 'phasnet'; did you mean 'phasenet'",
    ),
    "published for several networks": (
        {"published": {"x": {"dpp": "x"}}},
        r"'published.x.dpp': dpp consists of 3 neural networks; published weights can be had for one alone",
    ),
    "published for no network": (
        {"published": {"x": {"phasenet": "x", "oracle": "x"}}},
        r"'published.x.oracle': oracle consists of no neural networks",
    ),
    "published path as name": ({"published": {"x": {"phasenet": "../x"}}}, r"published.x.phasenet.*\.\./x"),
    "published half": ({"published": {"x": {"phasenet": {"weights": "x.pt"}}}}, r"published.x.phasenet.*metadata"),
    "published without a file": (
        {"published": {"x": {"phasenet": {"weights": "x.pt", "metadata": "x.json"}}}},
        r"'published.x.phasenet.weights' is 'x.pt', but there is no file .*x.pt",
    ),
    "setting of no model": (
        {"model_options": {"gpd": {"settings": {"stride": 5}}}},
        r"unknown key 'model_options.gpd.settings.stride'; did you mean 'stride_samples'\?",
    ),
    "setting of a model that is not in this run": (
        {"models": ["phasenet"], "model_options": {"gpd": {"settings": {"norm": "peak"}}}},
        r"unknown key 'model_options.gpd.settings.norm'; known are .*highpass_hz",
    ),
    "part of a batch": (
        {"training": {"batch_size": 8, "device_batch": 16}},
        r"key 'training.device_batch' is 16, but batch_size is 8; expected",
    ),
    "part of a model's batch": (
        {"training": {"device_batch": 512}, "model_options": {"gpd": {"training": {"batch_size": 256}}}},
        r"'model_options.gpd.training.batch_size' is 256, but device_batch is 512; expected a device_batch",
    ),
    "a model's part of a batch": (
        {"training": {"batch_size": 8}, "model_options": {"gpd": {"training": {"device_batch": 9}}}},
        r"'model_options.gpd.training.device_batch' is 9, but batch_size is 8; expected a device_batch",
    ),
    "a learning rate of no network": (
        {"model_options": {"baer-kradolfer": {"learning_rates": [0.1]}}},
        r"'model_options.baer-kradolfer.learning_rates' has no effect, since baer-kradolfer is no neural network",
    ),
    "batches of no network": (
        {"model_options": {"oracle": {"training": {"threads": 1, "batch_size": 8}}}},
        r"'model_options.oracle.training.batch_size' has no effect",
    ),
    "no such folder": ({"dataset_dirs": ["nowhere"]}, r"'dataset_dirs': nowhere is no folder of YAML files"),
}


@pytest.mark.parametrize("name", BAD)
def test_mistakes_are_one_line(name, tmp_path):
    changes, message = BAD[name]
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(changes, sort_keys=False), encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        load_project({**BASE, **read_yaml(path)}, ROOT, [ROOT / "config" / "config.yaml", path])
    assert "\n" not in str(caught.value) and str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("written", ["0.001", "1.0e-3", "1000", "1.0e+3", "0.000002", "2.0e-6"])
def test_numbers_written_as_messages_advise_are_numbers(written):
    assert isinstance(yaml.safe_load(written), float | int)


def test_every_pattern_is_explained_in_words():
    def patterns(schema):
        if isinstance(schema, dict):
            if "pattern" in schema:
                assert schema.get("title"), schema
                yield schema["pattern"]
            schema = list(schema.values())
        for part in schema if isinstance(schema, list) else ():
            yield from patterns(part)

    assert sum(len(list(patterns(schema))) for schema in SCHEMAS.values()) > 8


def test_the_command_line_is_blamed_for_what_it_gives(tmp_path):
    """Snakemake takes all that stands inside brackets there for text, so that a number is no number."""
    path = tmp_path / "mine.yaml"
    path.write_text("training: {threads: 2}\nmodels: [phasenet]\n", encoding="utf-8")
    files = [ROOT / "config" / "config.yaml", path]
    for given, message in (
        (
            {"training": {"threads": "0"}},
            r"'training.threads' is '0', .* all inside \[\] and \{\} for text, so write it",
        ),
        ({"models": ["phasenett"]}, "key 'models.0': unknown model 'phasenett'"),
        ({"datasets": ["ethz"], "sources": ["stead"], "targets": ["pre-x"]}, "'pre-x' is no dataset"),
        ({"dataset_dirs": ["nowhere"]}, "key 'dataset_dirs': nowhere is no folder"),
    ):
        with pytest.raises(InputError, match=rf"^command line \(--config\): .*{message}"):
            load_project({**BASE, **given}, ROOT, files, given)
    with pytest.raises(InputError, match=r"^.*mine.yaml: key 'models' is 1, expected a list$"):
        path.write_text("models: 1\n", encoding="utf-8")
        load_project({**BASE, "models": 1}, ROOT, files, {"seeds": ["1"]})


def test_a_configuration_may_be_json(tmp_path):
    (tmp_path / "mine.json").write_text('{\n\t"models": ["phasenet"]}', encoding="utf-8")
    assert load_project({**BASE, "models": ["phasenet"]}, ROOT, [tmp_path / "mine.json"])


def test_options_of_models_that_are_not_in_this_run_do_not_stop_it():
    options = {"gpd": {"training": {"batch_size": 256}}}
    assert project(models=["phasenet"], training={"device_batch": 512}, model_options=options).models.keys() == {
        "phasenet"
    }


def test_whole_numbers_of_a_model_s_training_are_whole():
    options = project(model_options={"gpd": {"training": {"batch_size": 256.0}}}).config["model_options"]
    assert type(options["gpd"]["training"]["batch_size"]) is int


def test_a_mistake_is_named_in_the_file_that_holds_it(tmp_path):
    """Also where another file has the same words in another place."""
    options = {"model_options": {"gpd": {"settings": {"strides": 5}}}}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(options), encoding="utf-8")
    other = {"model_options": {"gpd": {"settings": {"variant": "paper"}}, "cred": {"training": {"batch_size": 8}}}}
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(other) + "# strides\n", encoding="utf-8")
    files = [ROOT / "config" / "config.yaml", tmp_path / "mine.yaml", tmp_path / "other.yaml"]
    with pytest.raises(InputError, match=r"mine.yaml: unknown key 'model_options.gpd.settings.strides'"):
        load_project({**BASE, **options}, ROOT, files)


def test_options_of_a_model_that_is_not_in_this_run_are_no_mistake():
    options = {"gpd": {"settings": {"stride_samples": 10}}, "phasenet": {"settings": {"norm": "std"}}}
    loaded = project(models=["phasenet"], model_options=options)
    assert list(loaded.models) == ["phasenet"] and loaded.models["phasenet"]["settings"]["norm"] == "std"


def test_parts_of_a_batch_may_be_as_large_as_it_is():
    one_of_its_own = {"gpd": {"training": {"batch_size": 8, "device_batch": None}}, "dpp": {"settings": {}}}
    assert project(training={"batch_size": 16, "device_batch": 16}, model_options=one_of_its_own)


def test_values_that_no_schema_can_judge(tmp_path):
    with pytest.raises(InputError, match="config.yaml: key 'windows.phase_s' is 0.5; it has to be more"):
        project(windows={"phase_s": 0.5})
    assert project(seeds=[1.0]).config["seeds"] == [1]
    content = {"title": "Mine", "source": {"path": "x"}, "region": "local", "tasks": [2, 3], "windows": str(tmp_path)}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InputError, match=r"mine.yaml: key 'windows' is .* there is no .*task23.csv"):
        project(datasets=["mine"], dataset_dirs=[str(tmp_path)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: [", r"bad.yaml, line 1, column 9: "),
        ("- a\n- b\n", r"bad.yaml: holds list"),
        ("title: a\ntitle: b\n", r"'title' is given twice"),
    ],
)
def test_broken_yaml_names_file_and_line(text, message, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_yaml(path)


def test_binary_yaml(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_bytes(b"title: \xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        read_yaml(path)


def test_pins_agree():
    """The conda file, the constraints and pyproject.toml name the same packages at the same versions."""
    lines = (ROOT / "envs" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.lower().split("==") for line in lines if "==" in line and not line.startswith("#"))
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.match(r"[A-Za-z0-9_.-]+", entry)[0].lower() for entry in wanted}
    conda = read_yaml(ROOT / "envs" / "pickbench.yaml")["dependencies"][-1]["pip"]
    assert dict(entry.lower().split("==") for entry in conda) == {name: pins[name] for name in names}
    for entry in wanted:
        name, least = entry.lower().split(">=")
        assert tuple(map(int, pins[name].split(".")[:2])) >= tuple(map(int, least.split(".")[:2]))
