# In: a picker's selected weights, and the prepared targets with their windows. Out: its prediction files. `predict` does
# all the targets of a picker in one job and lists what it made in cells.json; `predict_cell` gives a single file that
# is asked for by its path. Both leave a finished cell as it is while its inputs stay the same.


def selected_weights(wildcards):
    """The weights that may have been selected: all of the picker's candidates."""
    return candidates(wildcards, "weights.npz")


def all_targets(wildcards):
    """Prepared data and windows of every target of a model."""
    return [
        path
        for target in GRID.targets_of(wildcards.model)
        for path in target_files(wildcards.model, target)
    ]


def one_target(wildcards):
    """Prepared data and windows of one target."""
    return target_files(wildcards.model, wildcards.target)


def target_files(model, target):
    """Prepared data and windows of a target."""
    return [*prepared(target), *windows_files(model, target).values()]


def targets_of_picker(wildcards):
    """The targets of a job with their windows files: one, or all of a model."""
    target = getattr(wildcards, "target", None)
    targets = GRID.targets_of(wildcards.model) if target is None else [target]
    return {target: windows_files(wildcards.model, target) for target in targets}


rule predict:
    input:
        all_targets,
        selected_weights,
        selected="results/selected/{model}/{source}/seed{seed}.json",
    output:
        cells="results/predictions/{model}/{source}/seed{seed}/cells.json",
    log:
        "results/logs/predict/{model}/{source}/seed{seed}.log",
    benchmark:
        "results/benchmarks/predict/{model}/{source}/seed{seed}.tsv"
    conda:
        ENVIRONMENT
    threads: RUN["prediction"]["threads"]
    resources:
        mem_mb=16000,
        runtime="1d",
    params:
        version=VERSIONS["predict"],
        targets=targets_of_picker,
        model=model_of,
        batch_size=RUN["prediction"]["batch_size"],
    message:
        "{wildcards.model} from {wildcards.source}, seed {wildcards.seed}: predicting all targets"
    script:
        "../scripts/predict.py"


use rule predict as predict_cell with:
    input:
        one_target,
        selected_weights,
        selected="results/selected/{model}/{source}/seed{seed}.json",
    output:
        cell="results/predictions/{model}/{source}/seed{seed}/{target}/{split}_{windows_file}.parquet",
    log:
        "results/logs/predict/{model}/{source}/seed{seed}-{target}-{split}-{windows_file}.log",
    benchmark:
        "results/benchmarks/predict/{model}/{source}/seed{seed}-{target}-{split}-{windows_file}.tsv"
    message:
        "{wildcards.model} from {wildcards.source}, seed {wildcards.seed}: predicting {wildcards.target}"
