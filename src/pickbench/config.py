"""What a run is asked to do: the configuration and the YAML files of datasets and models, checked and completed.

Every file is held against a JSON schema that also carries the defaults and the description of each key. What comes
out is a `Project`: plain dictionaries with every default filled in, which the grid and the workflow read.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jsonschema.exceptions import ValidationError

from pickbench.errors import InputError, InputErrors, kept
from pickbench.files import read_json
from pickbench.messages import explain, suggestion
from pickbench.places import place_of, published_windows
from pickbench.schemas import SchemaValidator, check, faults_of, with_defaults, with_whole_numbers
from pickbench.simulation.recipe import check as check_recipe
from pickbench.windows.rules import WindowRules
from pickbench.yamlfiles import read_yaml

# What the id of a source begins with when it is published weights.
PUBLISHED_PREFIX = "pre-"
# What to call, in a message, what stands in no file; and what stands nowhere.
COMMAND_LINE, NOWHERE = "command line (--config)", "configuration"
# What the results of a model follow from, of its file.
MAKES_RESULTS = ("id", "adapter", "architecture", "tasks", "phases", "learns_from", "settings")
# What acts on the training of any model; all else of `training` is about networks.
OF_EVERY_TRAINING = {"threads", "max_time_h"}
# What says which datasets, models and weights there are; behind a fault in it, all else would be guessed.
NAMING = {"datasets", "sources", "targets", "models", "published", "dataset_dirs"}


@dataclass(frozen=True)
class Project:
    """A checked configuration with the datasets and models it names.

    Attributes
    ----------
    config
        The configuration, defaults filled in.
    datasets, models
        Settings by id, in the order of the configuration, with `id` and the `file` each was read from.
    published
        Published weights by source (`pre-NAME`) and model: a name in SeisBench's repository, or the paths of the
        `weights` and their `metadata`.
    said
        What the configuration was merged from, by file or `COMMAND_LINE`, the one that wins last.
    """

    config: dict
    datasets: dict[str, dict]
    models: dict[str, dict]
    published: dict[str, dict[str, str | dict]] = field(default_factory=dict)
    said: Mapping[str, dict] = field(default_factory=dict)

    @property
    def sources(self) -> list[str]:
        """Ids of what pickers learn or learned from: datasets, and published weights."""
        return self.config["sources"] or [*self.config["datasets"], *self.published]

    @property
    def targets(self) -> list[str]:
        """Ids of the datasets to evaluate on."""
        return self.config["targets"] or self.config["datasets"]

    def settings_of(self, model: str) -> dict:
        """Those settings of a model that its results follow from; a changed title or remark makes nothing anew."""
        settings = self.models[model]
        own = {key: settings.get(key) for key in MAKES_RESULTS}
        return {**own, "readout": self.config["readout"]}

    def key(self, *path: str) -> str:
        """What to call a key of the configuration in a message: by its file and the keys that lead to it."""
        return _key(path, self.said)


class ConfigErrors(InputErrors):
    """Faults of a configuration.

    Attributes
    ----------
    fine
        The project without what is at fault, for those who want to look further: a key of the configuration has its
        default instead, a dataset, a model or published weights are missing.
    """

    def __init__(self, faults: Iterable[str], fine: Project):
        super().__init__(faults)
        self.fine = fine


def _read_config(path: Path) -> dict:
    """A configuration file, which Snakemake takes as JSON as well."""
    return read_json(path) if path.suffix == ".json" else read_yaml(path)


def load_project(
    config: dict, root: Path, files: Sequence[str | Path] = (), command_line: Mapping | None = None
) -> Project:
    """Check a configuration and read the datasets and models that it names.

    Parameters
    ----------
    config
        The merged configuration.
    root
        The repository: relative paths in the configuration start here, and the schemas lie here.
    files
        The configuration files it was merged from, the one that wins last, to name the right one in a message.
    command_line
        What the command line gave, which wins over all files.

    Raises
    ------
    InputErrors
        For all unknown keys, ids and values of the configuration, and of the datasets and models that it names; as
        ConfigErrors, unless what names them has a fault itself.
    """
    schemas = {name: read_yaml(path) for name, path in _schema_files(root).items()}
    said = {str(path): _read_config(Path(path)) for path in files}
    said[COMMAND_LINE] = dict(command_line or {})
    by_key = _faults_by_key(config, schemas["config"], said)
    faults = [fault for of_key in by_key.values() for fault in of_key]
    if NAMING & by_key.keys():
        raise InputErrors(faults)
    config = _completed({key: value for key, value in config.items() if key not in by_key}, schemas["config"])
    with kept(faults):
        _check_windows(config, said)
    try:
        found = _find(config["dataset_dirs"], root, _key(["dataset_dirs"], said))
    except InputError as error:
        raise InputErrors([*faults, str(error)]) from None
    models_found = _find(["config/models"], root, NOWHERE)
    published = _published(config, models_found, schemas["model"], root, said, faults)
    datasets = _datasets(config, found, published, schemas, root, said, faults)
    models = _models(config, models_found, schemas["model"], said, faults)
    if not {"training", "model_options"} & by_key.keys():
        with kept(faults):
            _check_batches(config, said)
    project = Project(config, datasets, models, published, said)
    if faults:
        raise ConfigErrors(faults, project)
    return project


def _completed(config: dict, schema: dict) -> dict:
    """A configuration with its defaults, and whole numbers where they are meant."""
    config, training = with_defaults(config, schema), schema["properties"]["training"]
    config["model_options"] = {
        model: {**options, "training": with_whole_numbers(options.get("training", {}), training)}
        for model, options in config["model_options"].items()
    }
    # JSON schema takes 42.0 for an integer; in a path it is not.
    config["seeds"] = [int(seed) for seed in config["seeds"]]
    return config


def known_ids(project: Project, root: Path) -> dict[str, list[str]]:
    """Ids of all `models` and `datasets` that have a file, in this run or not, and of those that twins stand for."""
    folders = dict.fromkeys(["config/datasets", *project.config["dataset_dirs"]])
    twins_of = {settings["twin_of"] for settings in project.datasets.values()} - {None}
    return {
        "models": sorted(_find(["config/models"], root, NOWHERE)),
        "datasets": sorted({*_find(folders, root, NOWHERE), *twins_of}),
    }


def _dataset(dataset_id: str, found: dict[str, Path], schemas: Mapping[str, dict], root: Path, named_by: str) -> dict:
    """A dataset's settings, with the parts that a schema cannot judge."""
    settings = _read_entry("dataset", dataset_id, found, schemas["dataset"], named_by)
    if "simulate" in settings["source"]:
        recipe = settings["source"]["simulate"]
        check(recipe, schemas["simulation"], f"{settings['file']}: source.simulate")
        check_recipe(recipe, settings["file"])
    for key, path in (("source.path", settings["source"].get("path")), ("windows", settings["windows"])):
        if path is not None:
            place_of(path, root, f"{settings['file']}: key '{key}'")
    _check_published_windows(settings, root)
    low, high = settings["random_window"] or (None, None)
    if low is not None and high is not None and low >= high:
        raise InputError(f"{settings['file']}: key 'random_window' is [{low}, {high}], the second has to be larger")
    return settings


