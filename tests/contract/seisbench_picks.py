"""Picks of one network by SeisBench and by its adapter here, in the same windows."""

import numpy as np
import obspy
import pandas as pd

from pickbench.models.base import Question


def stream(waveform: np.ndarray, components: str = "ZNE") -> obspy.Stream:
    header = {"network": "XX", "station": "A", "sampling_rate": 100.0}
    return obspy.Stream(
        [obspy.Trace(row.copy(), {**header, "channel": f"HH{c}"}) for c, row in zip(components, waveform, strict=True)]
    )


def annotated_pick(network, waveform: np.ndarray, phase: str, start: int, end: int) -> int:
    """Where SeisBench's own curve of a phase is largest from sample `start` to `end` of the waveform."""
    curve = network.annotate(stream(waveform)).select(channel=f"*_{phase}")[0]
    times = np.round(curve.times("timestamp") * 100).astype(int)
    inside = (times >= start) & (times < end) & np.isfinite(curve.data)
    return int(times[inside][np.argmax(curve.data[inside])])


def picks_by_seisbench(adapter, network, dataset, rows) -> pd.Series:
    """SeisBench's picks in evaluation windows, from a stream of just what the adapter looks at."""
    start, end = rows["start_sample"].to_numpy(), rows["end_sample"].to_numpy()
    npts = dataset.metadata["trace_npts"].to_numpy()[rows["trace_idx"]]
    first, length = adapter.frame(start, end, npts)
    found = []
    for row, begin in zip(rows.itertuples(), first, strict=True):
        low, high = max(begin, 0), min(begin + length, 6000)
        waveform = dataset.waveform(row.trace_idx)[:, low:high]
        found.append(
            low + annotated_pick(network, waveform, row.phase_label, row.start_sample - low, row.end_sample - low)
        )
    return pd.Series(found, rows.index)


def picks_here(adapter, weights, dataset, rows) -> pd.Series:
    question = Question(dataset, rows, ["p_sample_pred", "s_sample_pred"], seed=1, batch_size=8)
    given = adapter.answer(question, weights)
    return given["p_sample_pred"].where(rows["phase_label"] == "P", given["s_sample_pred"])
