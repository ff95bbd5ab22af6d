# What the rules of examples.smk read and are told, and the figures and the table that they add to those of a run.

from pickbench.tables.examples import NAME as EXAMPLES_NAME

EXAMPLES = "results/predictions/_examples/{dataset}"
EXAMPLE_FIGURE = "results/figures/examples/{dataset}"


def pickers_in_examples(dataset):
    """(model, source) of the pickers in a dataset's examples: those that learned from it.

    Of a dataset that is no source, those with published weights.
    """
    sources = [dataset] if dataset in GRID.sources else [name for name in GRID.sources if name in PROJECT.published]
    phases = PROJECT.datasets[dataset]["phases"]
    return [
        (model, source)
        for model in ONSET_MODELS
        if not PROJECT.models[model]["control"]
        for source in sources
        if any(source in sources_of(model, phase) for phase in phases)
    ]


EXAMPLE_DATASETS = [name for name in ONSET_TARGETS if pickers_in_examples(name)]


def seeded(dataset):
    """The same with the seed that is shown."""
    return [(model, source, FIRST_SEED) for model, source in pickers_in_examples(dataset)]


def cells_of_examples(wildcards):
    """What the pickers in a dataset's examples predicted."""
    return picker_paths(CELLS, seeded(wildcards.dataset))


def selections_of_examples(wildcards):
    """What was selected for them."""
    return picker_paths(SELECTED, seeded(wildcards.dataset))


def weights_of_examples(wildcards):
    """The weights that may have been selected for them."""
    pickers = seeded(wildcards.dataset)
    return [
        *picker_paths(WEIGHTS, [picker for picker in pickers if picker not in PUBLISHED_PICKERS]),
        *picker_paths(PUBLISHED, [picker for picker in pickers if picker in PUBLISHED_PICKERS]),
    ]


def settings_of_examples(wildcards):
    """Source and settings of each of them, in the order of the files."""
    return [
        {"source": source, "model": PROJECT.settings_of(model)}
        for model, source in pickers_in_examples(wildcards.dataset)
    ]


def region_of(wildcards):
    """A dataset's region."""
    return REGIONS[wildcards.dataset]


def names_in_examples(dataset):
    """(model, source, what to call it) of the pickers in a dataset's examples."""
    title = {model: PROJECT.models[model]["title"] for model, _ in pickers_in_examples(dataset)}
    return [
        (model, source, title[model] if source == dataset else f"{title[model]} ({source})")
        for model, source in pickers_in_examples(dataset)
    ]


def panels_of_examples(wildcards):
    """Heading and names of a dataset's examples."""
    dataset = wildcards.dataset
    who = "in-domain" if dataset in GRID.sources else "with published weights"
    title = f"{PROJECT.datasets[dataset]['title']}: example waveforms with what models make of them, {who}"
    return {"title": f"{title} (test, seed {FIRST_SEED})", "names": names_in_examples(dataset)}


FIGURES += drawn(EXAMPLE_FIGURE, dataset=EXAMPLE_DATASETS)
EXAMPLE_TABLE = expand("results/tables/{name}.{kind}", name=EXAMPLES_NAME, kind=FORMATS)
ALL_TABLES += EXAMPLE_TABLE if EXAMPLE_DATASETS else []