def _published(
    config: dict, models: dict[str, Path], schema: dict, root: Path, said: Mapping[str, dict], faults: list[str]
) -> dict[str, dict[str, str | dict]]:
    """Published weights by source and model."""
    published = {PUBLISHED_PREFIX + name: {} for name in config["published"]}
    for name, weights_of in config["published"].items():
        for model, weights in weights_of.items():
            with kept(faults):
                _check_published_weights((name, model), weights, models, schema, root, said)
                published[PUBLISHED_PREFIX + name][model] = weights
    return published


def _datasets(
    config: dict,
    found: dict[str, Path],
    published: Iterable[str],
    schemas: Mapping[str, dict],
    root: Path,
    said: Mapping[str, dict],
    faults: list[str],
) -> dict[str, dict]:
    """The run's datasets, wherever it names them."""
    sources = [source for source in config["sources"] if source not in published]
    datasets = {}
    for dataset_id in dict.fromkeys([*config["datasets"], *sources, *config["targets"]]):
        with kept(faults):
            where = _place(dataset_id, config, said)
            if dataset_id.startswith(PUBLISHED_PREFIX):
                raise InputError(
                    f"{where}: '{dataset_id}' is no dataset; {PUBLISHED_PREFIX}NAME is a source that stands in "
                    f"`published`{suggestion(dataset_id, published)}"
                )
            datasets[dataset_id] = _dataset(dataset_id, found, schemas, root, where)
    return datasets


