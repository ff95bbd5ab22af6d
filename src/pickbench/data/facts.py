"""Facts of a prepared dataset in two small tables, so that figures need neither its waveforms nor its wide metadata.

`traces` has one row a trace: where it was recorded, how far from which source, at which rate. `picks` has one row a
pick, with its signal-to-noise ratio. Both know a trace by its name and chunk, since a name may come back in another
chunk; a prediction file is joined to them by these, and by the phase and the onset.

A distance is taken from the metadata, epicentral before hypocentral, or computed from the coordinates of source and
station. A signal-to-noise ratio is the first value of `trace_snr_db` where the dataset has that column, so it is the
same for all picks of a trace. Else it is measured at each pick on the vertical component, as recorded and unfiltered:
20 log10 of the RMS from the pick to 3 s behind it over the RMS from 3.5 to 0.5 s before it, both about the mean of the
latter. The noise before an S is then mostly coda of the P.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.conditions import MEASURED
from pickbench.data import layout
from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.files import checked, remedy, replacing
from pickbench.phases import arrival_columns, arrivals

EARTH_RADIUS_KM = 6371.0
KM_PER_DEGREE = np.pi * EARTH_RADIUS_KM / 180
# Column -> (kilometres in its unit, what it is), the better ones first.
DISTANCES = {
    "path_ep_distance_km": (1.0, "epicentral"),
    "path_ep_distance_deg": (KM_PER_DEGREE, "epicentral"),
    "path_hyp_distance_km": (1.0, "hypocentral"),
}
COORDINATES = ("station_latitude_deg", "station_longitude_deg", "source_latitude_deg", "source_longitude_deg")
SNR = "trace_snr_db"
RATE = "trace_raw_sampling_rate_hz"
MAGNITUDE = "source_magnitude"
# Seconds from the pick.
NOISE_S, SIGNAL_S = (-3.5, -0.5), (0.0, 3.0)
# Less of a window than this lies in the trace: no ratio.
LEAST_S = 1.0
PICKS_AT_ONCE = 4096

KEY = ["trace_name", "trace_chunk"]


def write_facts(
    dataset_dir: str | Path, mapping: Mapping[str, str] | None, output_traces: str | Path, output_picks: str | Path
) -> None:
    """Write both tables of a prepared and split dataset.

    Parameters
    ----------
    dataset_dir
        The dataset.
    mapping
        See `pickbench.phases.arrival_columns`.
    output_traces, output_picks
        Parquet files to write.

    Raises
    ------
    InputError
        When the dataset cannot be read.
    """
    traces, picks = facts(Path(dataset_dir), mapping)
    for table, path in ((traces, output_traces), (picks, output_picks)):
        with replacing(path, sealed=True) as temporary:
            table.to_parquet(temporary, index=False)


def facts(dataset_dir: Path, mapping: Mapping[str, str] | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Gather the facts of a prepared and split dataset.

    Parameters
    ----------
    dataset_dir
        The dataset.
    mapping
        See `pickbench.phases.arrival_columns`.

    Returns
    -------
    traces : DataFrame
        trace_name, trace_chunk, split, rate_hz (of the recording, before it was prepared), distance_km, magnitude, and
        latitude and longitude of station and source in degrees; NaN where unknown. `attrs["distance"]` says whether
        distances are epicentral or hypocentral, "" where there are none.
    picks : DataFrame
        trace_name, trace_chunk, phase (P or S), sample (at 100 Hz) and snr_db, by trace and sample. `attrs["snr"]` is
        "trace_snr_db", or "measured" where they come from the waveforms.
    """
    present = _present(dataset_dir)
    arriving = arrival_columns(present, mapping)
    numbers = [name for name in (*DISTANCES, *COORDINATES, RATE, MAGNITUDE) if name in present]
    dataset = PreparedDataset(dataset_dir, [*arriving, *numbers, SNR])
    metadata = dataset.metadata
    traces = metadata[[*KEY, "split"]].copy()
    traces["rate_hz"] = _numbers(metadata, RATE)
    traces["distance_km"], kind = distances_km(metadata)
    traces["magnitude"] = _numbers(metadata, MAGNITUDE)
    for name in COORDINATES:
        traces[name] = _numbers(metadata, name)
    traces.attrs["distance"] = kind

    picked = arrivals(metadata[list(arriving)], mapping)
    trace_idx, sample = picked["trace_idx"].to_numpy(), picked["sample"].to_numpy()
    picks = metadata.loc[trace_idx, KEY].reset_index(drop=True)
    picks["phase"], picks["sample"] = picked["phase"].astype(str).to_numpy(), sample
    known = first_numbers(metadata[SNR]) if SNR in metadata else np.full(len(metadata), np.nan)
    if np.isfinite(known).any():
        picks["snr_db"], picks.attrs["snr"] = known[trace_idx], SNR
    else:
        picks["snr_db"], picks.attrs["snr"] = measure_snr_db(dataset, trace_idx, sample), MEASURED
    return traces, picks


def first_numbers(values: pd.Series) -> np.ndarray:
    """First number of each entry, (n,) float: of a number itself, and of a text such as "[51.2 49.8 50.1]"."""
    if pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(np.float64, na_value=np.nan)
    number = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
    # A first value that is no number is not replaced by the second.
    first = values.astype("string").str.extract(rf"^[\[(\s]*{number}(?=$|[\s,\])])", expand=False)
    return first.astype("Float64").to_numpy(np.float64, na_value=np.nan)


