"""A twin from its recipe to its files: blocks of traces, drawn, synthesised, spoiled and written one after another.

Memory holds one block of waveforms and the metadata, whatever the size of the twin. Hands on a folder that SeisBench
opens: metadata.csv and waveforms.hdf5.
"""

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from pickbench.files import replacing
from pickbench.simulation import labels, noise, seismograms
from pickbench.simulation.catalogue import Network, draw_network, draw_recordings
from pickbench.simulation.metadata import describe
from pickbench.simulation.recipe import check
from pickbench.simulation.traveltimes import CORE_SHADOW_DEG, KM_PER_DEGREE, TravelTimes

BLOCK_TRACES = 128


def write_twin(recipe: Mapping, output: Path, *, seed: int) -> None:
    """Write `recipe["traces"]` traces into the folder `output`; the arguments are those of `simulate`."""
    check(recipe)
    network = draw_network(recipe["network"], np.random.default_rng([seed, 0]))
    table = _travel_times(recipe)
    (output / "metadata.csv").unlink(missing_ok=True)
    frames, next_event, next_bucket = [], 0, 0
    with replacing(output / "waveforms.hdf5") as path, h5py.File(path, "w") as file:
        for key, value in _data_format(recipe).items():
            file[f"data_format/{key}"] = value
        for block, begin in enumerate(range(0, recipe["traces"], BLOCK_TRACES)):
            rng = np.random.default_rng([seed, 1, block])
            count = min(BLOCK_TRACES, recipe["traces"] - begin)
            rows = draw_recordings(recipe, network, rng, count, next_event)
            frame, buckets = _simulate_block(recipe, network, table, rows, rng, begin)
            for positions, waveforms in buckets:
                name = f"bucket{next_bucket}"
                file.create_dataset(f"data/{name}", data=waveforms)
                npts = frame["trace_npts"].to_numpy()[positions]
                frame.loc[positions, "trace_name"] = [f"{name}${i},:3,:{n}" for i, n in enumerate(npts)]
                next_bucket += 1
            frames.append(frame)
            next_event = max(next_event, rows["event"].max() + 1)
    metadata = pd.concat(frames, ignore_index=True).drop(columns=recipe.get("omit_columns", []))
    with replacing(output / "metadata.csv") as path:
        metadata.to_csv(path, index=False)


def _travel_times(recipe: Mapping) -> TravelTimes:
    """Table over the distances and depths that the recipe can draw."""
    events = recipe["events"]
    phases = list(events["phases"])
    if events["distance_km"]["max"] > CORE_SHADOW_DEG * KM_PER_DEGREE:
        phases.append("PKP")
    return TravelTimes(phases, events["distance_km"]["max"], events["depth_km"]["max"])


def _arrival_times(recipe: Mapping, table: TravelTimes, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Travel times of the recipe's phases; behind the core, the wave through it takes P's place."""
    distance, depth = rows["distance_km"].to_numpy(), rows["depth_km"].to_numpy()
    times = {phase: table.seconds(phase, distance, depth) for phase in recipe["events"]["phases"]}
    shadow = distance > CORE_SHADOW_DEG * KM_PER_DEGREE
    if shadow.any():
        times["P"][shadow] = table.seconds("PKP", distance[shadow], depth[shadow])
    return times


def _simulate_block(
    recipe: Mapping,
    network: Network,
    table: TravelTimes,
    rows: pd.DataFrame,
    rng: np.random.Generator,
    first_trace: int,
) -> tuple[pd.DataFrame, list[tuple[np.ndarray, np.ndarray]]]:
    """Metadata of one block, and its waveforms in buckets of one sampling rate with the rows they belong to."""
    station = rows["station"].to_numpy()
    rate_hz = network.sampling_rate_hz[station]
    all_times = _arrival_times(recipe, table, rows)
    names = labels.first_names(all_times, rows["distance_km"].to_numpy(), rows["depth_km"].to_numpy())
    times = labels.later_branches(all_times)
    timing = labels.cut(recipe, times, names, rate_hz, rng)
    paths = seismograms.draw_paths(recipe, rows, times, table, network, rng)

    measured = {name: np.empty(len(rows)) for name in ("trace_snr_db", "trace_has_spikes", "trace_completeness")}
    shape = {rate: timing.npts[rate_hz == rate].max() for rate in np.unique(rate_hz)}
    positions = {rate: np.flatnonzero(rate_hz == rate) for rate in shape}
    buckets = {rate: np.zeros((len(positions[rate]), 3, shape[rate]), np.float32) for rate in shape}
    for batch in seismograms.batches(rate_hz, timing.npts, np.isnan(timing.picked)):
        rate = rate_hz[batch[0]]
        corner = network.sensor_corner_hz[station[batch]]
        waveforms, snr_db = seismograms.synthesise(batch, paths, timing, rate, corner, recipe["noise"]["level"], rng)
        waveforms *= network.sensitivity[station[batch]].astype(np.float32)[:, None, None]
        faults = noise.spoil(waveforms, timing.npts[batch], rate, recipe["faults"], rng)
        for name, values in {"trace_snr_db": snr_db, **faults}.items():
            measured[name][batch] = values
        buckets[rate][np.searchsorted(positions[rate], batch), :, : waveforms.shape[2]] = waveforms
    frame = describe(recipe, rows, timing, network, measured, first_trace, rng)
    return frame, [(positions[rate], buckets[rate]) for rate in buckets]


def _data_format(recipe: Mapping) -> dict[str, str]:
    """SeisBench's description of the waveforms."""
    return {
        "component_order": "ZNE",
        "dimension_order": "CW",
        "instrument_response": "not restituted" if recipe["unit"] == "counts" else "restituted",
        "measurement": "velocity",
        "unit": recipe["unit"],
    }
