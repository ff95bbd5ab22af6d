# In: the prediction files. Out: residual histograms of P and of S: every model on its own source's test split, and for
# each model every source on every target. With several seeds, the first one is drawn.


FIRST_SEED = RUN["seeds"][0]
ONSET_DATASETS = [name for name in PROJECT.datasets if 3 in PROJECT.datasets[name]["tasks"]]
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
        regions={name: settings["region"] for name, settings in PROJECT.datasets.items()},
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
        regions={name: settings["region"] for name, settings in PROJECT.datasets.items()},
    message:
        "drawing residuals of {wildcards.model} across domains"


# All figures, from the predictions that are there.
rule figures:
    input:
        FIGURES,
