# In: configuration, models, raw data at a path, published windows, weights and figures. Out: nothing but lines on the
# terminal: their faults in one list, or what was looked at and how much of each dataset can be used. `snakemake validate`
# looks before a run is started; it runs each time. A configuration with faults gets no further than common.smk, which
# looks over the same for it.


localrules:
    validate,


rule validate:
    log:
        "results/logs/validate.log",
    conda:
        ENVIRONMENT
    params:
        project=PROJECT,
        root=str(ROOT),
    message:
        "looking over models, data, and what is published"
    script:
        "../scripts/validate.py"
