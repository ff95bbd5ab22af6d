# In: a picker's selected weights, and the prepared targets with their windows. Out: its prediction files. `predict` does
# all the targets of a picker in one job and lists what it made in cells.json; `predict_cell` gives a single file that
# is asked for by its path. Both leave a finished cell as it is while its inputs stay the same.


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
