# What every stage needs: the checked configuration, the grid, the ids that wildcards may take, and who needs which file.
import re
import sys

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from pickbench.config import ConfigErrors, known_ids, load_project
from pickbench.errors import InputError, InputErrors
from pickbench.findings.reading import SCHEMA as CLAIMS_SCHEMA
from pickbench.findings.reading import read_findings
from pickbench.findings.report import NAME as FINDINGS_NAME
from pickbench.grid import Grid, columns_of
from pickbench.places import located, source_at, weights_at
from pickbench.protocol import EVALUATED_SPLITS, TASK_FILES
from pickbench.rates.study import RateStudy, cell_name
from pickbench.stages import VERSIONS
from pickbench.tables.content import TABLES as TABLE_NAMES
from pickbench.tables.demand import DEMAND as DEMAND_NAME
from pickbench.tables.demand import STAGES as STAGES_NAME
from pickbench.tables.formats import FORMATS
from pickbench.tables.published import FIGURES_FILE
from pickbench.tables.published import NAME as PUBLISHED_NAME


def refused(error, project):
    """The end of the run; where `validate` was asked for, with what is wrong in data, weights and figures as well."""
    faults = str(error).splitlines()
    if project and "validate" in sys.argv:
        from pickbench.validation import to_look_over, validate  # slow to import, and needed for nothing else here

        logger.info("the configuration has faults; looking over models, data, and what is published as well")
        faults += validate(**to_look_over(project, ROOT)).faults
    return WorkflowError(str(InputErrors(faults)))


PROJECT = None
try:
    # Snakemake lists those of the command line first, and config.yaml, which they win over, last.
    PROJECT = load_project(
        config,
        ROOT,
        files=[workflow.configfiles[-1], *workflow.configfiles[:-1]],
        command_line=workflow.config_settings.config,
    )
    GRID = Grid(PROJECT)
    STUDY = RateStudy(GRID)
    # A mistake in the claims shows before anything is run, too.
    CLAIMS, CLAIMS_FORM = (located(path, ROOT) for path in ("resources/findings.yaml", CLAIMS_SCHEMA))
    KNOWN = known_ids(PROJECT, ROOT)
    read_findings(CLAIMS, CLAIMS_FORM, **KNOWN)
except ConfigErrors as error:
    raise refused(error, error.fine) from None
except InputError as error:
    raise refused(error, PROJECT) from None

if workflow.is_main_process:  # each job reads this as well
    for line in GRID.unused():
        logger.warning(line)

RUN = PROJECT.config
config.update(RUN)  # scripts see the defaults as well
RATES = sorted({lr for model in GRID.models for lr in GRID.learning_rates(model)})
ENVIRONMENT = str(ROOT / "envs" / "pickbench.yaml")


def ids(names):
    """A pattern of these names and no others; of no names, one that nothing fits."""
    return "|".join(re.escape(str(name)) for name in names) or "(?!)"


PHASES = ["P", "S"]
TRAINED_ON = [source for source in GRID.sources if source not in PROJECT.published]


wildcard_constraints:
    dataset=ids(PROJECT.datasets),
    source=ids(GRID.sources),
    target=ids(GRID.targets),
    model=ids(GRID.models),
    seed=ids(RUN["seeds"]),
    lr=ids(RATES),
    split=ids(EVALUATED_SPLITS),
    windows_file=ids(TASK_FILES),
    phase=ids(PHASES),
    chunk=r"(_\d{4})?",


def chunk_names(count):
    """Names of so many chunks: one without a name, or _0000, _0001, ..."""
    return [""] if count == 1 else [f"_{number:04d}" for number in range(count)]


def chunks(dataset):
    """Names of a prepared dataset's chunks."""
    return chunk_names(PROJECT.datasets[dataset]["chunks"])


