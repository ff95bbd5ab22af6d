"""Prepared metadata, made to order for tests of windows, and the rules that these are held against."""

import numpy as np
import pandas as pd

from pickbench.windows.rules import WindowRules

RULES = WindowRules()


def table(npts, split="dev", outside=0, **picks):
    """Prepared metadata with one trace for each npts; picks by phase name."""
    npts = np.atleast_1d(npts)
    return pd.DataFrame(
        {
            "trace_name": [f"bucket0${i},:3,:{n}" for i, n in enumerate(npts)],
            "trace_raw_name": [f"raw{i}" for i in range(len(npts))],
            "trace_raw_chunk": "",
            "trace_raw_dataset": "net",
            "trace_npts": npts,
            "trace_picks_outside": outside,
            "split": split,
            **{f"trace_{name}_arrival_sample": samples for name, samples in picks.items()},
        }
    )
