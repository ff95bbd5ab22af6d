# In: the prepared metadata of all chunks. Out: the same with every trace in train, dev or test, which completes the
# prepared dataset; a report on what the splits share; what was dropped; checksums. Outputs cannot depend on a wildcard,
# so there is one rule for each number of chunks that a dataset has.


for count in sorted({settings["chunks"] for settings in PROJECT.datasets.values()}):

    rule:
        name:
            "split" if count == 1 else f"split_{count}_chunks"
        input:
            prepared=each_chunk("prepared*.csv", count),
            dropped=each_chunk("dropped*.part.json", count),
            waveforms=each_chunk("waveforms*.hdf5", count),
        output:
            metadata=each_chunk("metadata*.csv", count),
            dropped="results/data/{dataset}/dropped.json",
            report="results/data/{dataset}/split_report.json",
            checksums="results/data/{dataset}/checksums.json",
            chunks=[] if count == 1 else "results/data/{dataset}/chunks",
        log:
            "results/logs/split/{dataset}.log",
        benchmark:
            "results/benchmarks/split/{dataset}.tsv"
        wildcard_constraints:
            dataset=ids(name for name, settings in PROJECT.datasets.items() if settings["chunks"] == count),
        conda:
            ENVIRONMENT
        resources:
            mem_mb=memory(2000, 2000, own_dataset),
            runtime=time_of(3),
        params:
            version=VERSIONS["split"],
            mode=split_mode,
            expected_traces=expected_traces,
            seed=RUN["data_seed"],
        message:
            "{wildcards.dataset}: splitting"
        script:
            "../scripts/split.py"
