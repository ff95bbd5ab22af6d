# What the rules in domains.smk read and are told, and which of their figures there are: that follows from the tasks and
# phases of models and datasets.
from pickbench.figures.matrix_kinds import MATRICES
from pickbench.metrics.registry import ANSWERS, phases_to_learn

DETECTION = ANSWERS["score_detection"]
ONSETS = {answer.phase: answer for answer in ANSWERS.values() if answer.task == 3}
CONTROLS = {name: settings["control"] for name, settings in PROJECT.models.items()}
ROC = "results/figures/in-domain/roc"
MATRIX = "results/figures/cross-domain/matrix-{matrix}"
BOXES = "results/figures/cross-domain/boxes-{phase}"


def asked(answer):
    """The targets that pose an answer's question."""
    return [
        name
        for name in GRID.targets
        if answer.task in PROJECT.datasets[name]["tasks"]
        and phases_to_learn(answer) <= set(PROJECT.datasets[name]["phases"])
    ]


def pickers_with(answer):
    """(model, source) of all that have learned an answer, without controls."""
    return [
        (model, source)
        for model in GRID.models
        if not CONTROLS[model]
        for source in GRID.sources_of(model)
        if answer in GRID.answers(model, source)
    ]


def pickers_at_home():
    """(model, dataset) of all that detect events on their own source, with controls."""
    return [
        (model, name)
        for model in GRID.models
        for name in GRID.sources_of(model)
        if name in asked(DETECTION) and DETECTION in GRID.answers(model, name)
    ]


def heading(text):
    """A figure's heading, which says what seed is drawn."""
    return f"{text[0].upper()}{text[1:]} (test, seed {FIRST_SEED})"


def axes_across(answer):
    """Models, sources and targets as they are named in a figure across domains."""
    pickers = pickers_with(answer)
    return {
        "models": titled(PROJECT.models, dict.fromkeys(model for model, _ in pickers)),
        "sources": titled(PROJECT.datasets, [s for s in GRID.sources if s in {source for _, source in pickers}]),
        "targets": titled(PROJECT.datasets, asked(answer)),
    }


def panels_of_roc(wildcards):
    """Heading, models, datasets and folders of the ROC curves."""
    pickers = pickers_at_home()
    return {
        "title": heading("event detection in-domain: ROC curves"),
        "models": titled(PROJECT.models, dict.fromkeys(model for model, _ in pickers)),
        "datasets": titled(PROJECT.datasets, [t for t in GRID.targets if t in {name for _, name in pickers}]),
        "folders": [
            (model, name, f"{PREDICTIONS}/{name}".format(model=model, source=name, seed=FIRST_SEED))
            for model, name in pickers
        ],
    }


def panels_of_matrices(wildcards):
    """Heading, models, sources and targets of the matrices of a metric."""
    answer = MATRICES[wildcards.matrix].answer
    return {**axes_across(answer), "title": heading(f"{answer.title} across domains"), "seed": FIRST_SEED}


def panels_of_boxes(wildcards):
    """Heading, models, sources, targets and files of the box plots of a phase."""
    answer = ONSETS[wildcards.phase]
    return {
        **axes_across(answer),
        "title": heading(f"{answer.phase} residuals across domains"),
        "files": [(m, s, t, test_file(m, s, t)) for m, s in pickers_with(answer) for t in asked(answer)],
    }


def task_of_matrix(wildcards):
    """The heading of a matrix's figure in the report."""
    return TASKS[MATRICES[wildcards.matrix].answer.task]


def matrix_labels(wildcards):
    """What the report's list says of a matrix's figure."""
    matrix = MATRICES[wildcards.matrix]
    phase = {"Phase": matrix.answer.phase} if matrix.answer.task == 3 else {}
    return {"Shows": f"{matrix.metric.title}, matrices", **phase}


def drawn_across(answer):
    """Whether there are a picker with an answer and a target that asks for it."""
    return bool(pickers_with(answer) and asked(answer))


FIGURES += [
    *(drawn(ROC) if pickers_at_home() else []),
    *drawn(MATRIX, matrix=[name for name, matrix in MATRICES.items() if drawn_across(matrix.answer)]),
    *drawn(BOXES, phase=[phase for phase, answer in ONSETS.items() if drawn_across(answer)]),
]
