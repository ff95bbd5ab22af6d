# In: the prediction files of a picker, and of those that were trained here the dev answers of the candidates, for the
# thresholds that the source's own dev split gives. Out: its metrics in every cell; and all of them in one long table, with
# what the jobs took up to here beside it. Benchmark files are no declared inputs: Snakemake would run a job again for want
# of one. Those that are there are read.


rule metrics:
    input:
        dev=expand(DEV_ANSWERS.values(), lr=learning_rates, allow_missing=True),
        cells=made_from(CELLS),
        selected=SELECTED,
    output:
        metrics=METRICS,
    log:
        "results/logs/metrics/{model}/{source}/seed{seed}.log",
    benchmark:
        "results/benchmarks/metrics/{model}/{source}/seed{seed}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(2000, 1000, own_targets),
        runtime=time_of(1),
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
        metrics=picker_paths(METRICS, GRID.pickers()),
    output:
        csv="results/metrics.csv",
        parquet="results/metrics.parquet",
        benchmarks=MEASURED,
    log:
        "results/logs/metrics/collect.log",
    benchmark:
        "results/benchmarks/collect.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["metrics"],
        benchmarks=all_benchmarks,
    message:
        "collecting the metrics of all pickers"
    script:
        "../scripts/collect.py"
