# What the rules of records.smk read and are told, and the figures that they add to those of a run.

from pickbench.conditions import CONDITIONS

TRACE_FACTS = "results/predictions/_datasets/{dataset}/traces.parquet"
PICK_FACTS = "results/predictions/_datasets/{dataset}/picks.parquet"
OVERVIEW = "results/figures/datasets/{dataset}"
BY_CONDITION = "results/figures/in-domain/{dataset}-residuals-{phase}-{condition}"


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
    return f"{settings['region']}; task{'s' if len(settings['tasks']) > 1 else ''} {tasks}"


def title_of(wildcards):
    """A dataset's title."""
    return PROJECT.datasets[wildcards.dataset]["title"]


FIGURES += drawn(OVERVIEW, dataset=PROJECT.datasets)
FIGURES += [
    path
    for dataset in ONSET_IN_DOMAIN
    for phase in PROJECT.datasets[dataset]["phases"]
    if in_domain_models(dataset, phase)
    for path in drawn(BY_CONDITION, dataset=dataset, phase=phase, condition=CONDITIONS)
]
