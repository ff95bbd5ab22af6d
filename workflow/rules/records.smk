# In: prepared datasets, and the prediction files. Out: the facts of each dataset, one row a trace and one row a pick; and
# figures for which records matter: what each dataset consists of; and onset residuals in-domain against signal-to-noise
# ratio and against distance, every model on one dataset.

from pickbench.conditions import CONDITIONS

TRACE_FACTS = "results/facts/{dataset}/traces.parquet"
PICK_FACTS = "results/facts/{dataset}/picks.parquet"
OVERVIEW = "results/figures/datasets/{dataset}.{kind}"
BY_CONDITION = "results/figures/in-domain/{dataset}-residuals-{phase}-{condition}.{kind}"


def in_domain_models(dataset, phase):
    """The models with onsets of a phase to show on a dataset that they learned from."""
    return [model for model, name in pairs_in_domain(phase) if name == dataset]


def own_cells(wildcards):
    """What these models predicted."""
    models = in_domain_models(wildcards.dataset, wildcards.phase)
    return [cells_of(model, wildcards.dataset) for model in models]


def prepared_files(wildcards):
    """The files of a prepared dataset."""
    return prepared(wildcards.dataset)


def panels_by_condition(wildcards):
    """Panels and files of a dataset's residuals against a condition."""
    dataset, phase = wildcards.dataset, wildcards.phase
    models, title = in_domain_models(dataset, phase), PROJECT.datasets[dataset]["title"]
    against = CONDITIONS[wildcards.condition].title
    return {
        "title": f"{phase} residuals against {against}, {title} in-domain (test, seed {FIRST_SEED})",
        "models": titled(PROJECT.models, models),
        "files": {model: test_file(model, dataset, dataset) for model in models},
    }


def about(wildcards):
    """What is known of a dataset without looking into it."""
    settings = PROJECT.datasets[wildcards.dataset]
    tasks = " and ".join(", ".join(map(str, settings["tasks"])).rsplit(", ", 1))
    split = {"own": "its own split", "by-event": "split by event"}[settings["split"]]
    return f"{settings['region']}; task{'s' if len(settings['tasks']) > 1 else ''} {tasks}; {split}"


def title_of(wildcards):
    """A dataset's title."""
    return PROJECT.datasets[wildcards.dataset]["title"]


FIGURES += expand(OVERVIEW, dataset=PROJECT.datasets, kind=["pdf", "png"])
FIGURES += [
    path
    for dataset in ONSET_IN_DOMAIN
    for phase in PROJECT.datasets[dataset]["phases"]
    if in_domain_models(dataset, phase)
    for path in expand(BY_CONDITION, dataset=dataset, phase=phase, condition=CONDITIONS, kind=["pdf", "png"])
]


wildcard_constraints:
    condition=ids(CONDITIONS),


localrules:
    conditions,
    overview,


rule facts:
    input:
        data=prepared_files,
    output:
        traces=TRACE_FACTS,
        picks=PICK_FACTS,
    log:
        "results/logs/facts/{dataset}.log",
    benchmark:
        "results/benchmarks/facts/{dataset}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=8000,
        runtime="4h",
    params:
        version=VERSIONS["facts"],
        arrival_columns=arrival_columns_of,
    message:
        "{wildcards.dataset}: gathering distances and signal-to-noise ratios"
    script:
        "../scripts/facts.py"


rule conditions:
    input:
        cells=own_cells,
        traces=TRACE_FACTS,
        picks=PICK_FACTS,
    output:
        pdf=BY_CONDITION.replace("{kind}", "pdf"),
        png=BY_CONDITION.replace("{kind}", "png"),
    log:
        "results/logs/figures/{dataset}-residuals-{phase}-{condition}.log",
    benchmark:
        "results/benchmarks/figures/{dataset}-residuals-{phase}-{condition}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=4000,
        runtime="30m",
    params:
        version=VERSIONS["figures"],
        panels=panels_by_condition,
    message:
        "{wildcards.dataset}: drawing residuals of {wildcards.phase} against {wildcards.condition}"
    script:
        "../scripts/conditions.py"


rule overview:
    input:
        traces=TRACE_FACTS,
        picks=PICK_FACTS,
    output:
        pdf=OVERVIEW.replace("{kind}", "pdf"),
        png=OVERVIEW.replace("{kind}", "png"),
    log:
        "results/logs/figures/{dataset}.log",
    benchmark:
        "results/benchmarks/figures/{dataset}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=4000,
        runtime="30m",
    params:
        version=VERSIONS["figures"],
        title=title_of,
        about=about,
    message:
        "{wildcards.dataset}: drawing what it consists of"
    script:
        "../scripts/overview.py"
