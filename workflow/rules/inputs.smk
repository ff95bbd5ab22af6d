# What the rules read and are told: their input and parameter functions, stage by stage.


# fetch


def source_of(wildcards):
    """Where a dataset comes from."""
    source = PROJECT.datasets[wildcards.dataset]["source"]
    return {**source, "path": str(located(source["path"], ROOT))} if "path" in source else source


def raw_files(wildcards):
    """The files of a dataset at a path: when they change, it is prepared again."""
    source = source_of(wildcards)
    folder = Path(source["path"]) if "path" in source else None
    found = (
        sorted([*folder.glob("metadata*.csv"), *folder.glob("waveforms*.hdf5"), *folder.glob("chunks")])
        if folder
        else []
    )
    return [str(path) for path in found]


# prepare


def arrival_columns_of(wildcards):
    """A dataset's own mapping of columns to phases, if it has one."""
    return PROJECT.datasets[wildcards.dataset]["arrival_columns"]


def chunk_number(wildcards):
    """Which chunk of how many."""
    names = chunks(wildcards.dataset)
    return [names.index(wildcards.chunk), len(names)]


# split


def split_mode(wildcards):
    """Whether a dataset keeps its own split."""
    return PROJECT.datasets[wildcards.dataset]["split"]


def expected_traces(wildcards):
    """How many traces the complete dataset has, if its file says so."""
    return PROJECT.datasets[wildcards.dataset]["expected"].get("traces")


def each_chunk(name, count):
    """A file of every chunk of a dataset."""
    return [f"results/data/{{dataset}}/{name}".replace("*", chunk) for chunk in chunk_names(count)]


# windows


def tasks_of(wildcards):
    """The tasks of a windows file that a dataset supports."""
    return [t for t in TASK_FILES[wildcards.windows_file] if t in PROJECT.datasets[wildcards.dataset]["tasks"]]


def published_of(wildcards):
    """Folder of published windows to take over, if the dataset names one."""
    folder = PROJECT.datasets[wildcards.dataset]["windows"]
    return None if folder is None else str(located(folder, ROOT))


def metadata_of(wildcards):
    """The metadata of a prepared dataset, all chunks."""
    return [path for path in prepared(wildcards.dataset) if path.endswith(".csv")]


def published_files(wildcards):
    """The published windows to take over, if there are any."""
    folder = published_of(wildcards)
    return [] if folder is None else f"{folder}/{wildcards.windows_file}.csv"


# train


def own_windows(wildcards):
    """The windows that the source itself has for the model's tasks."""
    return windows_files(wildcards.model, wildcards.source)


def training_plan(wildcards):
    """The settings that a training follows from, besides its data."""
    source = PROJECT.datasets[wildcards.source]
    of_networks = {key: value for key, value in RUN["training"].items() if key != "threads"}
    return {
        "model": model_of(wildcards),
        **{key: source[key] for key in ("random_window", "detection_samples", "rotate_array", "arrival_columns")},
        "columns": {name: columns_of(name, answer_columns(wildcards)) for name in TASK_FILES},
        "training": of_networks if wildcards.model in TRAINED_MODELS else {},
    }


def prepared_source(wildcards):
    """The files of a prepared source."""
    return prepared(wildcards.source)


# select


def candidates(wildcards, name):
    """One file of every candidate."""
    return [f"{folder}/{name}" for folder in candidate_folders(wildcards).values()]


def candidate_files(wildcards):
    """All that selection reads or hands on."""
    names = ("run.json", "dev_task1.parquet", "dev_task23.parquet", "weights.npz")
    return [path for name in names for path in candidates(wildcards, name)]


# predict


def selected_weights(wildcards):
    """The weights that may have been selected: all of the picker's candidates."""
    return candidates(wildcards, "weights.npz")


def all_targets(wildcards):
    """Prepared data and windows of every target of a model."""
    targets = GRID.targets_of(wildcards.model)
    return [path for name in targets for path in (*prepared(name), *windows_files(wildcards.model, name).values())]


def prepared_target(wildcards):
    """The files of a prepared target."""
    return prepared(wildcards.target)


