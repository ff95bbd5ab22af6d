# What the rules that draw figures read and are told: their input and parameter functions.


def cells_of(model, source):
    """The record of a picker's cells."""
    return CELLS.format(model=model, source=source, seed=FIRST_SEED)


def pairs_in_domain(phase):
    """(model, dataset) of every picker with onsets of a phase to show on its own source."""
    models = models_of(phase)
    return [(model, name) for model in models for name in ONSET_IN_DOMAIN if name in sources_of(model, phase)]


def in_domain(wildcards):
    """All models with each dataset as source, as far as the dataset is a target too."""
    return [cells_of(model, dataset) for model, dataset in pairs_in_domain(wildcards.phase)]


def across(wildcards):
    """One model with all sources from which it can have learned the phase."""
    model = wildcards.model
    return [cells_of(model, source) for source in sources_of(model, wildcards.phase)]


def sources_learned_from(model):
    """The sources of a model that are datasets, not published weights."""
    return [source for source in GRID.sources_of(model) if source not in PROJECT.published]


def searches(wildcards):
    """(title, files) of every source of a model: the course of each candidate."""
    model, seeds = wildcards.model, RUN["seeds"]
    return [
        (title, expand(KEPT_HISTORY, model=model, source=source, lr=GRID.learning_rates(model), seed=seeds))
        for source, title in titled(PROJECT.datasets, sources_learned_from(model))
    ]


def search_files(wildcards):
    """The folders that hold them."""
    return candidates_of(wildcards, RUN["seeds"])


def candidates_of(wildcards, seeds):
    """What is kept of the candidates of a model's pickers."""
    sources = sources_learned_from(wildcards.model)
    return expand(CANDIDATES, model=wildcards.model, source=sources, seed=seeds)


def search_title(wildcards):
    """Heading of a figure of searches."""
    seeds = f"seed{'s' if len(RUN['seeds']) > 1 else ''} {', '.join(map(str, RUN['seeds']))}"
    return f"Search for the parameters of {PROJECT.models[wildcards.model]['title']} ({seeds})"


def titled(entries, names):
    """(id, title) of models or datasets, in order; published weights go by their id."""
    return [(name, entries[name]["title"] if name in entries else name) for name in names]


def test_file(model, source, target):
    """The prediction file that a panel shows."""
    return f"{PREDICTIONS}/{target}/test_task23.parquet".format(model=model, source=source, seed=FIRST_SEED)


def losses_files(wildcards):
    """The folders that hold the losses of all trainings of a model, and what is noted of them."""
    return candidates_of(wildcards, [FIRST_SEED])


def panels_of_losses(wildcards):
    """Panels of a model's losses, and the files of each training: its losses, and what is noted of it."""
    model, sources = wildcards.model, sources_learned_from(wildcards.model)
    return {
        "title": f"Losses of {PROJECT.models[model]['title']} in training (seed {FIRST_SEED})",
        "sources": titled(PROJECT.datasets, sources),
        "trainings": [
            (source, lr, *expand([KEPT_HISTORY, KEPT_RECORD], model=model, source=source, lr=lr, seed=FIRST_SEED))
            for source in sources
            for lr in GRID.learning_rates(model)
        ],
    }


def panels_in_domain(wildcards):
    """Rows, columns and files of an in-domain figure."""
    phase = wildcards.phase
    return {
        "title": f"{phase} residuals in-domain (test, seed {FIRST_SEED})\nrows: models, columns: datasets",
        "rows": titled(PROJECT.models, models_of(phase)),
        "columns": titled(PROJECT.datasets, ONSET_IN_DOMAIN),
        "files": [(model, name, test_file(model, name, name)) for model, name in pairs_in_domain(phase)],
    }


def panels_across(wildcards):
    """Rows, columns and files of a model's cross-domain figure."""
    phase, model = wildcards.phase, wildcards.model
    sources, title = sources_of(model, phase), PROJECT.models[model]["title"]
    return {
        "title": f"{phase} residuals of {title} across domains (test, seed {FIRST_SEED})\n"
        "rows: sources, columns: targets",
        "rows": titled(PROJECT.datasets, sources),
        "columns": titled(PROJECT.datasets, ONSET_TARGETS),
        "files": [(s, t, test_file(model, s, t)) for s in sources for t in ONSET_TARGETS],
    }
