# Rules of stages that use a GPU, once more for models without neural networks: Baer-Kradolfer and the controls. They do the
# same, and ask for no GPU.


use rule train as train_on_cpu with:
    wildcard_constraints:
        model=ids(ON_CPU),
        source=ids(TRAINED_ON),
    threads: search_threads
    resources:
        mem_mb=memory(4000, 1000, own_source),
        runtime=search_time,


use rule predict as predict_on_cpu with:
    wildcard_constraints:
        model=ids(ON_CPU),
    resources:
        mem_mb=memory(4000, 1000, own_targets),
        runtime=prediction_time("cpu", own_targets),


use rule predict_cell as predict_cell_on_cpu with:
    wildcard_constraints:
        model=ids(ON_CPU),
    resources:
        mem_mb=memory(4000, 1000, own_target),
        runtime=prediction_time("cpu", own_target),


use rule predict_rates as predict_rates_on_cpu with:
    wildcard_constraints:
        model=ids(ON_CPU),
    resources:
        mem_mb=memory(4000, 1000, own_targets),
        runtime=prediction_time("cpu", own_targets),
