"""Picks a second of our Baer-Kradolfer pass and of the same pass through seisbench.generate, one core each.

    python benchmarks/baer.py [--dataset mini-ethz] [--traces 1500] [--picks 600] [--rounds 5]

Simulates a twin, prepares it, draws its windows, and evaluates points of the search on the same dev picks both ways in
turn. Ours is the search's own path with one thread; reading and detrending, once a search, is timed by itself.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import seisbench.data as sbd
import seisbench.generate as sbg
from obspy.signal.trigger import pk_baer

from pickbench.baer.picking import PARAMETERS, PickWindows
from pickbench.config import read_yaml
from pickbench.data.prepare import prepare
from pickbench.data.prepared import PreparedDataset
from pickbench.data.split import split
from pickbench.simulation import simulate
from pickbench.windows.rules import WindowRules, write_windows
from pickbench.windows.tables import read_windows

ROOT = Path(__file__).resolve().parent.parent
# The start points of the search and two others, (PARAMETERS).
POINTS = ((49, 3, 2, 1.5, 10), (5, 1, 3, 1.5, 5), (2, 0.1, 5, 1.5, 2), (30, 2, 1, 0.5, 20), (20, 0.5, 10, 2, 35))
WINDOWS = (6000, 2000, 1000)


def make(folder: Path, name: str, traces: int, picks: int) -> pd.DataFrame:
    """Simulate, prepare, split and draw windows in a folder; give dev P windows."""
    recipe = read_yaml(ROOT / "config" / "datasets" / f"{name}.yaml")["source"]["simulate"]
    recipe |= {"traces": traces, "split": {"by": "trace", "dev": 0.9, "test": 0.05}}
    simulate(recipe, folder / "raw", seed=42)
    (folder / "raw.json").write_text(f'{{"dataset": "twin", "parts": [{{"name": "twin", "path": "{folder}/raw"}}]}}')
    data = folder / "data"
    data.mkdir()
    prepare(folder / "raw.json", data / "waveforms.hdf5", data / "prepared.csv", data / "dropped.part.json")
    outputs = [data / name for name in ("dropped.json", "split_report.json")]
    split([data / "prepared.csv"], [data / "dropped.part.json"], [data / "metadata.csv"], *outputs, None)
    write_windows(data, [2, 3], WindowRules(), None, None, data / "task23.csv")
    rows = read_windows(data / "task23.csv", "dev")
    rows = rows[rows["phase_label"] == "P"]
    return rows.sample(min(picks, len(rows)), random_state=0).sort_index()


def seisbench_dataset(data: Path, rows: pd.DataFrame) -> sbd.WaveformDataset:
    dataset = sbd.WaveformDataset(data, sampling_rate=100, component_order="Z", dimension_order="NCW", cache="trace")
    dataset.filter(dataset.metadata["trace_name"].isin(set(rows["trace_name"])), inplace=True)
    dataset.preload_waveforms()
    return dataset


def seisbench_pass(dataset: sbd.WaveformDataset, rows: pd.DataFrame, point: dict[str, float]) -> np.ndarray:
    """One point by SeisBench's augmentations, a window at a time."""
    generator = sbg.SteeredGenerator(dataset, rows)
    band = point["highpass_hz"], point["lowpass_hz"]
    steered = [
        sbg.SteeredWindow(length, strategy="variable", key=("X", f"X{length}"), window_output_key=f"borders{length}")
        for length in WINDOWS
    ]
    generator.add_augmentations([sbg.Normalize(detrend_axis=-1), sbg.Filter(2, band, "bandpass"), *steered])
    threshold = point["threshold1"]
    limits = (int(100 * point["tdownmax_s"]), int(100 * point["tupevent_s"]), threshold, 2 * threshold, 100, 100)
    picks = []
    for number, start in enumerate(rows["start_sample"]):
        sample = generator[number]
        for length in WINDOWS:
            pick, _ = pk_baer(sample[f"X{length}"][0], 100, *limits)
            pick -= sample[f"borders{length}"][0]
            if 0 <= pick <= 1000:
                break
        picks.append(start + pick)
    return np.array(picks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="mini-ethz")
    parser.add_argument("--traces", type=int, default=1500)
    parser.add_argument("--picks", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        rows = make(Path(name), arguments.dataset, arguments.traces, arguments.picks)
        theirs = seisbench_dataset(Path(name) / "data", rows)
        began = time.process_time()
        ours = PickWindows(PreparedDataset(Path(name) / "data", columns=[]), rows)
        read_s = time.process_time() - began
        print(f"{len(rows)} dev P windows of {arguments.dataset}; read and detrended in {read_s:.2f} s")
        seconds, same = np.zeros(2), []
        for point in POINTS * arguments.rounds:
            parameters = dict(zip(PARAMETERS, point, strict=True))
            # Processor time: other work on the machine counts less.
            marks = [time.process_time()]
            reference = seisbench_pass(theirs, rows, parameters)
            marks.append(time.process_time())
            picks = ours.pick(parameters, "double")
            marks.append(time.process_time())
            seconds += np.diff(marks)
            same.append(np.mean(picks == reference))
            rates = len(rows) / np.diff(marks)
            print(f"{point}: seisbench.generate {rates[0]:6.0f}, ours {rates[1]:6.0f} picks/s, {same[-1]:.2%} the same")
    rates = len(rows) * len(same) / seconds
    ratio = rates[1] / rates[0]
    print(f"all: seisbench.generate {rates[0]:.0f}, ours {rates[1]:.0f} picks/s of one core, ratio {ratio:.1f}")


if __name__ == "__main__":
    main()
