# In: the dev answers of a picker's candidates. Out: which candidate answers what.


def candidates(wildcards, name):
    """One file of every candidate."""
    return [f"{folder}/{name}" for folder in candidate_folders(wildcards).values()]


def candidate_files(wildcards):
    """All that selection reads or hands on."""
    names = ("run.json", "dev_task1.parquet", "dev_task23.parquet", "weights.npz")
    return [path for name in names for path in candidates(wildcards, name)]


localrules:
    select,


rule select:
    input:
        candidate_files,
    output:
        selected="results/selected/{model}/{source}/seed{seed}.json",
    log:
        "results/logs/select/{model}/{source}/seed{seed}.log",
    benchmark:
        "results/benchmarks/select/{model}/{source}/seed{seed}.tsv"
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
