# In: models, raw data at a path, published windows, weights and figures. Out: nothing but lines on the terminal: their faults
# in one list, or what was looked at and how much of each dataset can be used. `snakemake validate` looks before a run is
# started; it runs each time.


localrules:
    validate,


rule validate:
    log:
        "results/logs/validate.log",
    conda:
        ENVIRONMENT
    params:
        models={model: settings_of(model) for model in GRID.models},
        datasets=datasets_to_look_over(),
        published=weights_to_look_over(),
        figures=published_figures(),
    message:
        "looking over models, data, and what is published"
    script:
        "../scripts/validate.py"
