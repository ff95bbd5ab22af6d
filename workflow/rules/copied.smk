# Results that were copied without data, to draw figures from. What one of them lacks would be made from nothing less than
# the whole run, which nobody has asked for: it is said, and nothing runs.


def prediction_files():
    """Those of all pickers, in the study of sampling rates as well."""
    folders = [
        (f"{PREDICTIONS}/{target}".format(model=model, source=source, seed=seed), model, target)
        for model, source, seed in GRID.pickers()
        for target in GRID.targets_of(model)
    ] + [
        (f"{STUDIED}/{cell_name(target, rate_hz)}".format(model=model, source=source, seed=seed), model, target)
        for model, source, seed in STUDY.pickers()
        for target in STUDY.targets_of(model)
        for rate_hz in STUDY.other_rates_hz
    ]
    return [
        f"{folder}/{split}_{name}.parquet"
        for folder, model, target in folders
        for name in GRID.task_files(model, target)
        for split in EVALUATED_SPLITS
    ]


def what_a_copy_needs():
    """All that figures and tables are made from."""
    trained = [picker for picker in GRID.pickers() if picker not in PUBLISHED_PICKERS]
    return [
        *METRICS_FILES,
        MEASURED,
        *([MEASURED_IN_STUDY] if STUDY.models else []),
        *expand([TRACE_FACTS, PICK_FACTS], dataset=PROJECT.datasets),
        *expand([f"{EXAMPLES}.csv", f"{EXAMPLES}.npz"], dataset=EXAMPLE_DATASETS),
        *picker_paths(CELLS, GRID.pickers()),
        *picker_paths(KEPT_SELECTED, trained),
        *picker_paths(RATE_CELLS, STUDY.pickers()),
        *prediction_files(),
    ]


if COPIED and Path("results/predictions").exists():
    lacking = [path for path in what_a_copy_needs() if not Path(path).exists()]
    if lacking:
        others = f" (and {len(lacking) - 1} other files)" if lacking[1:] else ""
        raise WorkflowError(
            f"{lacking[0]}{others}: not among these copied results, which have no results/data; copy it as well, or make"
            " a folder results/data to have all that is missing made from the start"
        )