def prepared(dataset):
    """The files of a prepared dataset."""
    folder = f"results/data/{dataset}"
    return [
        f"{folder}/checksums.json",
        *(f"{folder}/metadata{chunk}.csv" for chunk in chunks(dataset)),
        *(f"{folder}/waveforms{chunk}.hdf5" for chunk in chunks(dataset)),
    ]


def windows_files(model, dataset):
    """The windows files of a dataset that a model answers, by name."""
    return {name: f"results/windows/{dataset}/{name}.csv" for name in GRID.task_files(model, dataset)}


def model_of(wildcards):
    """Those settings of a model that its results follow from."""
    return PROJECT.settings_of(wildcards.model)


def answer_columns(wildcards):
    """The answers that a picker can have learned."""
    return [answer.column for answer in GRID.answers(wildcards.model, wildcards.source)]


# Whether results were copied without data, to draw figures from. Files may have any order in time then, and none of them
# may make another one look outdated.
COPIED = not Path("results/data").exists()


def made_from(path):
    """An input that is as it should be where results were copied."""
    return ancient(path) if COPIED else path


# Where the files of a picker lie, and those of the candidates that it is selected from.
CANDIDATE = "results/train/{model}/{source}/lr{lr}-seed{seed}"
WEIGHTS = f"{CANDIDATE}/weights.npz"
HISTORY = f"{CANDIDATE}/history.csv"
RECORD = f"{CANDIDATE}/run.json"
DEV_ANSWERS = {name: f"{CANDIDATE}/dev_{name}.parquet" for name in TASK_FILES}
CANDIDATE_FILES = [RECORD, *DEV_ANSWERS.values(), WEIGHTS]
PREDICTIONS = "results/predictions/{model}/{source}/seed{seed}"
SELECTED = "results/selected/{model}/{source}/seed{seed}.json"
# What figures and tables show of the candidates, kept with the predictions so that these are all that it takes.
CANDIDATES = f"{PREDICTIONS}/candidates"
KEPT_SELECTED = f"{CANDIDATES}/selected.json"
KEPT = f"{CANDIDATES}/lr{{lr}}"
KEPT_RECORD = f"{KEPT}/{Path(RECORD).name}"
KEPT_HISTORY = f"{KEPT}/{Path(HISTORY).name}"
CELLS = f"{PREDICTIONS}/cells.json"
METRICS = "results/metrics/{model}/{source}/seed{seed}.csv"
# What all tables and figures of metrics read: the long table, and the copy that says whether it is whole.
COLLECTED = ["results/metrics.csv", "results/metrics.parquet"]
# What the jobs up to there took, kept beside it.
MEASURED = "results/metrics.benchmarks.csv"


def learning_rates(wildcards):
    """The learning rates of a picker's candidates; published weights have none."""
    return [] if wildcards.source in PROJECT.published else GRID.learning_rates(wildcards.model)


def picker_paths(patterns, pickers):
    """Files of each of these pickers; patterns with a learning rate stand for all of its candidates."""
    return [
        path
        for model, source, seed in pickers
        for path in expand(patterns, model=model, source=source, seed=seed, lr=GRID.learning_rates(model))
    ]


PUBLISHED = "results/published/{model}/{source}/weights.npz"
PUBLISHED_PICKERS = [picker for picker in GRID.pickers() if picker[1] in PROJECT.published]
PUBLISHED_WEIGHTS = picker_paths(PUBLISHED, PUBLISHED_PICKERS)


def drawn(figure, **wildcards):
    """The files of a figure, given by its path without a suffix, for all of these ids."""
    return expand(f"{figure}.{{kind}}", **wildcards, kind=["pdf", "png"])


