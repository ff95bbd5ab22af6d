# In: the metrics of all pickers, and what was selected for each. Out: every table as CSV, TeX and HTML.


localrules:
    metric_tables,
    selection,
    tables,


rule metric_tables:
    input:
        metrics=COLLECTED,
    output:
        tables=tables_in_report(),
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


rule selection:
    input:
        candidates=picker_paths(CANDIDATES, GRID.learning_pickers()),
    output:
        tables=page_in_report(SELECTION, "selection", "training", {"Shows": "What was selected, and by how much"}),
    log:
        "results/logs/selection.log",
    benchmark:
        "results/benchmarks/selection.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["tables"],
        selected=what_was_selected(),
        models=titles(PROJECT.models, "title"),
        datasets=titles(PROJECT.datasets, "title"),
    message:
        "writing the table of what was selected"
    script:
        "../scripts/selection.py"


# All tables, from the metrics and predictions that are there.
rule tables:
    input:
        ALL_TABLES,
