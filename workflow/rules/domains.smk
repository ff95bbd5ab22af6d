# In: the prediction files of all pickers, and the long table of results. Out: what compares models with each other: ROC
# curves of every model on its own source, and across domains, of all sources on all targets, matrices of a metric and box
# plots of residuals. With several seeds, the first one is drawn. Controls are in the ROC curves alone: they learn nothing
# from a source, and would repeat one row for each.


localrules:
    roc,
    matrices,
    boxes,


rule roc:
    input:
        cells=[cells_of(model, name) for model, name in pickers_at_home()],
    output:
        pdf=f"{ROC}.pdf",
        png=in_report(f"{ROC}.png", "roc", "in-domain", {"Shows": "ROC curves"}, TASKS[1]),
    log:
        "results/logs/figures/roc.log",
    benchmark:
        "results/benchmarks/figures/roc.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["figures"],
        panels=panels_of_roc,
        controls=CONTROLS,
    message:
        "drawing ROC curves"
    script:
        "../scripts/roc.py"


rule matrices:
    input:
        metrics=COLLECTED,
    output:
        pdf=f"{MATRIX}.pdf",
        png=in_report(f"{MATRIX}.png", "matrix", "cross-domain", matrix_labels, task_of_matrix),
    log:
        "results/logs/figures/matrix-{matrix}.log",
    benchmark:
        "results/benchmarks/figures/matrix-{matrix}.tsv"
    wildcard_constraints:
        matrix=ids(MATRICES),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        version=VERSIONS["figures"],
        panels=panels_of_matrices,
    message:
        "drawing matrices across domains: {wildcards.matrix}"
    script:
        "../scripts/matrices.py"


rule boxes:
    input:
        cells=lambda wildcards: [cells_of(*picker) for picker in pickers_with(ONSETS[wildcards.phase])],
    output:
        pdf=f"{BOXES}.pdf",
        png=in_report(
            f"{BOXES}.png",
            "boxes",
            "cross-domain",
            {"Shows": "Residuals, box plots", "Phase": "{phase}"},
            TASKS[3],
        ),
    log:
        "results/logs/figures/boxes-{phase}.log",
    benchmark:
        "results/benchmarks/figures/boxes-{phase}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=2000,
        runtime="2h",
    params:
        version=VERSIONS["figures"],
        panels=panels_of_boxes,
        regions=REGIONS,
        controls=CONTROLS,
    message:
        "drawing box plots of {wildcards.phase} residuals across domains"
    script:
        "../scripts/boxes.py"
