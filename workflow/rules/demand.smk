# In: what all trainings and predictions have noted, and what was measured of all jobs up to the metrics. Out: two tables of
# what that took, by model and source and by stage. Jobs that were not measured, because they ran elsewhere, are counted.


localrules:
    demand,


rule demand:
    input:
        candidates=picker_paths(CANDIDATES, own_pickers()),
        cells=picker_paths(CELLS, GRID.pickers()),
        benchmarks="results/metrics.benchmarks.csv",
    output:
        page_in_report(DEMAND[:3], "demand", "run", {"Shows": "Time, memory and devices, model by model"}),
        page_in_report(DEMAND[3:], "demand-stages", "run", {"Shows": "Time and memory, stage by stage"}),
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
