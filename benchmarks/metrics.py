"""How long the metrics of one large cell take, and in how much memory.

    python benchmarks/metrics.py [--n 1000000]

Writes n predictions for each of the four prediction files of one cell, then reads and evaluates them in a fresh
process, and prints its seconds and peak resident memory beside those of a process that only imports.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

MEASURE = """
import re, sys, time
from pathlib import Path
import pandas as pd
from pickbench.metrics.cells import evaluate_picker

def peak_mib():  # not getrusage, whose maximum a child inherits
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

start, imported = time.perf_counter(), peak_mib()
about = {"here": {"region": "local", "tasks": [1, 2, 3], "phases": ["P", "S"]}}
dev = {file: pd.read_parquet(f"{sys.argv[1]}/dev_{file}.parquet") for file in ("task1", "task23")}
table = evaluate_picker({"here": sys.argv[1]}, about, model="model", source="here", seed=42, lrs={}, source_dev=dev)
seconds = time.perf_counter() - start
print(f"{len(table)} metrics in {seconds:.2f} s, peak {peak_mib():.0f} MiB ({imported:.0f} MiB after imports)")
"""


def write_cell(folder: Path, n: int) -> None:
    rng = np.random.default_rng(0)
    for split in ("dev", "test"):
        names = [f"bucket{i // 1000}${i % 1000},:3,:6000" for i in range(n)]
        quake, is_p = rng.random((2, n)) < 0.5
        onset = rng.uniform(0, 6000, n)
        pd.DataFrame(
            {
                "trace_name": names,
                "trace_type": np.where(quake, "earthquake", "noise"),
                "score_detection": rng.normal(quake),
            }
        ).to_parquet(folder / f"{split}_task1.parquet")
        pd.DataFrame(
            {
                "trace_name": names,
                "phase_label": np.where(is_p, "P", "S"),
                "phase_onset": onset,
                "sampling_rate": 100.0,
                "score_p_or_s": np.exp(rng.normal(is_p)),
                "p_sample_pred": onset + rng.laplace(scale=10, size=n),
                "s_sample_pred": onset + rng.laplace(scale=20, size=n),
            }
        ).to_parquet(folder / f"{split}_task23.parquet")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=1_000_000, help="predictions in each of the four files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_cell(Path(folder), arguments.n)
        print(f"{arguments.n:,} predictions a file: ", end="", flush=True)
        subprocess.run([sys.executable, "-c", MEASURE, folder], check=True)


if __name__ == "__main__":
    main()