def _models(
    config: dict, found: dict[str, Path], schema: dict, said: Mapping[str, dict], faults: list[str]
) -> dict[str, dict]:
    """The run's models with what `model_options` says otherwise, which may be about models that are not in this run."""
    models = {}
    for model_id in config["models"]:
        with kept(faults):
            models[model_id] = _read_entry("model", model_id, found, schema, _place(model_id, config, said))
    for model_id, options in config["model_options"].items():
        with kept(faults):
            where = _key(("model_options", model_id), said)
            model = models.get(model_id) or _read_entry("model", model_id, found, schema, where)
            _set_options(model, options, said)
    return models


def _set_options(model: dict, options: dict, said: Mapping[str, dict]) -> None:
    """Set what the configuration says otherwise for a model."""
    model_id, known, own = model["id"], model["settings"], options.get("settings", {})
    # An adapter wants each of its keys in the model's file, so that there are no others.
    for key in own:
        if key not in known:
            path = ("model_options", model_id, "settings", key)
            where = f"{_file_that_holds(path, said)}: unknown key '{'.'.join(path)}'"
            raise InputError(f"{where}{suggestion(key, known)}")
    model["settings"] = {**known, **own}
    if model["learns_from"] != "traces":
        ignored = [("training", key) for key in options.get("training", {}) if key not in OF_EVERY_TRAINING]
        ignored += [("learning_rates",)] if "learning_rates" in options else []
        for path in ignored:
            where = _key(("model_options", model_id, *path), said)
            raise InputError(f"{where} has no effect, since {model_id} is no neural network; leave it out")


def _check_batches(config: dict, said: Mapping[str, dict]) -> None:
    """Refuse parts of a batch that are larger than the batch, for all models or for one."""
    of_all = config["training"]
    options_of = {model: options for model, options in config["model_options"].items() if model in config["models"]}
    for model, options in {None: {"training": of_all}, **options_of}.items():
        own = options.get("training", {})
        limits = {**of_all, **own}
        if (limits["device_batch"] or 0) > limits["batch_size"]:
            # The one that the options of a model say; what they leave out is as for all.
            key, other = ("device_batch", "batch_size") if "device_batch" in own else ("batch_size", "device_batch")
            path = ("training", key) if model is None else ("model_options", model, "training", key)
            fault = f"is {limits[key]}, but {other} is {limits[other]}; expected a device_batch of batch_size at most"
            raise InputError(f"{_key(path, said)} {fault}")


def _check_windows(config: dict, said: Mapping[str, dict]) -> None:
    """Refuse rules of windows that leave no room for any."""
    try:
        WindowRules(**config["windows"], seed=int(config["data_seed"]))
    except InputError as error:
        raise InputError(f"{_file_that_holds(['windows'], said)}: {error}") from None


