# In: a picker's selected weights, the prepared targets with their windows, and its ordinary predictions, which are those at
# 100 Hz. Out: its prediction files for waveforms at other rates that are played as if they were at 100 Hz; the metrics at
# every rate, with those marked that dev chooses; what the jobs took up to there; a table and residual histograms at 100 Hz
# and at the chosen rate.


rule predict_rates:
    input:
        targets=studied_files,
        weights=selected_weights,
        selected=SELECTED,
    output:
        cells=RATE_CELLS,
    log:
        "results/logs/rates/{model}/{source}/seed{seed}-predict.log",
    benchmark:
        "results/benchmarks/predict_rates/{model}/{source}/seed{seed}.tsv"
    wildcard_constraints:
        model=ids(ON_GPU),
    conda:
        ENVIRONMENT
    threads: RUN["prediction"]["threads"]
    resources:
        gpu=1,
        mem_mb=memory(8000, 1000, own_targets),
        runtime=prediction_time("gpu", own_targets),
    params:
        version=[VERSIONS["predict"], VERSIONS["rates"]],
        targets=studied_targets,
        rates_hz=STUDY.other_rates_hz,
        model=model_of,
    message:
        "{wildcards.model} from {wildcards.source}, seed {wildcards.seed}: predicting at other rates"
    script:
        "../scripts/predict_rates.py"


rule metrics_rates:
    input:
        dev=expand(DEV_ANSWERS.values(), lr=learning_rates, allow_missing=True),
        cells=made_from(CELLS),
        rates=made_from(RATE_CELLS),
        selected=SELECTED,
    output:
        metrics=RATE_METRICS,
    log:
        "results/logs/rates/{model}/{source}/seed{seed}-metrics.log",
    benchmark:
        "results/benchmarks/metrics_rates/{model}/{source}/seed{seed}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(2000, 1000, own_targets),
        runtime=time_of(1),
    params:
        version=[VERSIONS["metrics"], VERSIONS["rates"]],
        datasets=judged_in_study,
        targets=studied_targets,
        rates_hz=STUDY.other_rates_hz,
    message:
        "{wildcards.model} from {wildcards.source}, seed {wildcards.seed}: metrics at other rates"
    script:
        "../scripts/metrics_rates.py"


localrules:
    collect_rates,
    rate_table,
    residuals_rates,


rule collect_rates:
    input:
        metrics=studied_metrics,
    output:
        csv="results/metrics.rates.csv",
        parquet="results/metrics.rates.parquet",
        benchmarks=MEASURED_IN_STUDY,
    log:
        "results/logs/rates/collect.log",
    benchmark:
        "results/benchmarks/rates/collect.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=[VERSIONS["metrics"], VERSIONS["rates"]],
        benchmarks=all_benchmarks_of_study,
    message:
        "collecting the metrics at other rates"
    script:
        "../scripts/collect_rates.py"


rule rate_table:
    input:
        metrics=COLLECTED_RATES,
    output:
        page_in_report(RATE_TABLE, "rates", "conditions", {"Shows": "What it brings, table"}, "Other sampling rates"),
    log:
        "results/logs/rates/table.log",
    benchmark:
        "results/benchmarks/rates/table.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=[VERSIONS["tables"], VERSIONS["rates"]],
        models=titles(PROJECT.models, "title", "control"),
        datasets=titles(PROJECT.datasets, "title", "region"),
    message:
        "writing the table of sampling rates"
    script:
        "../scripts/rate_table.py"


rule residuals_rates:
    input:
        metrics=COLLECTED_RATES,
        cells=studied_cells,
    output:
        pdf=f"{RATE_RESIDUALS}.pdf",
        png=in_report(
            f"{RATE_RESIDUALS}.png",
            "residuals-rates",
            "conditions",
            {"Shows": "Residuals, histograms", "Model": "{model}", "Phase": "{phase}"},
            "Other sampling rates",
        ),
    log:
        "results/logs/rates/{model}-residuals-{phase}.log",
    benchmark:
        "results/benchmarks/rates/{model}-residuals-{phase}.tsv"
    wildcard_constraints:
        model=ids(STUDY.models),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=[VERSIONS["figures"], VERSIONS["rates"]],
        panels=panels_of_rates,
    message:
        "drawing residuals of {wildcards.phase} of {wildcards.model} at other rates"
    script:
        "../scripts/residuals_rates.py"
