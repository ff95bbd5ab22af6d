# In: published weights, a pair of files or a name in SeisBench's model repository. Out: weights as a training leaves
# them, and the file in which selection would have said what they answer. Nothing is trained. As `fetch_dataset` it may
# have to download; `snakemake fetch` does both.


localrules:
    adopt,


rule adopt:
    input:
        unpack(weights_pair),
    output:
        weights=PUBLISHED,
        selected=SELECTED.format(model="{model}", source="{source}", seed=FIRST_SEED),
    log:
        "results/logs/adopt/{model}/{source}.log",
    benchmark:
        "results/benchmarks/adopt/{model}/{source}.tsv"
    wildcard_constraints:
        source=ids(PROJECT.published),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=4000,
        runtime="1h",
    params:
        version=VERSIONS["adopt"],
        published=published_weights,
        model=model_of,
        columns=answer_columns,
        seed=FIRST_SEED,
    message:
        "{wildcards.model}, {wildcards.source}: taking over published weights"
    script:
        "../scripts/adopt.py"
