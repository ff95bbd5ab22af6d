"""Metadata of a twin in SeisBench's names, with the truth beside the labels and the real dataset's way of splitting."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pickbench.simulation.catalogue import Network
from pickbench.simulation.labels import FIRST, Timing

_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def describe(
    recipe: Mapping,
    rows: pd.DataFrame,
    timing: Timing,
    network: Network,
    measured: Mapping[str, np.ndarray],
    first_trace: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Metadata of a block, one row a trace; `trace_name` is left empty for the writer.

    Parameters
    ----------
    recipe
        The whole recipe.
    rows
        As `catalogue.draw_recordings` gives them.
    timing
        As `labels.cut` gives it.
    network
        The stations.
    measured
        trace_snr_db, trace_has_spikes and trace_completeness.
    first_trace
        Number of the block's first trace.
    rng
        Source of randomness, for a split by trace.

    Returns
    -------
    pandas.DataFrame
        Labels in columns trace_{phase}_arrival_sample (native samples). The true first onsets are in
        trace_true_P_onset_s and trace_true_S_onset_s, seconds from the start of the trace whatever its sampling rate;
        empty where they lie outside.
    """
    rate_hz = network.sampling_rate_hz[rows["station"]]
    is_event = rows["event"] >= 0
    start = rows["time"] + pd.to_timedelta(timing.start_s, unit="s").round("us")
    source = pd.Series([f"ev{event:07d}" for event in rows["event"]])
    stations = _stations(network, rows["station"].to_numpy())
    codes = stations["station_code"]
    original = np.where(is_event, source, [f"noise{first_trace + row:07d}" for row in range(len(rows))])
    table = {
        "trace_name": pd.Series("", rows.index, dtype=object),
        "trace_name_original": [f"{name}_{network.code}.{code}" for name, code in zip(original, codes, strict=True)],
        "trace_start_time": start.dt.strftime(_TIME_FORMAT),
        "trace_sampling_rate_hz": rate_hz,
        "trace_npts": timing.npts,
        "trace_category": np.where(is_event, recipe["events"]["category"], "noise"),
    }
    table |= _labels(recipe, timing, rate_hz)
    table |= {
        "trace_snr_db": measured["trace_snr_db"].round(2),
        "trace_has_spikes": measured["trace_has_spikes"].astype(bool),
        "trace_completeness": measured["trace_completeness"].round(4),
        **stations,
        "source_id": source.where(is_event, None),
        "source_origin_time": rows["time"].dt.strftime(_TIME_FORMAT).where(is_event, None),
        "source_latitude_deg": rows["source_latitude_deg"].round(4),
        "source_longitude_deg": rows["source_longitude_deg"].round(4),
        "source_depth_km": rows["depth_km"].round(3),
        "source_magnitude": rows["magnitude"],
        "path_ep_distance_km": rows["distance_km"].round(3),
        "path_back_azimuth_deg": rows["back_azimuth_deg"].round(2),
        "split": _split(recipe["split"], rows, start, rng),
    }
    return pd.DataFrame(table)


def _stations(network: Network, station: np.ndarray) -> dict[str, object]:
    """Columns of the station that each trace was recorded at."""
    return {
        "station_network_code": network.code,
        "station_code": np.array([f"S{number:04d}" for number in range(len(network))])[station],
        "station_latitude_deg": network.latitude_deg[station].round(4),
        "station_longitude_deg": network.longitude_deg[station].round(4),
    }


def _labels(recipe: Mapping, timing: Timing, rate_hz: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of labels, in native samples, and of the truth, in seconds."""
    columns = {}
    for name, samples in timing.labels.items():
        columns[f"trace_{name}_arrival_sample"] = samples
        columns[f"trace_{name}_status"] = np.where(np.isnan(samples), None, recipe["labels"]["status"])
    for phase in FIRST:
        onset = timing.onsets[phase]
        inside = (onset >= 0) & (onset < timing.npts)
        columns[f"trace_true_{phase}_onset_s"] = np.where(inside, onset / rate_hz, np.nan)
    return columns


def _split(rule: Mapping, rows: pd.DataFrame, start: pd.Series, rng: np.random.Generator) -> np.ndarray:
    """Split of each trace by the recipe's rule: two dates, or shares of events or of traces."""
    if rule["by"] in ("source_origin_time", "trace_start_time"):
        value = rows["time"] if rule["by"] == "source_origin_time" else start
        dev = value >= pd.Timestamp(rule["dev_from"])
        test = value >= pd.Timestamp(rule["test_from"])
    else:
        value = rows["split_draw"].to_numpy() if rule["by"] == "source_id" else rng.random(len(rows))
        test = value < rule["test"]
        dev = ~test & (value < rule["test"] + rule["dev"])
    return np.select([test, dev], ["test", "dev"], "train")
