# In: the metrics of all pickers, and what resources/ says of the paper. Out: which of its findings this run reproduces, as
# findings.json with every number and as a table; and its published figures beside ours.


localrules:
    findings,
    published,


rule findings:
    input:
        metrics="results/metrics.csv",
        claims=str(located("resources/findings.yaml", ROOT)),
    output:
        json="results/findings.json",
        tables=shown_page(FINDINGS, "findings", "findings", {"Shows": "Findings of the paper, and what this run says"}),
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
        models=titles(PROJECT.models, "title", "control"),
        datasets=titles(PROJECT.datasets, "title", "region", "twin_of"),
    message:
        "deciding the findings of the paper"
    script:
        "../scripts/findings.py"


rule published:
    input:
        metrics="results/metrics.csv",
        published=str(located("resources/published.csv", ROOT)),
    output:
        tables=shown_page(PUBLISHED_TABLE, "published", "findings", {"Shows": "Published figures beside ours"}),
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
        known=known_ids(),
    message:
        "setting published figures beside ours"
    script:
        "../scripts/published.py"
