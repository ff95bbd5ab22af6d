# In: what every stage has left. Out: what the run was made with and from, as run.json and as a table; and the table of
# what was left out of each dataset, and why.


localrules:
    provenance,
    dropped,


rule provenance:
    input:
        metrics="results/metrics.csv",
        trainings=picker_paths([RECORD, WEIGHTS], own_pickers()),
        published=PUBLISHED_WEIGHTS,
        predictions=picker_paths(CELLS, GRID.pickers()),
        data=expand(["results/raw/{dataset}.json", "results/data/{dataset}/checksums.json"], dataset=PROJECT.datasets),
    output:
        json="results/run.json",
        tables=page_in_report(PROVENANCE, "provenance", "run", {"Shows": "Versions, settings, seeds and checksums"}),
    log:
        "results/logs/provenance.log",
    benchmark:
        "results/benchmarks/provenance.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["report"],
        files=files_of_the_run(),
        settings=settings_of_the_run(),
    message:
        "writing down what the run was made with"
    script:
        "../scripts/provenance.py"


rule dropped:
    input:
        accounts=expand(
            ["results/data/{dataset}/dropped.json", "results/data/{dataset}/split_report.json"],
            dataset=PROJECT.datasets,
        ),
        windows=[path for files in dataset_accounts() for path in files["windows"]],
    output:
        page_in_report(DROPPED, "dropped", "data", {"Shows": "What was left out, and why"}, "Traces used and left out"),
    log:
        "results/logs/dropped.log",
    benchmark:
        "results/benchmarks/dropped.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["report"],
        files=dataset_accounts(),
        titles={name: settings["title"] for name, settings in PROJECT.datasets.items()},
    message:
        "counting what was left out of each dataset"
    script:
        "../scripts/dropped.py"
