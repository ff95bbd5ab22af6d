# In: prepared datasets, and the prediction files. Out: the facts of each dataset, one row a trace and one row a pick; and
# figures for which records matter: what each dataset consists of; and onset residuals in-domain against signal-to-noise
# ratio and against distance, every model on one dataset.


wildcard_constraints:
    condition=ids(CONDITIONS),


localrules:
    conditions,
    overview,


rule facts:
    input:
        data=prepared_files,
    output:
        traces=TRACE_FACTS,
        picks=PICK_FACTS,
    log:
        "results/logs/facts/{dataset}.log",
    benchmark:
        "results/benchmarks/facts/{dataset}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(2000, 2000, own_dataset),
        runtime=time_of(3),
    params:
        version=VERSIONS["facts"],
        arrival_columns=arrival_columns_of,
    message:
        "{wildcards.dataset}: gathering distances and signal-to-noise ratios"
    script:
        "../scripts/facts.py"


rule conditions:
    input:
        cells=own_cells,
        traces=TRACE_FACTS,
        picks=PICK_FACTS,
    output:
        pdf=f"{BY_CONDITION}.pdf",
        png=in_report(
            f"{BY_CONDITION}.png",
            "conditions",
            "conditions",
            {"Dataset": "{dataset}", "Against": "{condition}", "Phase": "{phase}"},
            "Signal-to-noise ratio and distance",
        ),
    log:
        "results/logs/figures/{dataset}-residuals-{phase}-{condition}.log",
    benchmark:
        "results/benchmarks/figures/{dataset}-residuals-{phase}-{condition}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=4000,
        runtime="30m",
    params:
        version=VERSIONS["figures"],
        panels=panels_by_condition,
    message:
        "{wildcards.dataset}: drawing residuals of {wildcards.phase} against {wildcards.condition}"
    script:
        "../scripts/conditions.py"


rule overview:
    input:
        traces=TRACE_FACTS,
        picks=PICK_FACTS,
    output:
        pdf=f"{OVERVIEW}.pdf",
        png=in_report(f"{OVERVIEW}.png", "overview", "data", {"Dataset": "{dataset}"}, "What datasets consist of"),
    log:
        "results/logs/figures/{dataset}.log",
    benchmark:
        "results/benchmarks/figures/{dataset}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=4000,
        runtime="30m",
    params:
        version=VERSIONS["figures"],
        title=title_of,
        about=about,
    message:
        "{wildcards.dataset}: drawing what it consists of"
    script:
        "../scripts/overview.py"
