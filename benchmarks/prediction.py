"""How fast windows are read out, and how much of that is the network itself, on one core.

The next windows are made ready on another core meanwhile, as in any prediction.

    python -m benchmarks.prediction [--networks PhaseNet GPD ...] [--windows 256] [--batch 256]

Prints for each network evaluation windows/s of tasks 2 and 3 (10 s), the share of the time that is spent in the
network's forward, and the peak resident memory of the process above what it had before. GPD is also read out as one
would at first, all 601 positions of 34 s for each window, for comparison.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import seisbench.generate as sbg
import torch
from benchmarks.training import ROOT, SAMPLES, TRACES, networks, write_dataset

from pickbench.data.prepared import PreparedDataset
from pickbench.models.base import Question


def peak_mib() -> float:
    """Peak resident memory; not getrusage, whose maximum a child inherits."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


def windows(n: int) -> pd.DataFrame:
    """Windows of 10 s, one a trace."""
    rng = np.random.default_rng(1)
    start = rng.integers(0, SAMPLES - 1000, n)
    return pd.DataFrame({"trace_idx": np.arange(n) % TRACES, "start_sample": start, "end_sample": start + 1000})


def naive_gpd_rate(network: torch.nn.Module, dataset: PreparedDataset, rows: pd.DataFrame) -> float:
    """Windows/s when seisbench.generate cuts and normalises every window, and all 601 positions are read."""
    transforms = [
        sbg.SteeredWindow(windowlen=3400, strategy="pad"),
        sbg.SlidingWindow(timestep=5, windowlen=400),
        sbg.Normalize(detrend_axis=-1, amp_norm_axis=-1, amp_norm_type="peak"),
        sbg.Filter(1, 0.5, "highpass"),
    ]
    began = time.perf_counter()
    for row in rows.itertuples():
        control = {"start_sample": row.start_sample, "end_sample": row.end_sample}
        trace = dataset.waveform(row.trace_idx).copy()
        state = {"X": (trace, {"trace_sampling_rate_hz": 100.0}), "_control_": control}
        for transform in transforms:
            transform(state)
        with torch.inference_mode():
            network(torch.from_numpy(state["X"][0].astype(np.float32)))
    return len(rows) / (time.perf_counter() - began)


def measure(name: str, folder: Path, n: int, batch: int) -> None:
    """Print the line of one network."""
    torch.set_num_threads(1)
    adapter, dataset = networks()[name], PreparedDataset(folder)
    network = adapter.network().eval()
    weights = {key: tensor.numpy() for key, tensor in network.state_dict().items()}
    rows, columns = windows(n), list(adapter.GIVES)
    inside, began = [], [0.0]
    network.register_forward_pre_hook(lambda *_: began.__setitem__(0, time.perf_counter()))
    network.register_forward_hook(lambda *_: inside.append(time.perf_counter() - began[0]))
    adapter.load = lambda _: network
    adapter.answer(Question(dataset, rows[:8], columns, seed=0, batch_size=8), weights)
    inside.clear()
    before, start = peak_mib(), time.perf_counter()
    adapter.answer(Question(dataset, rows, columns, seed=0, batch_size=batch), weights)
    seconds = time.perf_counter() - start
    share, memory = sum(inside) / seconds, peak_mib() - before
    line = f"{name:14} {n / seconds:9.1f} windows/s  {share:6.1%} in forward  {memory:6.0f} MiB"
    if name == "GPD":
        line += f"  {n / seconds / naive_gpd_rate(network, dataset, rows[:6]):.1f} x all 601 positions"
    print(line, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", help="names of classes; all by default")
    parser.add_argument("--windows", type=int, default=256, help="windows to read out")
    parser.add_argument("--batch", type=int, default=256, help="windows at a time, as prediction.batch_size")
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.data:
        measure(arguments.networks[0], arguments.data, arguments.windows, arguments.batch)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_dataset(Path(folder))
        for name in arguments.networks or networks():
            options = ["--networks", name, "--data", folder]
            options += ["--windows", str(arguments.windows), "--batch", str(arguments.batch)]
            subprocess.run([sys.executable, "-m", "benchmarks.prediction", *options], check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
