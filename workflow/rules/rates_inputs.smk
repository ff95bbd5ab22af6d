# What the rules of the study of sampling rates read and are told.


def studied_targets(wildcards):
    """The targets of a model in the study with their folders and windows files."""
    targets = targets_of_picker(wildcards)
    return {target: targets[target] for target in STUDY.targets_of(wildcards.model)}


def studied_files(wildcards):
    """Prepared data and windows of these targets."""
    targets = studied_targets(wildcards)
    return [path for name, files in targets.items() for path in (*prepared(name), *files["windows"].values())]


def judged_in_study(wildcards):
    """What metrics need to know of the source and of these targets."""
    needed = {wildcards.source, *studied_targets(wildcards)}
    return {name: about for name, about in judged(wildcards).items() if name in needed}


def studied_metrics(wildcards):
    """The metrics of every picker of the study."""
    if not STUDY.models:
        raise WorkflowError("rate_study.models is empty, so there is no study of sampling rates")
    return picker_paths(RATE_METRICS, STUDY.pickers())


def studied_cells(wildcards):
    """The records of the cells that a model's figure shows."""
    pickers = [picker for picker in STUDY.pickers() if (picker[0], picker[2]) == (wildcards.model, FIRST_SEED)]
    return picker_paths([CELLS, RATE_CELLS], pickers)


def panels_of_rates(wildcards):
    """Rows, columns and folders of a model's figure."""
    model = wildcards.model
    sources = [source for name, source, seed in STUDY.pickers() if (name, seed) == (model, FIRST_SEED)]
    folders = [
        (source, *(path.format(model=model, source=source, seed=FIRST_SEED) for path in (PREDICTIONS, STUDIED)))
        for source in sources
    ]
    return {
        "title": f"{wildcards.phase} residuals of {PROJECT.models[model]['title']} at other sampling rates (test, seed "
        f"{FIRST_SEED})\nrows: sources, columns: targets at 100 Hz and at the rate that dev chose",
        "sources": titled(PROJECT.datasets, sources),
        "targets": titled(PROJECT.datasets, studied_onsets(model)),
        "folders": folders,
        "seed": FIRST_SEED,
    }


def jobs_of_study_by_stage():
    """The files of the study's jobs, by stage."""
    pickers = STUDY.pickers()
    return {
        "predict_rates": jobs_of_pickers(pickers, rules.predict_rates.benchmark, "cells", RATE_CELLS),
        "metrics_rates": other_jobs(picker_paths(rules.metrics_rates.benchmark, pickers)),
    }


def all_benchmarks_of_study(wildcards):
    """The benchmark files of these jobs."""
    return [job["benchmark"] for jobs in jobs_of_study_by_stage().values() for job in jobs]
