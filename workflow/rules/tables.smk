# In: the metrics of all pickers. Out: every table as CSV, TeX and HTML.


localrules:
    tables,


rule tables:
    input:
        metrics="results/metrics.csv",
    output:
        TABLES,
    log:
        "results/logs/tables.log",
    benchmark:
        "results/benchmarks/tables.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["tables"],
        models=titles(PROJECT.models, "title", "control"),
        datasets=titles(PROJECT.datasets, "title", "region"),
    message:
        "writing tables"
    script:
        "../scripts/tables.py"
