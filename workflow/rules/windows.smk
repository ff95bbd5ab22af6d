# In: the metadata of a prepared dataset; no waveform is read. Out: the evaluation windows of task 1, or of tasks 2 and
# 3, on dev and test: drawn by our rules, or taken over from published ones.


def tasks_of(wildcards):
    """The tasks of a windows file that a dataset supports."""
    return [
        t
        for t in TASK_FILES[wildcards.windows_file]
        if t in PROJECT.datasets[wildcards.dataset]["tasks"]
    ]


def published_of(wildcards):
    """Folder of published windows to take over, if the dataset names one."""
    folder = PROJECT.datasets[wildcards.dataset]["windows"]
    return None if folder is None else str(located(folder, ROOT))


def metadata_of(wildcards):
    """The metadata of a prepared dataset, all chunks."""
    return [path for path in prepared(wildcards.dataset) if path.endswith(".csv")]


def published_files(wildcards):
    """The published windows to take over, if there are any."""
    folder = published_of(wildcards)
    return [] if folder is None else f"{folder}/{wildcards.windows_file}.csv"


rule windows:
    input:
        metadata=metadata_of,
        published=published_files,
    output:
        windows="results/windows/{dataset}/{windows_file}.csv",
    log:
        "results/logs/windows/{dataset}-{windows_file}.log",
    benchmark:
        "results/benchmarks/windows/{dataset}-{windows_file}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=4000,
        runtime="1h",
    params:
        version=VERSIONS["windows"],
        tasks=tasks_of,
        rules={**RUN["windows"], "seed": RUN["data_seed"]},
        arrival_columns=arrival_columns_of,
        published=published_of,
    message:
        "{wildcards.dataset}: drawing windows of {wildcards.windows_file}"
    script:
        "../scripts/windows.py"
