"""Prepare: a raw dataset of any size becomes plain SeisBench format at one rate, ZNE, float32, in contiguous blocks.

Rows are streamed, so that no more than a batch of traces is in memory, and picks are rescaled with their waveforms.
What cannot be used is dropped, what can be interpreted is mended; both are counted in dropped.json by the reasons in
`pickbench.data.reasons`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.data.account import Account
from pickbench.data.components import TARGET, assign_channels
from pickbench.data.layout import NO_NUMBER
from pickbench.data.raw import RawFile, RawWaveforms, check_names, column_names, raw_files, read_rows, survey
from pickbench.data.reasons import MISSING
from pickbench.data.split import SPLITS, check_splits
from pickbench.data.standard import standardise
from pickbench.data.writer import PreparedWriter
from pickbench.errors import InputError
from pickbench.files import replacing, write_json
from pickbench.phases import arrival_columns as phase_of_columns
from pickbench.phases import check_arrival_columns

BATCH_TRACES = 512
BATCH_BYTES = 32 * 2**20
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 1.0, 10_000.0
ARRIVAL_COLUMN = re.compile(r"trace_.*_arrival_sample")
# What a coordinate in degrees can be at most; longitudes may be counted from 0 to 360.
COORDINATES = {
    "station_latitude_deg": 90.0,
    "station_longitude_deg": 360.0,
    "source_latitude_deg": 90.0,
    "source_longitude_deg": 360.0,
}
ADDED_COLUMNS = (
    "trace_raw_name",
    "trace_raw_chunk",
    "trace_raw_dataset",
    "trace_sampling_rate_hz",
    "trace_raw_sampling_rate_hz",
    "trace_npts",
    "trace_component_order",
    "trace_components_present",
    "trace_picks_outside",
)


def prepare(
    raw: Path,
    output_waveforms: Path,
    output_metadata: Path,
    output_dropped: Path,
    *,
    rate_hz: float = 100.0,
    arrival_columns: Mapping[str, str] | None = None,
    chunk: int = 0,
    chunks: int = 1,
) -> None:
    """Prepare a raw dataset, or one of several equal shares of its rows.

    Parameters
    ----------
    raw
        Raw manifest.
    output_waveforms, output_metadata, output_dropped
        Files to write: waveforms (HDF5), table (CSV), and the account of what was dropped and mended (JSON).
    rate_hz
        Sampling rate of the prepared waveforms.
    arrival_columns
        Columns that hold picks, besides all that are named trace_*_arrival_sample, and their phases. They have to
        exist. None stands for the usual phases.
    chunk, chunks
        Which share to prepare, out of how many.

    Raises
    ------
    InputError
        When a table or waveform file cannot be read, a row's waveform is not in its file, or a pick is no number.
    """
    files = raw_files(raw)
    columns, picks = _columns(files, arrival_columns)
    account = Account()
    with (
        replacing(output_waveforms) as waveforms,
        replacing(output_metadata, sealed=True) as metadata,
        PreparedWriter(
            waveforms, metadata, dict.fromkeys([*columns, *ADDED_COLUMNS]), _data_format(files, rate_hz)
        ) as writer,
    ):
        for file, first, last, repeated in _shares(files, chunk, chunks):
            with RawWaveforms(file) as source:
                for rows in read_rows(file, first, last):
                    account.traces_in += len(rows)
                    rows = rows.reindex(columns=columns, fill_value="")  # Parts may differ in their columns.
                    rows = _usable_rows(rows, file, source, repeated, picks, account)
                    for batch in _batches(rows, rate_hz):
                        _prepare_batch(batch, file, source, picks, rate_hz, account, writer)
    write_json(output_dropped, account.summary())


def look_over(
    raw: Path, arrival_columns: Mapping[str, str] | None = None, *, own_split: bool = True, picks_needed: bool = False
) -> tuple[dict, list[str]]:
    """Go through tables and the layout of waveform files as `prepare` does, without reading a waveform.

    Parameters
    ----------
    raw, arrival_columns
        As for `prepare`.
    own_split
        Whether the column `split` counts, if there is one.
    picks_needed
        Whether a dataset without any column of picks is a fault.

    Returns
    -------
    summary : dict
        As dropped.json, without what only waveforms tell (non_finite, all_zero, constant, missing_X).
    faults : list of str
        What `prepare`, `split` and `windows` would stop at: the first fault of each kind in every few thousand rows,
        an empty split, no column of picks, no picks.

    Raises
    ------
    InputError
        When a file cannot be read at all, or lacks a column.
    """
    files = raw_files(raw)
    columns, picks = _columns(files, arrival_columns)
    own_split = own_split and "split" in columns
    account, splits, faults, n_picks = Account(), Counter(), {}, 0

    def attempt(check: Callable, *given):
        try:
            return check(*given)
        except InputError as error:
            faults[str(error)] = None

    if picks_needed:
        attempt(check_arrival_columns, columns, arrival_columns, files[0].metadata)
    for file, first, last, repeated in _shares(files, 0, 1):
        with RawWaveforms(file) as source:
            for rows in read_rows(file, first, last):
                account.traces_in += len(rows)
                rows = rows.reindex(columns=columns, fill_value="")
                usable = attempt(_usable_rows, rows, file, source, repeated, picks, account)
                if usable is None:  # Its first fault hides those of another kind.
                    for name in picks:
                        attempt(_numbers, rows, name, file)
                else:
                    account.traces_out += len(usable)
                    # Which components there are is seen in waveforms, whatever a column says.
                    known = usable.drop(columns="trace_components_present", errors="ignore")
                    _count_mended(known, known["trace_name"], account)
                    n_picks += int(usable[[name for name, phase in picks.items() if phase]].notna().to_numpy().sum())
                if own_split:
                    rows = rows if usable is None else usable
                    attempt(check_splits, file.metadata, rows["trace_name"], rows["split"])
                    splits.update(rows["split"])
    if account.traces_out and not faults:
        lacking = _lacking(splits if own_split else None, n_picks if picks_needed else None, picks)
        faults = dict.fromkeys(f"{files[0].metadata}: {fault}" for fault in lacking)
    return account.summary(), list(faults)


def _lacking(splits: Counter | None, n_picks: int | None, picks: Iterable[str]) -> Iterator[str]:
    """What tasks need and usable traces do not have; None for what is not needed."""
    for name in SPLITS:
        if splits is not None and not splits[name]:
            yield f"no usable trace is in split {name}, every task needs all three"
    if n_picks == 0:
        yield f"no usable trace has a pick in {', '.join(picks)}; every task needs some"


def _columns(files: list[RawFile], arrival_columns: Mapping[str, str] | None) -> tuple[list[str], dict[str, str]]:
    """Columns of all tables; and those of them that hold picks, with the phase (P, S or "" for any other)."""
    names = [column_names(file) for file in files]
    for file, own in zip(files, names, strict=True):
        check_names(file, (name for name in own if name not in (arrival_columns or ())))
    columns = list(dict.fromkeys(name for own in names for name in own))
    unknown = [name for name in arrival_columns or () if name not in columns]
    if unknown:
        raise InputError(f"{files[0].metadata}: has no column {unknown[0]}, which arrival_columns names")
    phases = phase_of_columns(columns, arrival_columns)
    picks = [name for name in columns if ARRIVAL_COLUMN.fullmatch(name) or name in phases]
    return columns, {name: phases.get(name, "") for name in picks}


def _shares(files: list[RawFile], chunk: int, chunks: int) -> Iterator[tuple[RawFile, int, int, np.ndarray]]:
    """Rows of each file that belong to this share of the dataset, and which rows of the file repeat a name."""
    surveys = [survey(file) for file in files]
    total = sum(rows for rows, _ in surveys)
    first, last = total * chunk // chunks, total * (chunk + 1) // chunks
    before = 0
    for file, (rows, repeated) in zip(files, surveys, strict=True):
        low, high = max(first - before, 0), min(last - before, rows)
        if low < high:
            yield file, low, high, repeated
        before += rows


def _data_format(files: list[RawFile], rate_hz: float) -> dict:
    """The prepared data_format; what describes the amplitudes is carried along where all files agree."""
    formats = []
    for file in files:
        with RawWaveforms(file) as source:
            formats.append(source.format)
    amplitudes = {}
    for key in ("measurement", "unit", "instrument_response"):
        values = {str(content[key]) for content in formats if key in content}
        if values:
            amplitudes[key] = values.pop() if len(values) == 1 else "mixed"
    return {"dimension_order": "CW", "component_order": TARGET, "sampling_rate": rate_hz, **amplitudes}


def _usable_rows(
    rows: pd.DataFrame,
    file: RawFile,
    source: RawWaveforms,
    repeated: np.ndarray,
    picks: Mapping[str, str],
    account: Account,
) -> pd.DataFrame:
    """Drop what the table and the layout of the file already rule out; add where and how to read the others."""
    nameless = rows.index[rows["trace_name"] == ""]
    if len(nameless):
        raise InputError(f"{file.metadata}: line {nameless[0] + 2} has no trace_name, which says where its waveform is")

    def keep(fine: np.ndarray, reason: str) -> pd.DataFrame:
        account.drop(reason, file, rows.loc[~fine, "trace_name"].tolist())
        return rows[fine]

    rows = keep(~np.isin(rows.index, repeated), "duplicate_name")
    rows = rows.assign(_rate=_sampling_rates(rows, source.format))
    rows = keep(rows["_rate"].between(LOWEST_RATE_HZ, HIGHEST_RATE_HZ).to_numpy(), "bad_sampling_rate")
    rows = rows.assign(_place=[source.locate(name) for name in rows["trace_name"]])
    orders = _component_orders(rows, source.format)
    channels = [assign_channels(order, place.channels) for order, place in zip(orders, rows["_place"], strict=True)]
    rows = rows.assign(_channels=channels)
    rows = keep(rows["_channels"].notna().to_numpy(), "unknown_components")
    rows = rows.assign(_npts=np.array([place.npts for place in rows["_place"]], dtype=np.int64))
    rows = keep(rows["_npts"].to_numpy() > 1, "empty")
    for name in picks:
        rows = rows.assign(**{name: _numbers(rows, name, file)})
    position = rows[list(picks)].to_numpy()
    outside = (position < 0) | (position >= rows[["_npts"]].to_numpy())
    rows = rows.assign(trace_picks_outside=outside.sum(axis=1))
    rows[list(picks)] = np.where(outside, np.nan, position)
    rows = keep(~(outside.any(axis=1) & rows[list(picks)].isna().all(axis=1).to_numpy()), "all_picks_outside")
    p, s = (rows[[name for name, of in picks.items() if of == phase]].astype(float).min(axis=1) for phase in "PS")
    rows = keep(~(s <= p).to_numpy(), "s_not_after_p")
    return _with_coordinates(rows)


def _with_coordinates(rows: pd.DataFrame) -> pd.DataFrame:
    """Take out coordinates that are none, so that no distance is computed from them."""
    lost = np.zeros(len(rows), dtype=bool)
    for name in COORDINATES.keys() & set(rows.columns):
        degrees = pd.to_numeric(rows[name], errors="coerce")
        bad = ~rows[name].isin(NO_NUMBER) & ~(degrees.abs() <= COORDINATES[name])
        rows = rows.assign(**{name: rows[name].mask(bad, "")})
        lost |= bad.to_numpy()
    return rows.assign(_bad_coordinates=lost)


def _sampling_rates(rows: pd.DataFrame, data_format: dict) -> pd.Series:
    """Rates in Hz as SeisBench finds them: of the trace, else from its sample interval, else of the whole file."""
    rate = pd.Series(np.nan, index=rows.index)
    if "trace_sampling_rate_hz" in rows:
        rate = _rates(rows["trace_sampling_rate_hz"])
    if "trace_dt_s" in rows:
        rate = rate.fillna(1 / _rates(rows["trace_dt_s"]))
    common = data_format.get("sampling_rate")
    return rate.fillna(common if isinstance(common, int | float) else np.nan)


def _rates(text: pd.Series) -> pd.Series:
    """Numbers of a column, NaN for nothing; what is neither is a rate of 0, which no other column makes good."""
    return pd.to_numeric(text, errors="coerce").astype(float).fillna(0.0).mask(text.isin(NO_NUMBER))


def _component_orders(rows: pd.DataFrame, data_format: dict) -> list[str]:
    """Component letters of each trace: its own, else those of the whole file, else none."""
    common = "".join(data_format.get("component_order", ""))
    if "trace_component_order" not in rows:
        return [common] * len(rows)
    return [order or common for order in rows["trace_component_order"]]


def _numbers(rows: pd.DataFrame, column: str, file: RawFile) -> np.ndarray:
    text = rows[column].where(~rows[column].isin(NO_NUMBER), "nan")
    numbers = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.isnan(numbers) & (text != "nan").to_numpy()
    if wrong.any():
        name, value = rows.loc[wrong, ["trace_name", column]].iloc[0]
        raise InputError(f"{file.metadata}: trace {name}: {column} is {value!r}, expected a sample number or nothing")
    return numbers


def _batches(rows: pd.DataFrame, rate_hz: float) -> Iterator[pd.DataFrame]:
    """Cut rows so that the waveforms of a batch take a bounded number of bytes, or it has a single trace."""
    after = rows["_npts"] * rate_hz / rows["_rate"] * len(TARGET) * 4
    nbytes = np.maximum(after.to_numpy(), [place.nbytes for place in rows["_place"]])
    first, taken = 0, 0.0
    for number, size in enumerate(nbytes):
        if number > first and (taken + size > BATCH_BYTES or number - first == BATCH_TRACES):
            yield rows[first:number]
            first, taken = number, 0.0
        taken += size
    if first < len(rows):
        yield rows[first:]


def _prepare_batch(
    rows: pd.DataFrame,
    file: RawFile,
    source: RawWaveforms,
    picks: Mapping[str, str],
    rate_hz: float,
    account: Account,
    writer: PreparedWriter,
) -> None:
    """Read, bring into standard form and write the traces of one batch."""
    read = source.read(rows["_place"].tolist())
    waveforms: list[np.ndarray | None] = [None] * len(rows)
    present = np.zeros((len(rows), len(TARGET)), dtype=bool)
    fault, factor = np.empty(len(rows), dtype=object), np.ones(len(rows))
    for (channels, rate, _), members in rows.groupby(["_channels", "_rate", "_npts"], sort=False).indices.items():
        standard = standardise(np.stack([read[member] for member in members]), channels.rows, rate, rate_hz)
        present[members], fault[members], factor[members] = standard.present, standard.fault, standard.factor
        for member, waveform in zip(members, standard.waveforms, strict=True):
            waveforms[member] = waveform
    for reason in sorted(set(fault) - {""}):
        account.drop(reason, file, rows.loc[fault == reason, "trace_name"].tolist())
    good = fault == ""
    if not good.any():
        return
    rows = _described(rows[good], file, present[good], factor[good], list(picks), rate_hz)
    rows["trace_npts"] = [waveforms[member].shape[-1] for member in np.flatnonzero(good)]
    _count_mended(rows, rows["trace_raw_name"], account)
    writer.add(rows, [waveforms[member] for member in np.flatnonzero(good)])
    account.traces_out += len(rows)


def _described(
    rows: pd.DataFrame, file: RawFile, present: np.ndarray, factor: np.ndarray, picks: list[str], rate_hz: float
) -> pd.DataFrame:
    """Metadata of prepared traces: what they are now, and what they were."""
    letters = np.array(list(TARGET))
    rows = rows.assign(
        trace_raw_name=rows["trace_name"],
        trace_raw_chunk=file.chunk,
        trace_raw_dataset=file.part,
        trace_sampling_rate_hz=rate_hz,
        trace_raw_sampling_rate_hz=rows["_rate"],
        trace_component_order=TARGET,
        trace_components_present=["".join(letters[row]) for row in present],
    )
    if "trace_dt_s" in rows:
        rows["trace_dt_s"] = 1 / rate_hz
    rows[picks] = rows[picks].to_numpy() * factor[:, None]
    changed = factor != 1
    for name in rows.columns:
        if name.endswith("_sample") and name not in picks and changed.any():
            # A position that is no number cannot follow the waveform, and must not stay behind.
            moved = pd.to_numeric(rows.loc[changed, name], errors="coerce") * factor[changed]
            rows[name] = rows[name].astype(object)
            rows.loc[changed, name] = moved
    return rows


def _count_mended(rows: pd.DataFrame, names: pd.Series, account: Account) -> None:
    """Count what was mended; which components are missing is known once waveforms have been read."""
    account.mend("picks_outside", names[rows["trace_picks_outside"] > 0].tolist())
    account.mend("bad_coordinates", names[rows["_bad_coordinates"]].tolist())
    if "trace_components_present" in rows:
        for here, group in names.groupby(rows["trace_components_present"]):
            if here != TARGET:
                account.mend(MISSING + "".join(letter for letter in TARGET if letter not in here), group.tolist())
    for channels, group in names.groupby(rows["_channels"]):
        for reason in channels.mended:
            account.mend(reason, group.tolist())
