"""Peak memory and speed of prepare for a small and a ten times larger dataset, each in a process of its own.

The datasets are made here: 30 s of noise on three components, half of the traces at 100 Hz and half at 40 Hz.
Usage: python benchmarks/prepare_memory.py [traces ...]
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from pickbench.data.prepare import prepare
from pickbench.files import write_json

ROWS_A_BLOCK = 500
SECONDS = 30


def make_raw(folder: Path, traces: int) -> Path:
    noise = np.random.default_rng(0).standard_normal((ROWS_A_BLOCK, 3, 100 * SECONDS)).astype(np.float32)
    tables = []
    with h5py.File(folder / "waveforms.hdf5", "w") as file:
        for number, first in enumerate(range(0, traces, ROWS_A_BLOCK)):
            rate = (100, 40)[number % 2]
            count, npts = min(ROWS_A_BLOCK, traces - first), rate * SECONDS
            file[f"data/bucket{number}"] = noise[:count, :, :npts]
            names = [f"bucket{number}${row},:3,:{npts}" for row in range(count)]
            tables.append(
                pd.DataFrame({"trace_name": names, "trace_sampling_rate_hz": rate, "trace_p_arrival_sample": npts / 2})
            )
        file["data_format/dimension_order"] = "CW"
        file["data_format/component_order"] = "ZNE"
    pd.concat(tables).to_csv(folder / "metadata.csv", index=False)
    write_json(folder / "raw.json", {"dataset": "noise", "parts": [{"name": "noise", "path": str(folder)}]})
    return folder / "raw.json"


def measure(raw: Path) -> tuple[float, float]:
    began = time.perf_counter()
    prepare(raw, raw.with_name("out.hdf5"), raw.with_name("out.csv"), raw.with_name("out.json"))
    return time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(sizes: list[int]) -> None:
    peaks = []
    for traces in sizes:
        with (
            tempfile.TemporaryDirectory() as folder,
            ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as maker,
            ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as worker,
        ):
            raw = maker.submit(make_raw, Path(folder), traces).result()
            seconds, peak = worker.submit(measure, raw).result()
        peaks.append(peak)
        print(f"{traces:>8} traces: {seconds:6.1f} s, {traces / seconds:6.0f} traces/s, peak RSS {peak:5.0f} MiB")
    print(f"{sizes[-1] / sizes[0]:.0f} times the traces, {peaks[-1] / peaks[0]:.2f} times the memory")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [2_000, 20_000])
