# What the rules read and are told: their input and parameter functions, stage by stage.


# fetch


def source_of(wildcards):
    """Where a dataset comes from."""
    return source_at(PROJECT.datasets[wildcards.dataset]["source"], ROOT)


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


def training_of(wildcards):
    """The training settings of a model."""
    return {**RUN["training"], **RUN["model_options"].get(wildcards.model, {}).get("training", {})}


def training_threads(wildcards):
    """CPU cores of a model's training."""
    return training_of(wildcards)["threads"]


def training_plan(wildcards):
    """The settings that a training follows from, besides its data: those of its kind and no others."""
    plan = {
        "model": model_of(wildcards),
        "columns": {name: columns_of(name, answer_columns(wildcards)) for name in TASK_FILES},
    }
    learns_from = PROJECT.models[wildcards.model]["learns_from"]
    if learns_from == "traces":
        limits, source = training_of(wildcards), PROJECT.datasets[wildcards.source]
        of_source = ("random_window", "detection_samples", "rotate_array", "arrival_columns")
        plan["training"] = {
            **{key: value for key, value in limits.items() if key != "threads"},
            **{key: source[key] for key in of_source},
        }
    elif learns_from == "windows":
        plan["tuning"] = RUN["tuning"]
    return plan


def prepared_source(wildcards):
    """The files of a prepared source."""
    return prepared(wildcards.source)


# adopt


def published_weights(wildcards):
    """Which published weights a source stands for: a name in SeisBench's repository, or paths."""
    if wildcards.model not in PROJECT.published[wildcards.source]:
        raise WorkflowError(f"published: {wildcards.source} has no weights of {wildcards.model}")
    return weights_at(PROJECT.published[wildcards.source][wildcards.model], ROOT)


def weights_pair(wildcards):
    """The pair of files, where paths are given: when one changes, the weights are taken over again."""
    weights = published_weights(wildcards)
    return {} if isinstance(weights, str) else weights


# select


def candidate_folders(wildcards):
    """The folders of a picker's candidates, by learning rate."""
    picker = {key: wildcards[key] for key in ("model", "source", "seed")}
    return {lr: CANDIDATE.format(lr=lr, **picker) for lr in learning_rates(wildcards)}


# predict


def selected_weights(wildcards):
    """The weights that may have been selected: all of the picker's candidates, or the published ones."""
    if wildcards.source in PROJECT.published:
        return PUBLISHED
    return expand(WEIGHTS, lr=learning_rates(wildcards), allow_missing=True)


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


def judged(wildcards):
    """What metrics need to know of the source and the targets: region, phases, and the tasks that the model answers."""
    answered = PROJECT.models[wildcards.model]["tasks"]
    datasets = dict.fromkeys([wildcards.source, *GRID.targets_of(wildcards.model)])
    return {
        name: {
            "region": PROJECT.datasets[name]["region"],
            "phases": PROJECT.datasets[name]["phases"],
            "tasks": [task for task in PROJECT.datasets[name]["tasks"] if task in answered],
        }
        for name in datasets
        if name in PROJECT.datasets
    }


# tables


def titles(entries, *facts):
    """What a reader is shown of datasets or models, by id."""
    return {name: {fact: settings[fact] for fact in facts} for name, settings in entries.items()}


def tables_in_report():
    """The files of all tables of metrics; the report shows the pages, by task and phase."""
    files = []
    for name, table in TABLE_NAMES.items():
        measures = [MEASURES[metric] for metric, _ in table.parts]
        paths, task = expand("results/tables/{name}.{kind}", name=name, kind=FORMATS), measures[0].task
        phase = {"Phase": table.phase} if table.phase else {}
        if table.across:
            metrics_shown = ", ".join(dict.fromkeys(metric.title for metric in measures))
            shows = {"Shows": f"{metrics_shown}, table", **phase}
            files += page_in_report(paths, f"cross-domain-task{task}", "cross-domain", shows, TASKS[task])
        else:
            files += page_in_report(
                paths, f"in-domain-task{task}", "in-domain", {"Shows": "Table", **phase}, TASKS[task]
            )
    return files


