# In: the prediction files and the selected weights of the pickers that learned from a dataset, its waveforms and its labels.
# Out: example windows of its test split, chosen by rule, as a CSV and an archive of waveforms and probability curves; from
# these two alone, a figure of each dataset and a table of all examples. With several seeds, the first one is shown.


rule examples:
    input:
        data=prepared_files,
        windows="results/windows/{dataset}/task23.csv",
        # They are kept together with the output, and where they are copied to, any of them may be the newer one. What they
        # follow from is among the inputs and parameters as well.
        picks=ancient(PICK_FACTS),
        cells=ancient(cells_of_examples),
        selected=selections_of_examples,
        weights=weights_of_examples,
    output:
        csv=f"{EXAMPLES}.csv",
        npz=f"{EXAMPLES}.npz",
    log:
        "results/logs/examples/{dataset}.log",
    benchmark:
        "results/benchmarks/examples/{dataset}.tsv"
    wildcard_constraints:
        dataset=ids(EXAMPLE_DATASETS),
    conda:
        ENVIRONMENT
    threads: RUN["prediction"]["threads"]
    resources:
        mem_mb=memory(8000, 0, own_dataset),
        runtime=time_of(0),
    params:
        version=[VERSIONS["facts"], VERSIONS["predict"], VERSIONS["examples"]],
        arrival_columns=arrival_columns_of,
        pickers=settings_of_examples,
        region=region_of,
    message:
        "{wildcards.dataset}: choosing example windows, and computing what models see in them"
    script:
        "../scripts/examples.py"


localrules:
    draw_examples,
    example_table,


rule draw_examples:
    input:
        csv=f"{EXAMPLES}.csv",
        npz=f"{EXAMPLES}.npz",
    output:
        pdf=f"{EXAMPLE_FIGURE}.pdf",
        png=in_report(
            f"{EXAMPLE_FIGURE}.png",
            "examples",
            "in-domain",
            {"Dataset": "{dataset}"},
            "Example waveforms",
        ),
    log:
        "results/logs/figures/examples-{dataset}.log",
    benchmark:
        "results/benchmarks/figures/examples-{dataset}.tsv"
    wildcard_constraints:
        dataset=ids(EXAMPLE_DATASETS),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=[VERSIONS["figures"], VERSIONS["examples"]],
        panels=panels_of_examples,
    message:
        "{wildcards.dataset}: drawing example waveforms"
    script:
        "../scripts/draw_examples.py"


rule example_table:
    input:
        csvs=expand(f"{EXAMPLES}.csv", dataset=EXAMPLE_DATASETS),
    output:
        tables=page_in_report(
            EXAMPLE_TABLE, "example-table", "in-domain", {"Dataset": "all: table of picks"}, "Example waveforms"
        ),
    log:
        "results/logs/examples/table.log",
    benchmark:
        "results/benchmarks/examples/table.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=[VERSIONS["tables"], VERSIONS["examples"]],
        names={name: names_in_examples(name) for name in EXAMPLE_DATASETS},
        datasets=titles(PROJECT.datasets, "title", "region"),
    message:
        "writing the table of example windows"
    script:
        "../scripts/example_table.py"
