"""Where a training's time goes: our input pipeline, seisbench.generate's, and the model, a network each, on one core.

    python benchmarks/training.py [--networks PhaseNet GPD ...] [--seconds 10]

Prints for each network windows/s of our input (cropping, normalisation, labels, random changes), of seisbench.generate
with the same transforms on the same traces (preloaded, as ours are in the page cache; EQTransformer's second event,
which it lacks, as one would write it), and of forward, backward and optimiser step alone on one of these batches; and
the share of a real training's wall time that is the model's, from the reading of the metadata's splits to the weights;
the start of Python and its imports, which a training has once, are left out.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import seisbench.data as sbd
import seisbench.generate as sbg
import torch
from torch.utils.data import DataLoader

from pickbench.config import read_yaml
from pickbench.data.checksums import GROUP, row_checksums
from pickbench.data.prepared import PreparedDataset
from pickbench.files import write_json
from pickbench.models import load_adapter
from pickbench.models.base import TrainingPlan
from pickbench.schemas import with_defaults
from pickbench.training.batches import Batches
from pickbench.training.draws import TraceTable, draw_windows
from pickbench.training.loop import train_network

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = read_yaml(ROOT / "workflow" / "schemas" / "model.schema.yaml")
COLUMNS = {"trace_p_arrival_sample": "P", "trace_s_arrival_sample": "S"}
TRACES, SAMPLES = 4096, 9000
# Windows in a batch; the recurrent networks take seconds for a full one.
BATCH = {"DPPPickerP": 32, "DPPPickerS": 128, "EQTransformer": 64}


def networks() -> dict:
    """Adapters of all networks that ship, by name."""
    found = {}
    for path in sorted((ROOT / "config" / "models").glob("*.yaml")):
        found |= load_adapter(with_defaults(read_yaml(path), SCHEMA) | {"id": path.stem}).networks()
    return found


def write_dataset(folder: Path) -> Path:
    """A prepared dataset of 90 s of noise with a P and an S in every trace."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((512, 3, SAMPLES)).astype("<f4")
    with h5py.File(folder / "waveforms.hdf5", "w") as file:
        for block in range(TRACES // 512):
            file.create_dataset(f"data/bucket{block}", data=noise)
            file.create_dataset(f"{GROUP}/bucket{block}", data=row_checksums(noise))
        for key, value in {"dimension_order": "CW", "component_order": "ZNE", "sampling_rate": 100.0}.items():
            file[f"data_format/{key}"] = value
    p = rng.uniform(1000, 5000, TRACES)
    pd.DataFrame(
        {
            "trace_name": [f"bucket{i // 512}${i % 512},:3,:{SAMPLES}" for i in range(TRACES)],
            "trace_npts": SAMPLES,
            "trace_sampling_rate_hz": 100.0,
            "trace_component_order": "ZNE",
            "trace_p_arrival_sample": p,
            "trace_s_arrival_sample": p + rng.uniform(200, 2000, TRACES),
            "split": ["train"] * (TRACES - 16) + ["dev"] * 16,
        }
    ).to_csv(folder / "metadata.csv", index=False)
    write_json(folder / "checksums.json", {})
    return folder


def rate(step, count: int, seconds: float) -> float:
    """Windows a second of a function that handles `count` of them, over at least `seconds`."""
    step()
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        step()
        done += count
    return done / (time.perf_counter() - began)


def seisbench_transforms(name: str) -> list:
    """The published training's transforms, as far as SeisBench has them."""
    peak = sbg.Normalize(demean_axis=-1, amp_norm_axis=-1, amp_norm_type="peak")
    detrended = sbg.Normalize(detrend_axis=-1, amp_norm_axis=-1, amp_norm_type="peak")
    soft = sbg.ProbabilisticLabeller(label_columns=COLUMNS, sigma=20, dim=0)
    nearest = sbg.StandardLabeller(label_columns=COLUMNS, on_overlap="fixed-relevance")
    phases = [[c for c, phase in COLUMNS.items() if phase == wanted] for wanted in "PS"]

    def around(reach: int, columns=tuple(COLUMNS)):
        cut = sbg.WindowAroundSample(
            list(columns), samples_before=reach, windowlen=2 * reach, selection="random", strategy="variable"
        )
        return cut if len(columns) == 1 else sbg.OneOf([cut, sbg.NullAugmentation()], probabilities=[2, 1])

    def window(samples: int):
        return sbg.RandomWindow(windowlen=samples, strategy="pad")

    def spectrogram(state):
        from seisbench.models import CRED

        x, metadata = state["X"]
        state["X"] = (CRED.waveforms_to_spectrogram(torch.from_numpy(x)[None])[0].numpy(), metadata)

    def sometimes(transform, share: float):
        return sbg.OneOf([transform, sbg.NullAugmentation()], [share, 1 - share])

    def second_event(state):
        (x, metadata), (y, _), (detection, _) = state["X"], state["y"], state["detections"]
        p, s = (int(metadata[column]) for column in COLUMNS)
        if not 0 <= p <= s:
            return
        start = np.random.randint(min(int(s + 1.4 * (s - p)) + 20, x.shape[1] - 1), x.shape[1])
        room = x.shape[1] - start
        x[:, start:] += x[:, p : p + room] / np.random.uniform(1, 10)
        for array in (y, detection):
            array[:, start:] = np.minimum(array[:, start:] + array[:, p : p + room], 1)

    detection = sbg.DetectionLabeller(phases[0], s_phases=phases[1], key=("X", "detections"))
    changes = [(second_event, 0.3), (sbg.GaussianNoise(), 0.5), (sbg.AddGap(), 0.2), (sbg.ChannelDropout(), 0.3)]
    return {
        "PhaseNet": [around(3000), window(3001), peak, soft],
        "PhaseNetLight": [around(3000), window(3001), peak, soft],
        "BasicPhaseAE": [around(700), window(600), peak, soft],
        "CRED": [around(3000), window(3000), detection, detrended, spectrogram],
        "EQTransformer": [
            around(6000), window(6000), soft, detection, detrended, *(sometimes(*pair) for pair in changes), detrended,
        ],
        "GPD": [
            around(400), window(400), detrended,
            sbg.ProbabilisticPointLabeller(label_columns=COLUMNS, position=0.5, sigma=50),
            sbg.Filter(1, 0.5, "highpass"),
        ],
        "DPPDetector": [around(650), window(500), peak, nearest],
        "DPPPickerP": [around(1000, phases[0]), window(1000), peak, sbg.StepLabeller(label_columns=COLUMNS)],
        "DPPPickerS": [around(1000, phases[1]), window(1000), peak, sbg.StepLabeller(label_columns=COLUMNS)],
    }[name]  # fmt: skip


def seisbench_rate(name: str, dataset: sbd.WaveformDataset, batch: int, seconds: float) -> float:
    """Windows a second of seisbench.generate in this process."""
    generator = sbg.GenericGenerator(dataset)
    generator.add_augmentations([*seisbench_transforms(name), sbg.ChangeDtype(np.float32)])
    batches = iter(DataLoader(generator, batch_size=batch, sampler=[*range(len(dataset))] * 8))
    return rate(lambda: next(batches), batch, min(seconds, 3.0))


def measure(adapter, folder: Path, raw: sbd.WaveformDataset, seconds: float) -> str:
    """One line of the table."""
    dataset, size = PreparedDataset(folder), BATCH.get(adapter.name, 256)
    with tempfile.TemporaryDirectory() as checkpoints:
        plan = TrainingPlan(
            learning_rate=1e-3,
            seed=1,
            batch_size=size,
            max_epochs=1,
            max_time_h=1.0,
            threads=1,
            random_window=None,
            detection_samples=None,
            rotate_array=False,
            arrival_columns=None,
            answers=adapter.GIVES,
            checkpoints=Path(checkpoints),
        )
        recipe = adapter.recipe(plan)
        table = TraceTable.from_metadata(dataset.metadata, "train", None).for_recipe(recipe)
        draws = draw_windows(table, recipe, np.random.default_rng(0), shuffle=True)
        batches = Batches(dataset, table, draws, recipe.length, size)
        network = adapter.network().train()
        turn = iter(range(10**9))

        def make_input():
            batch = batches[next(turn) % (len(batches) - 1)]
            return adapter.example(network, batch, table.phases, plan, augment=True)

        inputs, labels = make_input()
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)

        def learn():
            optimiser.zero_grad()
            adapter.loss(network(inputs), labels).backward()
            optimiser.step()

        # SeisBench's traces are preloaded, and after the first epoch of a training ours are in the page cache.
        for i in range(len(batches)):
            batches[i]
        ours, model = rate(make_input, size, seconds / 3), rate(learn, size, seconds)
        # A training of about as long, by as many of the traces as that takes.
        wanted = max(2 * size, int(model * seconds) // size * size)
        kept = dataset.metadata.index[: min(wanted, TRACES - 16)].union(dataset.metadata.index[-16:])
        dataset.metadata = dataset.metadata.assign(
            split=dataset.metadata["split"].where(dataset.metadata.index.isin(kept), "")
        )
        repeats = max(1, wanted // len(kept))
        began = time.perf_counter()
        history = train_network(adapter, dataset, replace(plan, max_epochs=repeats)).history
        share = (history["seconds"] - history["input_seconds"]).sum() / (time.perf_counter() - began)
    theirs = seisbench_rate(adapter.name, raw, size, seconds)
    return f"{adapter.name:14} {ours:10.0f} {theirs:16.0f} {ours / theirs:7.1f} {model:10.1f} {share:8.1%}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", help="names of classes; all by default")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to measure each figure")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    adapters = networks()
    print(f"{'windows/s':14} {'our input':>10} {'seisbench input':>16} {'ratio':>7} {'model':>10} {'in model':>8}")
    with tempfile.TemporaryDirectory() as folder:
        path = write_dataset(Path(folder))
        raw = sbd.WaveformDataset(path, cache="full")
        raw.preload_waveforms()
        for name in arguments.networks or adapters:
            print(measure(adapters[name], path, raw, arguments.seconds), flush=True)


if __name__ == "__main__":
    main()
