# In: what all trainings and predictions have noted, and the benchmark files of all jobs up to the metrics. Out: two tables
# of what that took, by model and source and by stage. Benchmark files are no declared inputs: Snakemake would run a job
# again for want of one. Those that are there are read, the others are counted.


localrules:
    demand,


rule demand:
    input:
        runs=picker_paths([RECORD, HISTORY], learned_pickers()),
        cells=picker_paths(CELLS, GRID.pickers()),
        metrics="results/metrics.csv",
    output:
        shown_page(DEMAND[:3], "demand", "run", {"Shows": "Time, memory and devices, model by model"}),
        shown_page(DEMAND[3:], "demand-stages", "run", {"Shows": "Time and memory, stage by stage"}),
    log:
        "results/logs/demand.log",
    benchmark:
        "results/benchmarks/demand.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["tables"],
        pickers=pickers_and_benchmarks(),
        stages=benchmarks_by_stage(),
        models=titles(PROJECT.models, "title", "control"),
        datasets=titles(PROJECT.datasets, "title"),
    message:
        "writing tables of what the run took"
    script:
        "../scripts/demand.py"
