# In: the manifest of the raw data. Out: waveforms at 100 Hz in ZNE, in contiguous blocks that can be memory-mapped, the
# metadata that goes with them, and what was dropped or mended and why. A large dataset is prepared in several chunks.


rule prepare:
    input:
        manifest="results/raw/{dataset}.json",
    output:
        waveforms="results/data/{dataset}/waveforms{chunk}.hdf5",
        metadata="results/data/{dataset}/prepared{chunk}.csv",
        dropped="results/data/{dataset}/dropped{chunk}.part.json",
    log:
        "results/logs/prepare/{dataset}{chunk}.log",
    benchmark:
        "results/benchmarks/prepare/{dataset}{chunk}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(2000, 100, own_dataset),
        runtime=preparation_time,
    params:
        version=VERSIONS["prepare"],
        arrival_columns=arrival_columns_of,
        chunk=chunk_number,
    message:
        "{wildcards.dataset}{wildcards.chunk}: preparing"
    script:
        "../scripts/prepare.py"
