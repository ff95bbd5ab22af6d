# In: the dev answers of a picker's candidates. Out: which candidate answers what; and copies of what their trainings have
# noted, beside the predictions, for figures and tables.


localrules:
    select,


rule select:
    input:
        candidates=expand([*CANDIDATE_FILES, HISTORY], lr=learning_rates, allow_missing=True),
    output:
        selected=SELECTED,
        candidates=directory(CANDIDATES),
    log:
        "results/logs/select/{model}/{source}/seed{seed}.log",
    benchmark:
        "results/benchmarks/select/{model}/{source}/seed{seed}.tsv"
    wildcard_constraints:
        source=ids(TRAINED_ON),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["select"],
        folders=candidate_folders,
        columns=answer_columns,
    message:
        "{wildcards.model} on {wildcards.source}, seed {wildcards.seed}: selecting"
    script:
        "../scripts/select.py"
