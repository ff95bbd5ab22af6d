"""Split: give every trace of a prepared dataset to train, dev or test, and report what the splits share.

A dataset's own split is kept. Otherwise traces are split in groups that must not be torn apart: by event; for traces
without one by station and day; by station; and where a table has nothing of these, by blocks of neighbouring rows.
Tables are streamed twice; in between only a few numbers a trace are in memory.
"""

import shutil
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.data import account
from pickbench.errors import InputError
from pickbench.files import checked, read_json, remove_leftovers, replacing, write_json

SPLITS = ("train", "dev", "test")
GROUPINGS = ("event", "station_day", "station", "rows")
ROWS_AT_ONCE = 50_000
ROWS_A_BLOCK = 100
NONE = np.uint64(0)
NO_EVENT = ("", "nan", "NaN", "None", "<NA>")
LIGHT_COLUMNS = ("trace_name", "source_id", "station_network_code", "station_code", "trace_start_time", "split")


def split(
    prepared: Sequence[Path],
    dropped: Sequence[Path],
    output_metadata: Sequence[Path],
    output_dropped: Path,
    output_report: Path,
    output_chunks: Path | None = None,
    *,
    mode: str = "own",
    seed: int = 42,
    shares: tuple[float, float, float] = (0.6, 0.1, 0.3),
    expected_traces: int | None = None,
) -> None:
    """Write the metadata with the column `split`, the report on the splits and the account of all chunks.

    Parameters
    ----------
    prepared, dropped
        Tables and accounts of prepare, one a chunk, in order.
    output_metadata
        Tables to write, metadata{chunk}.csv, one a chunk.
    output_dropped, output_report
        dropped.json, summed over the chunks, and split_report.json.
    output_chunks
        SeisBench's list of chunks; needed when there are several.
    mode
        `own` keeps the dataset's split, if it has the column; `by-event` makes one.
    seed
        Seed of a split that is made.
    shares
        Shares of the traces that train, dev and test are to have in a split that is made.
    expected_traces
        How many raw traces the complete dataset has, for dropped.json to stand beside how many there were.

    Raises
    ------
    InputError
        When the own split has an unknown or missing value, or train, dev or test would be empty.
    """
    if mode not in ("own", "by-event"):
        raise InputError(f"split is '{mode}', expected own or by-event")
    traces = _read_light([checked(path) for path in prepared], seed)
    summary = account.total(read_json(path) for path in dropped)
    own = mode == "own" and "split" in traces
    if own:
        codes, grouped_by = _own_codes(traces, prepared), None
    else:
        codes, grouped_by = _codes_by_group(traces, shares, seed, prepared[0])
    _check_none_is_empty(codes, summary, prepared[0])
    _write_tables(prepared, output_metadata, None if own else codes)
    _remove_other_chunks(output_metadata)
    if output_chunks is not None:
        with replacing(output_chunks) as temporary:
            temporary.write_text("\n".join(_chunk_names(output_metadata)) + "\n", encoding="utf-8")
    write_json(output_dropped, {"traces_expected": expected_traces, **summary}, sealed=True)
    made = {} if own else {"seed": seed, "shares": list(shares), "grouped_by": grouped_by}
    report = {"mode": "own" if own else "by-event", **made, **_report(traces, codes)}
    write_json(output_report, report, sealed=True)


def _check_none_is_empty(codes: np.ndarray, summary: dict, path: Path) -> None:
    """Refuse a dataset without traces in one of the splits, and say where its traces went."""
    for name, size in zip(SPLITS, np.bincount(codes, minlength=len(SPLITS)), strict=True):
        if size == 0:
            raise InputError(
                f"{path}: no trace is in split {name}, every task needs all three; "
                f"of {summary['traces_in']} raw traces {summary['traces_out']} are left, "
                f"left out: {account.in_numbers(summary)}"
            )


def _chunk_names(metadata: Sequence[Path]) -> list[str]:
    return [path.name.removeprefix("metadata").removesuffix(".csv") for path in metadata]


def _remove_other_chunks(metadata: Sequence[Path]) -> None:
    """Remove what a preparation in another number of chunks left, which readers would take for part of the dataset.

    And what was left half-written by one that was killed: that takes as much room as a chunk.
    """
    folder, names = metadata[0].parent, _chunk_names(metadata)
    remove_leftovers(folder)
    (folder / "chunks").unlink(missing_ok=True)
    for kind, suffix in (("metadata", ".csv"), ("waveforms", ".hdf5")):
        for path in folder.glob(f"{kind}*{suffix}"):
            if path.name.removeprefix(kind).removesuffix(suffix) not in names:
                path.unlink()


