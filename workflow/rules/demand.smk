# In: what all trainings and predictions have noted, what was measured of all jobs up to the metrics and of those that show
# results as far as they are done by then. Out: two tables of what that took, by model and source and by stage. Jobs that
# were not measured, because they ran elsewhere, are counted.


localrules:
    demand,


rule demand:
    input:
        candidates=picker_paths(CANDIDATES, own_pickers()),
        cells=picker_paths(CELLS, GRID.pickers()),
        studied=picker_paths(RATE_CELLS, STUDY.pickers()),
        benchmarks=[MEASURED, *([MEASURED_IN_STUDY] if STUDY.models else [])],
    output:
        page_in_report(DEMAND[:3], "demand", "run", {"Shows": "Time, memory and devices, model by model"}),
        page_in_report(DEMAND[3:], "demand-stages", "run", {"Shows": "Time and memory, stage by stage"}),
    log:
        "results/logs/demand.log",
    benchmark:
        "results/benchmarks/demand.tsv"
    # Behind other jobs that are ready, so that more of what shows results has been measured.
    priority: -1
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["tables"],
        stages={**jobs_by_stage(), **jobs_of_study_by_stage()},
        benchmarks="results/benchmarks",
        models=titles(PROJECT.models, "title", "control"),
        datasets=titles(PROJECT.datasets, "title"),
    message:
        "writing tables of what the run took"
    script:
        "../scripts/demand.py"
