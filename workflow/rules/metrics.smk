# In: the prediction files of a picker. Out: its metrics in every cell; and all of them in one long table.


rule metrics:
    input:
        dev=dev_answers,
        cells="results/predictions/{model}/{source}/seed{seed}/cells.json",
        selected="results/selected/{model}/{source}/seed{seed}.json",
    output:
        metrics="results/metrics/{model}/{source}/seed{seed}.csv",
    log:
        "results/logs/metrics/{model}/{source}/seed{seed}.log",
    benchmark:
        "results/benchmarks/metrics/{model}/{source}/seed{seed}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=4000,
        runtime="1h",
    params:
        version=VERSIONS["metrics"],
        datasets=judged,
    message:
        "{wildcards.model} from {wildcards.source}, seed {wildcards.seed}: metrics"
    script:
        "../scripts/metrics.py"


localrules:
    collect,


rule collect:
    input:
        metrics=picker_paths("results/metrics/{model}/{source}/seed{seed}.csv", GRID.pickers()),
    output:
        csv="results/metrics.csv",
        parquet="results/metrics.parquet",
    log:
        "results/logs/metrics/collect.log",
    benchmark:
        "results/benchmarks/metrics/collect.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["metrics"],
    message:
        "collecting the metrics of all pickers"
    script:
        "../scripts/collect.py"
