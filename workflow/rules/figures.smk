# In: the prediction files. Out: residual histograms of P and of S: every model on its own source's test split, and for
# each model every source on every target. With several seeds, the first one is drawn.


FIRST_SEED = RUN["seeds"][0]
ONSET_DATASETS = [
    name for name in PROJECT.datasets if 3 in PROJECT.datasets[name]["tasks"]
]
ONSET_SOURCES = [name for name in GRID.sources]
ONSET_TARGETS = [name for name in GRID.targets if name in ONSET_DATASETS]
ONSET_MODELS = [name for name in GRID.models if 3 in PROJECT.models[name]["tasks"]]
AT_HOME = [name for name in ONSET_TARGETS if name in GRID.sources]
KINDS = ["pdf", "png"]
PHASES = ["P", "S"]
FIGURES = (
    expand(
        "results/figures/in-domain/residuals-{phase}.{kind}", phase=PHASES, kind=KINDS
    )
    if AT_HOME
    else []
) + expand(
    "results/figures/cross-domain/{model}-residuals-{phase}.{kind}",
    model=ONSET_MODELS,
    phase=PHASES,
    kind=KINDS,
)


def cells_of(model, source):
    """The record of a picker's cells."""
    return f"{RESULTS}/predictions/{model}/{source}/seed{FIRST_SEED}/cells.json"


def at_home(wildcards):
    """All models with each dataset as source, as far as the dataset is a target too."""
    return [cells_of(model, dataset) for model in ONSET_MODELS for dataset in AT_HOME]


def across(wildcards):
    """One model with all sources."""
    return [cells_of(wildcards.model, source) for source in ONSET_SOURCES]


def titled(entries, names):
    """(id, title) of models or datasets, in order."""
    return [(name, entries[name]["title"]) for name in names]


def panels_at_home(wildcards):
    """Rows, columns and files of the in-domain figure."""
    return {
        "rows": titled(PROJECT.models, ONSET_MODELS),
        "columns": titled(PROJECT.datasets, AT_HOME),
        "files": [
            (
                model,
                dataset,
                cells_of(model, dataset).replace(
                    "cells.json", f"{dataset}/test_task23.parquet"
                ),
            )
            for model in ONSET_MODELS
            for dataset in AT_HOME
        ],
        "title": f"{wildcards.phase} residuals in-domain (test)\nrows: models, columns: datasets",
    }


def panels_across(wildcards):
    """Rows, columns and files of a model's cross-domain figure."""
    return {
        "rows": titled(PROJECT.datasets, ONSET_SOURCES),
        "columns": titled(PROJECT.datasets, ONSET_TARGETS),
        "files": [
            (
                source,
                target,
                cells_of(wildcards.model, source).replace(
                    "cells.json", f"{target}/test_task23.parquet"
                ),
            )
            for source in ONSET_SOURCES
            for target in ONSET_TARGETS
        ],
        "title": f"{PROJECT.models[wildcards.model]['title']}: {wildcards.phase} residuals across domains (test)\n"
        "rows: sources, columns: targets",
    }


localrules:
    residuals_in_domain,
    residuals_cross_domain,
    figures,


rule residuals_in_domain:
    input:
        at_home,
    output:
        pdf="results/figures/in-domain/residuals-{phase}.pdf",
        png="results/figures/in-domain/residuals-{phase}.png",
    log:
        "results/logs/figures/in-domain-residuals-{phase}.log",
    benchmark:
        "results/benchmarks/figures/in-domain-residuals-{phase}.tsv"
    wildcard_constraints:
        phase="P|S",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["figures"],
        panels=panels_at_home,
        regions={
            name: settings["region"] for name, settings in PROJECT.datasets.items()
        },
    message:
        "drawing {wildcards.phase} residuals in-domain"
    script:
        "../scripts/residuals.py"


use rule residuals_in_domain as residuals_cross_domain with:
    input:
        across,
    output:
        pdf="results/figures/cross-domain/{model}-residuals-{phase}.pdf",
        png="results/figures/cross-domain/{model}-residuals-{phase}.png",
    log:
        "results/logs/figures/{model}-residuals-{phase}.log",
    benchmark:
        "results/benchmarks/figures/{model}-residuals-{phase}.tsv"
    params:
        version=VERSIONS["figures"],
        panels=panels_across,
        regions={
            name: settings["region"] for name, settings in PROJECT.datasets.items()
        },
    message:
        "drawing {wildcards.phase} residuals of {wildcards.model} across domains"


# All figures, from the predictions that are there.
rule figures:
    input:
        FIGURES,