def targets_of_picker(wildcards):
    """The targets of a model with their folders and windows files."""
    return {
        target: {"data": f"results/data/{target}", "windows": windows_files(wildcards.model, target)}
        for target in GRID.targets_of(wildcards.model)
    }


# metrics


def dev_answers(wildcards):
    """Dev answers of the candidates, for the thresholds that the source's own dev split gives."""
    return [path for name in TASK_FILES for path in candidates(wildcards, f"dev_{name}.parquet")]


def judged(wildcards):
    """What metrics need to know of the source and the targets: region, phases, and the tasks that the model answers."""
    answered = PROJECT.models[wildcards.model]["tasks"]
    return {
        name: {
            "region": PROJECT.datasets[name]["region"],
            "phases": PROJECT.datasets[name]["phases"],
            "tasks": [task for task in PROJECT.datasets[name]["tasks"] if task in answered],
        }
        for name in [wildcards.source, *GRID.targets_of(wildcards.model)]
    }


# tables


def titles(entries, *facts):
    """What a reader is shown of datasets or models, by id."""
    return {name: {fact: settings[fact] for fact in facts} for name, settings in entries.items()}


# figures


def cells_of(model, source):
    """The record of a picker's cells."""
    return f"results/predictions/{model}/{source}/seed{FIRST_SEED}/cells.json"


def pairs_in_domain():
    """(model, dataset) of every picker with onsets to show on its own source."""
    return [(model, name) for model in ONSET_MODELS for name in ONSET_IN_DOMAIN if name in GRID.sources_of(model)]


def in_domain(wildcards):
    """All models with each dataset as source, as far as the dataset is a target too."""
    return [cells_of(model, dataset) for model, dataset in pairs_in_domain()]


def across(wildcards):
    """One model with all sources."""
    return [cells_of(wildcards.model, source) for source in GRID.sources_of(wildcards.model)]


def titled(entries, names):
    """(id, title) of models or datasets, in order."""
    return [(name, entries[name]["title"]) for name in names]


def test_file(model, source, target):
    """The prediction file that a panel shows."""
    return cells_of(model, source).replace("cells.json", f"{target}/test_task23.parquet")


def histories_of(model):
    """(source, learning rate, losses by epoch) of every training of a model."""
    pattern = "results/train/{}/{}/lr{}-seed{}/history.csv"
    trainings = [(source, rate) for source in GRID.sources_of(model) for rate in GRID.learning_rates(model)]
    return [(source, rate, pattern.format(model, source, rate, FIRST_SEED)) for source, rate in trainings]


def histories(wildcards):
    """The losses of all trainings of a model."""
    return [path for _, _, path in histories_of(wildcards.model)]


def panels_of_losses(wildcards):
    """Panels and files of a model's losses."""
    model = wildcards.model
    return {
        "title": f"losses of {PROJECT.models[model]['title']} in training (seed {FIRST_SEED})",
        "sources": titled(PROJECT.datasets, GRID.sources_of(model)),
        "files": histories_of(model),
    }


def panels_in_domain(wildcards):
    """Rows, columns and files of the in-domain figures."""
    return {
        "title": f"residuals in-domain (test, seed {FIRST_SEED})\nrows: models, columns: datasets",
        "rows": titled(PROJECT.models, ONSET_MODELS),
        "columns": titled(PROJECT.datasets, ONSET_IN_DOMAIN),
        "files": [(model, dataset, test_file(model, dataset, dataset)) for model, dataset in pairs_in_domain()],
    }


def panels_across(wildcards):
    """Rows, columns and files of a model's cross-domain figures."""
    model, sources = wildcards.model, GRID.sources_of(wildcards.model)
    return {
        "title": f"residuals of {PROJECT.models[model]['title']} across domains (test, seed {FIRST_SEED})\n"
        "rows: sources, columns: targets",
        "rows": titled(PROJECT.datasets, sources),
        "columns": titled(PROJECT.datasets, ONSET_TARGETS),
        "files": [(s, t, test_file(model, s, t)) for s in sources for t in ONSET_TARGETS],
    }