def _pieces(path: Path, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
    wanted = None if columns is None else (lambda name: name in columns)
    with pd.read_csv(path, dtype=str, keep_default_na=False, usecols=wanted, chunksize=ROWS_AT_ONCE) as pieces:
        yield from pieces


def _read_light(prepared: Sequence[Path], seed: int) -> pd.DataFrame:
    """Event, station and day of each trace as 64-bit hashes keyed by the seed, NONE where there is none."""

    def hashed(text: pd.Series, known: pd.Series) -> np.ndarray:
        values = pd.util.hash_array(text.to_numpy(object), hash_key=f"{seed % 10**16:016d}")
        return np.where(known, values, NONE)

    parts = []
    for path in prepared:
        for rows in _pieces(path, LIGHT_COLUMNS):
            empty = pd.Series("", index=rows.index)
            event, code, network, start = (
                rows.get(name, empty)
                for name in ("source_id", "station_code", "station_network_code", "trace_start_time")
            )
            station = network + "." + code
            day = start.str.slice(0, len("2000-01-01"))
            light = {
                "event": hashed(event, ~event.isin(NO_EVENT)),
                "station": hashed(station, code != ""),
                "station_day": hashed(station + " " + day, (code != "") & (day != "")),
            }
            if "split" in rows:
                codes = rows["split"].map({name: code for code, name in enumerate(SPLITS)})
                light["split"] = codes.fillna(-1).to_numpy(np.int8)
            parts.append(pd.DataFrame(light))
    return pd.concat(parts, ignore_index=True)


def _own_codes(traces: pd.DataFrame, prepared: Sequence[Path]) -> np.ndarray:
    """Number of each trace's split in SPLITS, as the dataset has it."""
    codes = traces["split"].to_numpy()
    if (codes >= 0).all():
        return codes
    for path in prepared:
        for rows in _pieces(path, ("trace_raw_name", "split")):
            check_splits(path, rows["trace_raw_name"], rows["split"])
    raise AssertionError("a split code without its row")


def check_splits(path: Path, traces: pd.Series, splits: pd.Series) -> None:
    """Refuse other splits than train, dev and test, naming the first trace that is in one."""
    wrong = ~splits.isin(SPLITS)
    if wrong.any():
        raise InputError(
            f"{path}: trace {traces[wrong].iloc[0]}: split is '{splits[wrong].iloc[0]}', expected train, dev or test; "
            "or say `split: by-event` in the dataset's YAML"
        )


def _codes_by_group(
    traces: pd.DataFrame, shares: tuple[float, float, float], seed: int, path: Path
) -> tuple[np.ndarray, dict[str, int]]:
    """Split groups of traces: in the order of their hashes, cut where the traces reach the shares.

    The order of the groups is random but fixed by their names and the seed, so a trace keeps its split when rows
    come in another order.

    Returns
    -------
    codes
        Number of each trace's split in SPLITS.
    grouped_by
        How many traces were grouped by what.
    """
    rows_a_block = min(ROWS_A_BLOCK, -(-len(traces) // 20))
    blocks = np.arange(len(traces)) // max(1, rows_a_block)
    block_keys = np.array([f"{seed} {block}" for block in range(blocks.max(initial=-1) + 1)], dtype=object)
    keys = [traces[name].to_numpy() for name in GROUPINGS[:-1]]
    known = [key != NONE for key in keys]
    group = np.select(known, keys, pd.util.hash_array(block_keys)[blocks])
    choice = np.select(known, range(len(keys)), len(keys))
    grouped_by = {name: int((choice == number).sum()) for number, name in enumerate(GROUPINGS)}

    _, of_trace, sizes = np.unique(group, return_inverse=True, return_counts=True)
    if len(sizes) < len(SPLITS):
        by = ", ".join(f"{count} by {name}" for name, count in grouped_by.items() if count) or "no trace is left"
        raise InputError(f"{path}: its traces form {len(sizes)} groups ({by}), three splits need three at least")
    middle = np.cumsum(sizes) - sizes / 2
    cuts = np.searchsorted(middle, np.cumsum(shares)[:2] * len(traces) / sum(shares))
    # However few and large the groups are, each split gets one.
    cuts[0] = np.clip(cuts[0], 1, len(sizes) - 2)
    cuts[1] = np.clip(cuts[1], cuts[0] + 1, len(sizes) - 1)
    return np.searchsorted(cuts, np.arange(len(sizes)), side="right")[of_trace], grouped_by


def _write_tables(prepared: Sequence[Path], outputs: Sequence[Path], codes: np.ndarray | None) -> None:
    """Write the tables with their new split; without one, as they are."""
    names, first = np.array(SPLITS), 0
    for path, output in zip(prepared, outputs, strict=True):
        with replacing(output) as temporary:
            if codes is None:
                shutil.copyfile(path, temporary)
                continue
            for number, rows in enumerate(_pieces(path)):
                rows["split"] = names[codes[first : first + len(rows)]]
                rows.to_csv(temporary, mode="a", header=number == 0, index=False, lineterminator="\n")
                first += len(rows)


def _report(traces: pd.DataFrame, codes: np.ndarray) -> dict:
    """Sizes of the splits, and how many events, stations and traces they share."""
    splits, members = {}, {}
    for number, name in enumerate(SPLITS):
        here = traces[codes == number]
        members[name] = {kind: here.loc[here[kind] != NONE, kind].to_numpy() for kind in ("event", "station")}
        splits[name] = {
            "traces": len(here),
            "events": len(np.unique(members[name]["event"])),
            "stations": len(np.unique(members[name]["station"])),
            "traces_without_event": len(here) - len(members[name]["event"]),
            "traces_without_station": len(here) - len(members[name]["station"]),
        }
    shared = {}
    for one, other in combinations(SPLITS, 2):
        entry = {}
        for kind in ("event", "station"):
            in_both = np.isin(members[other][kind], members[one][kind])
            entry[f"{kind}s"] = len(np.unique(members[other][kind][in_both]))
            entry[f"{other}_traces_with_{one}_{kind}"] = int(in_both.sum())
            entry[f"{other}_share_with_{one}_{kind}"] = float(in_both.sum() / splits[other]["traces"])
        shared[f"{one}/{other}"] = entry
    return {"splits": splits, "shared": shared}