def _check_published_weights(
    of: tuple[str, str],
    weights: str | dict,
    models: dict[str, Path],
    schema: dict,
    root: Path,
    said: Mapping[str, dict],
) -> None:
    """Refuse published weights of a name and model that the model cannot have, or whose files do not exist."""
    path, model = ("published", *of), of[1]
    networks = _read_entry("model", model, models, schema, _key(path, said))["networks"]
    if networks != 1:
        consists = f"consists of {networks or 'no'} neural networks"
        raise InputError(f"{_key(path, said)}: {model} {consists}; published weights can be had for one alone")
    for kind, file in {} if isinstance(weights, str) else weights.items():
        where = _key((*path, kind), said)
        if not os.path.isfile(place := place_of(file, root, where)):
            raise InputError(f"{where} is {file!r}, but there is no file {place}")


def _check_published_windows(settings: dict, root: Path) -> None:
    """Refuse a folder of published windows that lacks the file of a declared task."""
    for path in published_windows(settings, root):
        if not os.path.isfile(path):
            raise InputError(f"{settings['file']}: key 'windows' is {settings['windows']!r}, but there is no {path}")


def _schema_files(root: Path) -> dict[str, Path]:
    folder = root / "workflow" / "schemas"
    return {name: folder / f"{name}.schema.yaml" for name in ("config", "dataset", "model", "simulation")}


def _faults_by_key(config: dict, schema: dict, said: Mapping[str, dict]) -> dict[str, list[str]]:
    """Faults of a merged configuration by the first key on their way, naming the last file in which each stands."""
    # A file alone need not hold the required keys.
    partial, lines = SchemaValidator({**schema, "required": []}), {}
    for fault in faults_of(config, schema):
        key, blamed = _top_key(fault), NOWHERE
        for name, content in said.items():
            if any(_top_key(error) == key for error in partial.iter_errors(content)):
                blamed = name
        lines.setdefault(key, []).append(f"{blamed}: {explain(fault, on_command_line=blamed == COMMAND_LINE)}")
    return lines


def _top_key(fault: ValidationError) -> str:
    """The first key on the way to a fault, be it unknown or missing itself."""
    return fault.absolute_path[0] if fault.absolute_path else fault.message


def _place(entry_id: str, config: dict, said: Mapping[str, dict]) -> str:
    """What to call, in a message, the place in a list of ids that asks for an entry first."""
    for key in ("datasets", "sources", "targets", "models"):
        if entry_id in config[key]:
            where = f"{key}.{config[key].index(entry_id)}"
            return f"{_file_that_holds([key], said)}: key '{where}'"
    return NOWHERE


def _file_that_holds(path: Sequence[str], said: Mapping[str, dict]) -> str:
    """The last configuration file that has a key, given by the keys that lead to it."""
    for name in reversed(said):
        content = said[name]
        for key in path:
            content = content.get(key) if isinstance(content, dict) else None
        if content is not None:
            return name
    return NOWHERE


def _key(path: Sequence[str], said: Mapping[str, dict]) -> str:
    """What to call a key in a message."""
    return f"{_file_that_holds(path, said)}: key '{'.'.join(path)}'"


def _find(folders: Iterable[str], root: Path, named_by: str) -> dict[str, Path]:
    """YAML files by id; a folder later in the list wins."""
    found = {}
    for folder in folders:
        path = place_of(folder, root, named_by)
        if not os.path.isdir(path):
            raise InputError(f"{named_by}: {folder} is no folder of YAML files (relative paths start at {root})")
        found |= {file.stem: file for file in sorted(path.glob("*.yaml"))}
    return found


def _read_entry(kind: str, entry_id: str, found: dict[str, Path], schema: dict, named_by: str) -> dict:
    if entry_id not in found:
        raise InputError(f"{named_by}: unknown {kind} '{entry_id}'{suggestion(entry_id, found)}")
    content = read_yaml(found[entry_id])
    check(content, schema, found[entry_id])
    return {**with_defaults(content, schema), "id": entry_id, "file": str(found[entry_id])}
