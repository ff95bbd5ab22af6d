# In: the prediction files, and what trainings have left: their histories, and why there may be none. Out: residual
# histograms of P and of S: every model on its own source's test split, and for each model every source on every target; the
# losses of each model that was trained. With several seeds, the first one is drawn. And of models whose parameters are
# searched, from the histories of all seeds: the course of the search.


localrules:
    residuals_in_domain,
    residuals_cross_domain,
    search,
    losses,
    figures,


rule residuals_in_domain:
    input:
        cells=in_domain,
    output:
        pdf=f"{IN_DOMAIN}.pdf",
        png=in_report(
            f"{IN_DOMAIN}.png",
            "residuals-in-domain",
            "in-domain",
            {"Shows": "Residuals, histograms", "Phase": "{phase}"},
            TASKS[3],
        ),
    log:
        "results/logs/figures/in-domain-residuals-{phase}.log",
    benchmark:
        "results/benchmarks/figures/in-domain-residuals-{phase}.tsv"
    wildcard_constraints:
        phase=ids(IN_DOMAIN_PHASES),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["figures"],
        panels=panels_in_domain,
        regions=REGIONS,
    message:
        "drawing residuals of {wildcards.phase} in-domain"
    script:
        "../scripts/residuals.py"


use rule residuals_in_domain as residuals_cross_domain with:
    input:
        cells=across,
    output:
        pdf=f"{CROSS_DOMAIN}.pdf",
        png=in_report(
            f"{CROSS_DOMAIN}.png",
            "residuals-cross-domain",
            "cross-domain",
            {"Model": "{model}", "Phase": "{phase}"},
            BY_MODEL,
        ),
    log:
        "results/logs/figures/{model}-residuals-{phase}.log",
    benchmark:
        "results/benchmarks/figures/{model}-residuals-{phase}.tsv"
    wildcard_constraints:
        phase=ids(PHASES if ONSET_TARGETS else []),
    params:
        version=VERSIONS["figures"],
        panels=panels_across,
        regions=REGIONS,
    message:
        "drawing residuals of {wildcards.phase} of {wildcards.model} across domains"


rule search:
    input:
        candidates=search_files,
    output:
        pdf=f"{SEARCH}.pdf",
        png=in_report(
            f"{SEARCH}.png",
            "search",
            "training",
            {"Shows": "Search for parameters", "Model": "{model}"},
        ),
    log:
        "results/logs/figures/{model}-search.log",
    benchmark:
        "results/benchmarks/figures/{model}-search.tsv"
    wildcard_constraints:
        model=ids(SEARCHED_MODELS),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["figures"],
        panels=searches,
        title=search_title,
    message:
        "drawing the searches of {wildcards.model}"
    script:
        "../scripts/search.py"


rule losses:
    input:
        candidates=losses_files,
    output:
        pdf=f"{LOSSES}.pdf",
        png=in_report(f"{LOSSES}.png", "losses", "training", {"Shows": "Losses", "Model": "{model}"}),
    log:
        "results/logs/figures/{model}-losses.log",
    benchmark:
        "results/benchmarks/figures/{model}-losses.tsv"
    wildcard_constraints:
        model=ids(TRAINED_MODELS),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["figures"],
        panels=panels_of_losses,
    message:
        "drawing losses of {wildcards.model}"
    script:
        "../scripts/losses.py"


# All figures, from the predictions and trainings that are there.
rule figures:
    input:
        FIGURES,
