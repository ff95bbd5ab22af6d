"""How fast twins are simulated on one core: traces per second of each shipped recipe, and the memory they take.

Run as `python benchmarks/simulation.py [TRACES]`. The first number is what generation and writing reach, the second
includes the travel-time table, the third the loading of libraries too; all are of processor time, so that other work on
the machine counts less.
"""

import os
import resource
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import yaml  # noqa: E402  (threads have to be set before NumPy is loaded)

DATASETS = Path(__file__).resolve().parents[1] / "config" / "datasets"


def measure(path: Path, traces: int) -> tuple[float, float, float, float]:
    begin = time.process_time()
    from pickbench.simulation import simulate, twin  # noqa: F401

    libraries_s = time.process_time() - begin
    recipe = yaml.safe_load(path.read_text())["source"]["simulate"] | {"traces": traces}
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in ("with the table", "table at hand"):
            begin = time.process_time()
            simulate(recipe, Path(folder), seed=1)
            seconds.append(time.process_time() - begin)
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return traces / seconds[1], traces / seconds[0], traces / (seconds[0] + libraries_s), rss_mb


def main() -> None:
    traces = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    print(
        f"{'twin':15s} {'traces/s':>9s} {'with table':>11s} {'with libraries':>15s} {'RSS MB':>7s}   ({traces} traces)"
    )
    for path in sorted(DATASETS.glob("mini-*.yaml")):
        # A process each: the peak of memory is one twin's, and the table is computed anew.
        with get_context("spawn").Pool(1) as pool:
            steady, table, total, rss_mb = pool.apply(measure, (path, traces))
        print(f"{path.stem:15s} {steady:9.0f} {table:11.0f} {total:15.0f} {rss_mb:7.0f}", flush=True)


if __name__ == "__main__":
    main()
