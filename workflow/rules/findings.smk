# In: the metrics of all pickers, what was selected for each, and what resources/ says of the paper. Out: which of its
# findings this run reproduces, as findings.json with every number and as a table; and its published figures beside ours.


localrules:
    findings,
    published,


rule findings:
    input:
        metrics=COLLECTED,
        candidates=picker_paths(CANDIDATES, GRID.learning_pickers()),
        claims=str(CLAIMS),
        form=str(CLAIMS_FORM),
    output:
        json="results/findings.json",
        tables=page_in_report(
            FINDINGS, "findings", "findings", {"Shows": "Findings of the paper, and what this run says"}
        ),
    log:
        "results/logs/findings.log",
    benchmark:
        "results/benchmarks/findings.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["findings"],
        selected=what_was_selected(),
        networks={name: settings["networks"] for name, settings in PROJECT.models.items()},
        known=KNOWN,
        models=titles(PROJECT.models, "title", "control"),
        datasets=titles(PROJECT.datasets, "title", "region", "twin_of"),
    message:
        "deciding the findings of the paper"
    script:
        "../scripts/findings.py"


rule published:
    input:
        metrics=COLLECTED,
        published=PUBLISHED_FIGURES,
    output:
        tables=page_in_report(PUBLISHED_TABLE, "published", "findings", {"Shows": "Published figures beside ours"}),
    log:
        "results/logs/published.log",
    benchmark:
        "results/benchmarks/published.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["findings"],
        models=titles(PROJECT.models, "title"),
        datasets=real_or_not(),
        known=KNOWN,
    message:
        "setting published figures beside ours"
    script:
        "../scripts/published.py"