def distances_km(metadata: pd.DataFrame) -> tuple[np.ndarray, str]:
    """Distance of each trace from its source: (n,) kilometres, NaN where unknown, and what kind of distance it is.

    All come from one column, the first of `DISTANCES` that has any, or from the coordinates; epicentral first.
    """
    found = [(_numbers(metadata, column) * km, kind) for column, (km, kind) in DISTANCES.items()]
    computed = great_circle_km(*(_numbers(metadata, name) for name in COORDINATES)), "epicentral"
    for values, kind in [*found[:2], computed, *found[2:]]:
        if np.isfinite(values).any():
            return values, kind
    return np.full(len(metadata), np.nan), ""


def great_circle_km(
    latitude: np.ndarray, longitude: np.ndarray, other_latitude: np.ndarray, other_longitude: np.ndarray
) -> np.ndarray:
    """Distance of points on a sphere from others: (n,) degrees each, (n,) kilometres."""
    first, second = np.radians(latitude), np.radians(other_latitude)
    apart = np.radians(other_longitude) - np.radians(longitude)
    half = np.sin((second - first) / 2) ** 2 + np.cos(first) * np.cos(second) * np.sin(apart / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1)))


def measure_snr_db(dataset: PreparedDataset, trace_idx: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """Measure signal-to-noise ratios on the vertical component.

    Parameters
    ----------
    dataset
        The dataset.
    trace_idx
        (n,) int, rows of its metadata.
    sample
        (n,) picks in samples of these traces.

    Returns
    -------
    ndarray
        (n,) dB; NaN where less than a second of either window lies in the trace, or where one of them does not move.
    """
    rate = dataset.sampling_rate_hz
    (low, high), (begin, end) = (tuple(round(second * rate) for second in window) for window in (NOISE_S, SIGNAL_S))
    result = np.full(len(sample), np.nan)
    for part in np.split(np.arange(len(sample)), range(PICKS_AT_ONCE, len(sample), PICKS_AT_ONCE)):
        first = np.round(sample[part]).astype(np.int64) + low
        pieces, valid = dataset.crop(trace_idx[part], first, end - low)
        inside = np.arange(end - low)
        inside = (inside >= valid[:, :1]) & (inside < valid[:, 1:])
        vertical = np.where(inside, pieces[:, 0].astype(np.float64), np.nan)
        result[part] = _ratios_db(vertical[:, : high - low], vertical[:, begin - low :], LEAST_S * rate)
    return result


def _ratios_db(noise: np.ndarray, signal: np.ndarray, least: float) -> np.ndarray:
    """Ratio of RMS, (B,) dB, of (B, samples) that are NaN beyond the trace."""
    enough = (np.isfinite(noise).sum(axis=1) >= least) & (np.isfinite(signal).sum(axis=1) >= least)
    ratio = np.full(len(noise), np.nan)
    if enough.any():
        mean = np.nanmean(noise[enough], axis=1, keepdims=True)
        power = [np.nanmean((part[enough] - mean) ** 2, axis=1) for part in (signal, noise)]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio[enough] = 10 * np.log10(power[0] / power[1])
    return np.where(np.isfinite(ratio), ratio, np.nan)


def join_picks(rows: pd.DataFrame, traces: pd.DataFrame, picks: pd.DataFrame) -> pd.DataFrame:
    """Add the facts to rows of a task 2/3 prediction file.

    Parameters
    ----------
    rows
        trace_name, trace_chunk, phase_label and phase_onset (samples), in any order.
    traces, picks
        The tables of the same dataset.

    Returns
    -------
    DataFrame
        The rows as they came, with distance_km and snr_db: those of the trace, and of its pick of this phase that is
        nearest to the onset. NaN where unknown.

    Raises
    ------
    InputError
        When a row's trace is not in the dataset.
    """
    asked = rows[[*KEY, "phase_label", "phase_onset"]].reset_index(drop=True).rename_axis("row").reset_index()
    of_trace = asked.merge(traces[[*KEY, "distance_km"]], on=KEY, how="left", validate="many_to_one", indicator=True)
    foreign = (of_trace["_merge"] != "both").to_numpy()
    if foreign.any():
        name = rows["trace_name"].iloc[int(foreign.argmax())]
        raise InputError(f"trace {name} of the predictions is not in the dataset's facts: make both again")
    near = asked.merge(picks, left_on=[*KEY, "phase_label"], right_on=[*KEY, "phase"], how="left")
    near["away"] = (near["sample"] - near["phase_onset"]).abs()
    near = near.sort_values(["row", "away"], kind="stable").drop_duplicates("row")
    return rows.assign(distance_km=of_trace["distance_km"].to_numpy(), snr_db=near["snr_db"].to_numpy())


def read_facts(path: str | Path) -> pd.DataFrame:
    """Read either table.

    Raises
    ------
    InputError
        When it cannot be read, or is not as it was written.
    """
    path = checked(path)
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a whole table of facts ({error}); {remedy('it')}") from error


def _present(dataset_dir: Path) -> list[str]:
    """Columns of the metadata, over all chunks."""
    try:
        tables = [layout.metadata_path(dataset_dir, chunk) for chunk in layout.chunk_names(dataset_dir)]
        return list(dict.fromkeys(name for path in tables for name in pd.read_csv(path, nrows=0).columns))
    except (OSError, ValueError) as error:
        raise InputError(f"{dataset_dir}: metadata not readable as a table ({error})") from error


def _numbers(metadata: pd.DataFrame, column: str) -> np.ndarray:
    """A column as (n,) float, NaN where it has no number or is not there."""
    if column not in metadata:
        return np.full(len(metadata), np.nan)
    return pd.to_numeric(metadata[column], errors="coerce").to_numpy(np.float64, na_value=np.nan)
