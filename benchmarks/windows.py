"""Time and memory of the windows stage on synthetic metadata, a million traces by default.

    python benchmarks/windows.py [--traces 1000000] [--chunks 1] [--train 0.6]

Writes prepared metadata of regional events (three arrival columns, as many other columns as a real dataset carries,
one trace in ten noise) into a temporary folder, draws all windows in a process of its own, and prints seconds and
peak resident memory.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

DRAW = """
import json, re, sys, time
begin = time.perf_counter()
from pathlib import Path
from pickbench.windows.rules import WindowRules, write_windows
folder = Path(sys.argv[1])
write_windows(folder, [1, 2, 3], WindowRules(), None, folder / "task1.csv", folder / "task23.csv")
# Not getrusage: its peak counts what the parent held before this program was loaded.
rss_kib = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
print(json.dumps({"seconds": time.perf_counter() - begin, "peak_rss_gib": rss_kib / 2**20}))
"""


def metadata(first: int, count: int, train: float, rng: np.random.Generator) -> pd.DataFrame:
    npts = rng.choice([6000, 12000, 18000], count)
    p = np.round(rng.uniform(0, npts * 0.6), 2)
    pn = np.where(rng.random(count) < 0.3, np.round(p - rng.uniform(0, 100, count), 2), np.nan)
    s = np.where(rng.random(count) < 0.7, np.round(p + rng.uniform(100, 4000, count), 2), np.nan)
    noise = rng.random(count) < 0.1
    number = np.arange(first, first + count)
    columns = {
        "trace_name": [f"bucket{n // 100}${n % 100},:3,:{length}" for n, length in zip(number, npts, strict=True)],
        "trace_raw_name": [f"XX.STA{n % 700}.{n:08d}_EV" for n in number],
        "trace_raw_chunk": "",
        "trace_raw_dataset": "synthetic",
        "trace_npts": npts,
        "trace_Pg_arrival_sample": np.where(noise, np.nan, p),
        "trace_Pn_arrival_sample": np.where(noise | (pn < 0), np.nan, pn),
        "trace_Sg_arrival_sample": np.where(noise | (s >= npts), np.nan, s),
        "trace_picks_outside": (rng.random(count) < 0.01).astype(int),
        "split": rng.choice(["train", "dev", "test"], count, p=[train, (1 - train) / 4, (1 - train) * 3 / 4]),
    }
    columns |= {f"source_value_{i}": np.round(rng.normal(size=count), 4) for i in range(20)}
    return pd.DataFrame(columns)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=1_000_000)
    parser.add_argument("--chunks", type=int, default=1)
    parser.add_argument("--train", type=float, default=0.6, help="share of the traces in train")
    arguments = parser.parse_args()
    rng = np.random.default_rng(42)
    bounds = np.linspace(0, arguments.traces, arguments.chunks + 1).astype(int)
    names = [f"_{i:04d}" for i in range(arguments.chunks)] if arguments.chunks > 1 else [""]
    with tempfile.TemporaryDirectory() as folder:
        for name, first, end in zip(names, bounds[:-1], bounds[1:], strict=True):
            metadata(first, end - first, arguments.train, rng).to_csv(Path(folder) / f"metadata{name}.csv", index=False)
            (Path(folder) / f"waveforms{name}.hdf5").touch()
        if arguments.chunks > 1:
            (Path(folder) / "chunks").write_text("\n".join(names) + "\n")
        # A process of its own: peak memory counts what this one did to make the table.
        run = subprocess.run([sys.executable, "-c", DRAW, folder], capture_output=True, text=True, check=True)
        result = json.loads(run.stdout)
        windows = [(Path(folder) / f"{task}.csv").read_bytes().count(b"\n") - 1 for task in ("task1", "task23")]
    print(
        f"{arguments.traces} traces in {arguments.chunks} chunk(s): {windows[0]} task 1 and {windows[1]} task 2/3 "
        f"windows in {result['seconds']:.1f} s, peak {result['peak_rss_gib']:.2f} GiB"
    )


if __name__ == "__main__":
    main()
