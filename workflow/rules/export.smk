# In: the selected weights of all pickers that were trained here, with what they answered on dev. Out: SeisBench weight
# files. One short job does all, since most of its time goes into starting.


localrules:
    export,


rule export:
    input:
        selected=picker_paths(SELECTED, GRID.trained_pickers()),
        candidates=picker_paths(CANDIDATE_FILES, GRID.trained_pickers()),
    output:
        weights=directory("results/export"),
    log:
        "results/logs/export.log",
    benchmark:
        "results/benchmarks/export.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=4000,
        runtime="30m",
    params:
        version=VERSIONS["export"],
        pickers=pickers_to_export(),
    message:
        "exporting selected pickers as SeisBench weight files"
    script:
        "../scripts/export.py"
