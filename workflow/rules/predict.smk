# In: a picker's selected weights, and the prepared targets with their windows. Out: its prediction files. `predict` does
# all the targets of a picker in one job, leaves finished cells as they are while their inputs stay the same, and lists
# what there is in cells.json; `predict_cell` writes a single file that is asked for by its path.


rule predict:
    input:
        targets=all_targets,
        weights=selected_weights,
        selected=SELECTED,
    output:
        cells=CELLS,
    log:
        "results/logs/predict/{model}/{source}/seed{seed}.log",
    benchmark:
        "results/benchmarks/predict/{model}/{source}/seed{seed}.tsv"
    wildcard_constraints:
        model=ids(ON_GPU),
    conda:
        ENVIRONMENT
    threads: RUN["prediction"]["threads"]
    resources:
        gpu=1,
        mem_mb=memory(8000, 1000, own_targets),
        runtime=prediction_time("gpu", own_targets),
    params:
        version=VERSIONS["predict"],
        targets=targets_of_picker,
        model=model_of,
    message:
        "{wildcards.model} from {wildcards.source}, seed {wildcards.seed}: predicting all targets"
    script:
        "../scripts/predict.py"


rule predict_cell:
    input:
        data=prepared_target,
        windows="results/windows/{target}/{windows_file}.csv",
        weights=selected_weights,
        selected=SELECTED,
    output:
        cell=f"{PREDICTIONS}/{{target}}/{{split}}_{{windows_file}}.parquet",
    log:
        "results/logs/predict/{model}/{source}/seed{seed}-{target}-{split}-{windows_file}.log",
    benchmark:
        "results/benchmarks/predict/{model}/{source}/seed{seed}-{target}-{split}-{windows_file}.tsv"
    wildcard_constraints:
        model=ids(ON_GPU),
    conda:
        ENVIRONMENT
    threads: RUN["prediction"]["threads"]
    resources:
        gpu=1,
        mem_mb=memory(8000, 1000, own_target),
        runtime=prediction_time("gpu", own_target),
    params:
        version=VERSIONS["predict"],
        model=model_of,
    message:
        "{wildcards.model} from {wildcards.source}, seed {wildcards.seed}: predicting {wildcards.target}"
    script:
        "../scripts/predict_cell.py"