# Figures: which datasets and models have onsets to show. With several seeds the first one is drawn.
FIRST_SEED = RUN["seeds"][0]
ONSET_TARGETS = [name for name in GRID.targets if 3 in PROJECT.datasets[name]["tasks"]]
ONSET_MODELS = [name for name in GRID.models if 3 in PROJECT.models[name]["tasks"] and GRID.sources_of(name)]
ONSET_IN_DOMAIN = [name for name in ONSET_TARGETS if name in GRID.sources]
REGIONS = {name: settings["region"] for name, settings in PROJECT.datasets.items()}
LEARNS_FROM = {name: settings["learns_from"] for name, settings in PROJECT.models.items()}
TRAINED_MODELS = [
    name
    for name in GRID.models
    if LEARNS_FROM[name] == "traces" and set(GRID.sources_of(name)) - set(PROJECT.published)
]


def sources_of(model, phase):
    """The sources from which a model can have learned to pick a phase."""
    return [name for name in GRID.sources_of(model) if phase in {a.phase for a in GRID.answers(model, name)}]


def models_of(phase):
    """The models with onsets of a phase to show."""
    return [name for name in ONSET_MODELS if sources_of(name, phase)]


IN_DOMAIN_PHASES = [
    p for p in PHASES if any(name in sources_of(m, p) for m in models_of(p) for name in ONSET_IN_DOMAIN)
]
IN_DOMAIN = "results/figures/in-domain/residuals-{phase}"
CROSS_DOMAIN = "results/figures/cross-domain/{model}-residuals-{phase}"
SEARCH = "results/figures/training/{model}-search"
SEARCHED_MODELS = [name for name in GRID.models if LEARNS_FROM[name] == "windows"]
LOSSES = "results/figures/training/{model}"
FIGURES = [
    *drawn(LOSSES, model=TRAINED_MODELS),
    *drawn(IN_DOMAIN, phase=IN_DOMAIN_PHASES),
    *(
        path
        for phase in PHASES
        for path in drawn(CROSS_DOMAIN, model=models_of(phase) if ONSET_TARGETS else [], phase=phase)
    ),
    *drawn(SEARCH, model=[name for name in SEARCHED_MODELS if GRID.sources_of(name)]),
]
TABLES = expand("results/tables/{name}.{kind}", name=TABLE_NAMES, kind=FORMATS)
SELECTION = expand("results/tables/selection.{kind}", kind=FORMATS)
DEMAND = expand("results/tables/{name}.{kind}", name=[DEMAND_NAME, STAGES_NAME], kind=FORMATS)
FINDINGS = expand("results/tables/{name}.{kind}", name=FINDINGS_NAME, kind=FORMATS)
PUBLISHED_TABLE = expand("results/tables/{name}.{kind}", name=PUBLISHED_NAME, kind=FORMATS)
# What stands in that table beside ours.
PUBLISHED_FIGURES = str(located(FIGURES_FILE, ROOT))


# The study of sampling rates: where its files lie, and what it adds to the results.
STUDIED = "results/predictions/_rates/{model}/{source}/seed{seed}"
RATE_CELLS = f"{STUDIED}/cells.json"
RATE_METRICS = "results/metrics/_rates/{model}/{source}/seed{seed}.csv"
COLLECTED_RATES = ["results/metrics.rates.csv", "results/metrics.rates.parquet"]
MEASURED_IN_STUDY = "results/metrics.rates.benchmarks.csv"
RATE_RESIDUALS = "results/figures/rates/{model}-residuals-{phase}"
RATE_TABLE = expand("results/tables/rates.{kind}", kind=FORMATS)
METRICS_FILES = [*COLLECTED, *(COLLECTED_RATES if STUDY.models else [])]

# As FIGURES are, these are added to where else there are some.
ALL_TABLES = [*TABLES, *SELECTION, *DEMAND, *FINDINGS, *PUBLISHED_TABLE, *(RATE_TABLE if STUDY.models else [])]


def studied_onsets(model):
    """The targets of a model in the study that have onsets."""
    return [target for target in STUDY.targets_of(model) if target in ONSET_TARGETS]


FIGURES += [
    path
    for phase in PHASES
    for model in models_of(phase)
    if model in STUDY.models and studied_onsets(model)
    for path in drawn(RATE_RESIDUALS, model=model, phase=phase)
]