def what_was_selected():
    """Model, source and selection of every picker that learns here."""
    return [
        (model, source, KEPT_SELECTED.format(model=model, source=source, seed=seed))
        for model, source, seed in GRID.learning_pickers()
    ]


# findings


def real_or_not():
    """Title of each dataset, and whether it is anything but the real one."""
    return {
        name: {**titled_as, "simulated": "simulate" in PROJECT.datasets[name]["source"]}
        for name, titled_as in titles(PROJECT.datasets, "title", "twin_of").items()
    }


# demand


def own_pickers():
    """Every picker that has candidates of this run: trained, searched for, or a control."""
    return [picker for picker in GRID.pickers() if picker[1] not in PROJECT.published]


def used_windows():
    """(dataset, windows file) of all windows that any model learns from or answers."""
    return {
        (dataset, name)
        for model in GRID.models
        for dataset in {*sources_learned_from(model), *GRID.targets_of(model)}
        for name in GRID.task_files(model, dataset)
    }


def jobs_of_pickers(pickers, benchmark, kind, noted):
    """The jobs of these pickers: ids, benchmark file, and under its kind the file or folder of what they have noted."""
    return [
        {"model": picker[0], "source": picker[1], "benchmark": str(path), kind: record}
        for picker in pickers
        for path, record in zip(picker_paths(benchmark, [picker]), picker_paths(noted, [picker]), strict=True)
    ]


def other_jobs(benchmarks):
    """Jobs of which nothing but the benchmark file is needed."""
    # Those of Snakemake know their rules, and parameters have to be plain.
    return [{"benchmark": str(path)} for path in benchmarks]


def jobs_by_stage():
    """The files of all jobs up to the metrics, by stage."""
    datasets, own = list(PROJECT.datasets), own_pickers()
    downloaded = [name for name in datasets if name not in SIMULATED]
    windows = [rules.windows.benchmark.format(dataset=d, windows_file=w) for d, w in sorted(used_windows())]
    prepare = [rules.prepare.benchmark.format(dataset=d, chunk=chunk) for d in datasets for chunk in chunks(d)]
    return {
        "fetch": other_jobs(expand(rules.fetch_dataset.benchmark, dataset=downloaded)),
        "simulate": other_jobs(expand(rules.simulate.benchmark, dataset=SIMULATED)),
        "prepare": other_jobs(prepare),
        "split": other_jobs(expand("results/benchmarks/split/{dataset}.tsv", dataset=datasets)),
        "windows": other_jobs(windows),
        "train": jobs_of_pickers(own, rules.train.benchmark, "training", KEPT),
        "select": other_jobs(picker_paths(rules.select.benchmark, own)),
        "adopt": other_jobs(picker_paths(rules.adopt.benchmark, PUBLISHED_PICKERS)),
        "predict": jobs_of_pickers(GRID.pickers(), rules.predict.benchmark, "cells", CELLS),
        "metrics": other_jobs(picker_paths(rules.metrics.benchmark, GRID.pickers())),
    }


def all_benchmarks(wildcards):
    """The benchmark files of these jobs."""
    return [job["benchmark"] for jobs in jobs_by_stage().values() for job in jobs]


# export


def pickers_to_export():
    """Every picker that was trained here: its model with what to cite, its source, and what was selected."""
    return [
        {
            "model": {**PROJECT.settings_of(model), "citation": PROJECT.models[model].get("citation", "")},
            "source": {"id": source, "title": PROJECT.datasets[source]["title"]},
            "seed": seed,
            "selected": SELECTED.format(model=model, source=source, seed=seed),
        }
        for model, source, seed in GRID.trained_pickers()
    ]
