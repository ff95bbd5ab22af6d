# In: a prepared source and its windows. Out: for every learning rate and seed the best weights, the course of the
# losses, what made them, and the answers to the source's own dev windows, from which selection chooses.


rule train:
    input:
        unpack(own_windows),
        data=prepared_source,
    output:
        weights=WEIGHTS,
        history=HISTORY,
        run=RECORD,
        task1=DEV_ANSWERS["task1"],
        task23=DEV_ANSWERS["task23"],
    log:
        "results/logs/train/{model}/{source}/lr{lr}-seed{seed}.log",
    benchmark:
        "results/benchmarks/train/{model}/{source}/lr{lr}-seed{seed}.tsv"
    wildcard_constraints:
        model=ids(ON_GPU),
        source=ids(TRAINED_ON),
    conda:
        ENVIRONMENT
    threads: training_threads
    resources:
        gpu=1,
        mem_mb=memory(8000, 1000, own_source),
        runtime=training_time,
    params:
        version=VERSIONS["train"],
        answering=VERSIONS["predict"],
        plan=training_plan,
    message:
        "{wildcards.model} on {wildcards.source}: training with learning rate {wildcards.lr}, seed {wildcards.seed}"
    script:
        "../scripts/train.py"
