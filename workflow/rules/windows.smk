# In: the metadata of a prepared dataset; no waveform is read. Out: the evaluation windows of task 1, or of tasks 2 and
# 3, on dev and test: drawn by our rules, or taken over from published ones.


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
        mem_mb=memory(2000, 2000, own_dataset),
        runtime=time_of(1),
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
