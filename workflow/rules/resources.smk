# What jobs ask for: cores, memory, time, and a GPU or none. It follows from the size of datasets and models, and doubles
# with every further attempt. Where a job runs - partition, account, kind of GPU - is a matter of profiles. Numbers are
# generous: a job that asked for too little is run again and goes on from what it has left, which costs a start.

# Models without neural networks have rules of their own (cpu.smk), which ask for no GPU.
ON_GPU = [name for name in GRID.models if PROJECT.models[name]["networks"]]
ON_CPU = [name for name in GRID.models if name not in ON_GPU]

# What clusters commonly allow. A training that may take longer goes on in its next attempt.
LONGEST_H = 48
# Of a dataset that does not say how many traces it has: as many as most of the paper's.
UNKNOWN_TRACES = 1_300_000
UNKNOWN_GB = 150
# Slower than anything that has been measured, for each network of a model.
TRAINED_PER_S = 250
PREDICTED_PER_S = {"gpu": 300, "cpu": 100}
SEARCHED_PER_S = 100
PREPARED_GB_PER_H = 5


def traces_of(dataset):
    """How many traces a dataset has, as far as its file says."""
    settings = PROJECT.datasets[dataset]
    simulated = settings["source"].get("simulate", {})
    return simulated.get("traces") or settings["expected"].get("traces") or UNKNOWN_TRACES


def own_dataset(wildcards):
    """The dataset of a job that has one."""
    return [wildcards.dataset]


def own_source(wildcards):
    """The source of a training."""
    return [wildcards.source]


def own_target(wildcards):
    """The target of a single cell."""
    return [wildcards.target]


def own_targets(wildcards):
    """All targets of a picker."""
    return GRID.targets_of(wildcards.model)


def memory(base_mb, bytes_a_trace, datasets):
    """Megabytes: so much for the program, and so much for each trace of the largest dataset that it reads."""

    def asked_mb(wildcards, attempt):
        largest = max((traces_of(name) for name in datasets(wildcards)), default=0)
        return 2 ** (attempt - 1) * round(base_mb + bytes_a_trace * largest / 1e6)

    return asked_mb


def limited(hours, attempt):
    """Minutes, an hour more than that for all that comes before and after, in any attempt at most the longest."""
    return round(60 * min(2 ** (attempt - 1) * (hours + 1), LONGEST_H))


def time_of(hours):
    """Minutes of a job that takes no longer than that."""

    def asked_minutes(wildcards, attempt):
        return limited(hours, attempt)

    return asked_minutes


def preparation_time(wildcards, attempt):
    """Minutes to prepare one chunk of a dataset."""
    settings = PROJECT.datasets[wildcards.dataset]
    size_gb = 1 if wildcards.dataset in SIMULATED else settings["expected"].get("size_gb") or UNKNOWN_GB
    return limited(size_gb / settings["chunks"] / PREPARED_GB_PER_H, attempt)


def training_time(wildcards, attempt):
    """Minutes to train a candidate: for all its epochs, or up to the time limit of the training itself."""
    limits, settings = training_of(wildcards), PROJECT.models[wildcards.model]
    windows = settings["networks"] * limits["max_epochs"] * traces_of(wildcards.source)
    return limited(min(windows / TRAINED_PER_S / 3600, limits["max_time_h"]), attempt)


def search_time(wildcards, attempt):
    """Minutes to find parameters on the source's picks; controls have none."""
    tuning = RUN["tuning"]
    searched = PROJECT.models[wildcards.model]["learns_from"] == "windows"
    tried = (tuning["initial_points"] + tuning["points"]) * tuning["picks"] if searched else 0
    return limited(tried / SEARCHED_PER_S / 3600, attempt)


def search_threads(wildcards):
    """CPU cores of a search; a control needs one."""
    return training_threads(wildcards) if PROJECT.models[wildcards.model]["learns_from"] == "windows" else 1


def prediction_time(device, datasets):
    """Minutes to predict datasets, of which dev and test hold less than half."""

    def asked_minutes(wildcards, attempt):
        windows = sum(traces_of(name) for name in datasets(wildcards))
        return limited(windows / PREDICTED_PER_S[device] / 3600, attempt)

    return asked_minutes


# Snakemake looks for jobs to start whenever one has ended, and where jobs a second are limited again a second after each
# look, for ever: after some hundred jobs it does nothing else (9.27, issue 2967). Its default limit, 100 a second, is of no
# use here; any other stays.
limit = workflow.scheduling_settings and workflow.scheduling_settings.max_jobs_per_timespan
if limit and (limit.max_jobs, limit.timespan) == (100, 1):
    workflow.scheduling_settings.max_jobs_per_timespan = None
