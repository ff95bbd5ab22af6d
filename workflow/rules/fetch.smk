# In: a dataset's settings. Out: a manifest of where its raw data lie, downloaded through SeisBench, found at the
# user's path, or simulated. Downloads run on a machine with internet access: `snakemake fetch` does only this stage.


SIMULATED = [name for name, settings in PROJECT.datasets.items() if "simulate" in settings["source"]]


localrules:
    fetch,
    fetch_dataset,


rule fetch:
    input:
        expand("results/raw/{dataset}.json", dataset=PROJECT.datasets),
        PUBLISHED_WEIGHTS,


rule fetch_dataset:
    input:
        files=raw_files,
    output:
        manifest="results/raw/{dataset}.json",
    log:
        "results/logs/fetch/{dataset}.log",
    benchmark:
        "results/benchmarks/fetch/{dataset}.tsv"
    wildcard_constraints:
        dataset=ids(name for name in PROJECT.datasets if name not in SIMULATED),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=16000,
        runtime="2d",
    params:
        version=VERSIONS["fetch"],
        source=source_of,
    message:
        "{wildcards.dataset}: finding the raw data"
    script:
        "../scripts/fetch.py"


rule simulate:
    output:
        manifest="results/raw/{dataset}.json",
        data=directory("results/raw/{dataset}"),
    log:
        "results/logs/simulate/{dataset}.log",
    benchmark:
        "results/benchmarks/simulate/{dataset}.tsv"
    wildcard_constraints:
        dataset=ids(SIMULATED),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(2000, 0, own_dataset),
        runtime=time_of(3),
    params:
        version=VERSIONS["simulate"],
        source=source_of,
        seed=RUN["data_seed"],
    message:
        "{wildcards.dataset}: simulating"
    script:
        "../scripts/simulate.py"
