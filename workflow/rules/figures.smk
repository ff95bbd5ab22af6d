# In: the prediction files. Out: residual histograms of P and of S: every model on its own source's test split, and for
# each model every source on every target. With several seeds, the first one is drawn.


FIRST_SEED = RUN["seeds"][0]
ONSET_DATASETS = [
    name for name in PROJECT.datasets if 3 in PROJECT.datasets[name]["tasks"]
]
ONSET_TARGETS = [name for name in GRID.targets if name in ONSET_DATASETS]
ONSET_MODELS = [name for name in GRID.models if 3 in PROJECT.models[name]["tasks"]]
AT_HOME = [name for name in ONSET_TARGETS if name in GRID.sources]
PHASES = ["P", "S"]
IN_DOMAIN = "results/figures/in-domain/residuals-{phase}.{kind}"
CROSS_DOMAIN = "results/figures/cross-domain/{model}-residuals-{phase}.{kind}"
FIGURES = [
    *(expand(IN_DOMAIN, phase=PHASES, kind=["pdf", "png"]) if AT_HOME else []),
    *expand(CROSS_DOMAIN, model=ONSET_MODELS, phase=PHASES, kind=["pdf", "png"]),
]


def cells_of(model, source):
    """The record of a picker's cells."""
    return f"{RESULTS}/predictions/{model}/{source}/seed{FIRST_SEED}/cells.json"


def at_home(wildcards):
    """All models with each dataset as source, as far as the dataset is a target too."""
    return [cells_of(model, dataset) for model in ONSET_MODELS for dataset in AT_HOME]


def across(wildcards):
    """One model with all sources."""
    return [cells_of(wildcards.model, source) for source in GRID.sources]


def titled(entries, names):
    """(id, title) of models or datasets, in order."""
    return [(name, entries[name]["title"]) for name in names]


def test_file(model, source, target):
    """The prediction file that a panel shows."""
    return cells_of(model, source).replace(
        "cells.json", f"{target}/test_task23.parquet"
    )


def panels_at_home(wildcards):
    """Rows, columns and files of the in-domain figures."""
    return {
        "title": "residuals in-domain (test)\nrows: models, columns: datasets",
        "rows": titled(PROJECT.models, ONSET_MODELS),
        "columns": titled(PROJECT.datasets, AT_HOME),
        "files": [
            (m, dataset, test_file(m, dataset, dataset))
            for m in ONSET_MODELS
            for dataset in AT_HOME
        ],
    }


def panels_across(wildcards):
    """Rows, columns and files of a model's cross-domain figures."""
    model = wildcards.model
    return {
        "title": f"residuals of {PROJECT.models[model]['title']} across domains (test)\nrows: sources, columns: targets",
        "rows": titled(PROJECT.datasets, GRID.sources),
        "columns": titled(PROJECT.datasets, ONSET_TARGETS),
        "files": [
            (s, t, test_file(model, s, t)) for s in GRID.sources for t in ONSET_TARGETS
        ],
    }


localrules:
    residuals_in_domain,
    residuals_cross_domain,
    figures,


rule residuals_in_domain:
    input:
        at_home,
    output:
        pdf=expand(IN_DOMAIN, phase=PHASES, kind="pdf"),
        png=expand(IN_DOMAIN, phase=PHASES, kind="png"),
    log:
        "results/logs/figures/in-domain-residuals.log",
    benchmark:
        "results/benchmarks/figures/in-domain-residuals.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["figures"],
        phases=PHASES,
        panels=panels_at_home,
        regions={
            name: settings["region"] for name, settings in PROJECT.datasets.items()
        },
    message:
        "drawing residuals in-domain"
    script:
        "../scripts/residuals.py"


use rule residuals_in_domain as residuals_cross_domain with:
    input:
        across,
    output:
        pdf=expand(CROSS_DOMAIN, phase=PHASES, kind="pdf", allow_missing=True),
        png=expand(CROSS_DOMAIN, phase=PHASES, kind="png", allow_missing=True),
    log:
        "results/logs/figures/{model}-residuals.log",
    benchmark:
        "results/benchmarks/figures/{model}-residuals.tsv"
    params:
        version=VERSIONS["figures"],
        phases=PHASES,
        panels=panels_across,
        regions={
            name: settings["region"] for name, settings in PROJECT.datasets.items()
        },
    message:
        "drawing residuals of {wildcards.model} across domains"


# All figures, from the predictions that are there.
rule figures:
    input:
        FIGURES,
