"""Speed of every batch transform beside its seisbench.generate twin, on one thread.

    python benchmarks/transforms.py [--batch 256]

Prints microseconds of processor time a window, the least of several runs, and how many times faster the batch is. What
has no twin in SeisBench stands alone.
"""

import argparse
import os
import time
from collections.abc import Callable

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402  (threads have to be set before it is loaded)
import seisbench.models as sbm  # noqa: E402
import torch  # noqa: E402
from seisbench import generate as sbg  # noqa: E402

from pickbench.training import augment, labels, transforms  # noqa: E402

PHASES, COLUMNS = ("P", "S"), {"trace_p_arrival_sample": "P", "trace_s_arrival_sample": "S"}
P, S = COLUMNS
METADATA = {P: 1500.3, S: 1720.8, "trace_sampling_rate_hz": 100.0}


def fastest_us(function: Callable, prepare: Callable, runs: int) -> float:
    """Microseconds of the fastest run; each has fresh arguments, since some functions change theirs."""
    best = float("inf")
    for _ in range(runs):
        arguments = prepare()
        begin = time.process_time_ns()
        function(*arguments)
        best = min(best, time.process_time_ns() - begin)
    return best / 1e3


def cases(batch: int) -> list[tuple[str, Callable, list[torch.Tensor], Callable | None, int]]:
    """Name, batch function, what it takes, twin, samples of a window."""
    normalise, both = transforms.normalise, {P: "P", S: "S"}
    found = []
    for length, partial in ((3001, False), (3001, True), (6000, False)):
        note = f"{length} samples" + (", a quarter of the windows unfilled" if partial else "")
        x = torch.randn(batch, 3, length) * 100 + 40
        valid = torch.tensor([[0, length]]).repeat(batch, 1)
        valid[::4, 1] -= 500 * partial
        found += [
            (f"demean, peak ({note})", lambda x, v: normalise(x, v, "peak"), [x, valid],
             sbg.Normalize(demean_axis=-1, amp_norm_axis=-1), length),
            (f"detrend, peak ({note})", lambda x, v: normalise(x, v, "peak", trend=True), [x, valid],
             sbg.Normalize(detrend_axis=-1, amp_norm_axis=-1), length),
        ]  # fmt: skip
    valid = torch.tensor([[0, 3000]]).repeat(batch, 1)
    picks = torch.from_numpy(np.random.default_rng(0).uniform(0, 2500, (batch, 1)).astype(np.float32))
    picks = torch.cat([picks, picks + 220], dim=1)
    x, y = torch.randn(batch, 3, 6000), labels.gaussian_labels(picks, PHASES, "NPS", 6000, 20)
    y[:, 0] = labels.detection_labels(picks, PHASES, 6000)
    always = augment.draw(y[:, 0], second_event=1, noise=1, rotation=1, gap=1, dropout=1)
    found += [
        ("demean, std (3000)", lambda x, v: normalise(x, v, "std"), [x[..., :3000].contiguous(), valid],
         sbg.Normalize(demean_axis=-1, amp_norm_axis=-1, amp_norm_type="std"), 3000),
        ("highpass (400)", lambda x: transforms.highpass(x, 0.5, 100.0), [x[..., :400].contiguous()],
         sbg.Filter(1, 0.5, "highpass"), 400),
        ("spectrogram (3000)", transforms.spectrogram, [x[..., :3000].contiguous()],
         lambda state: sbm.CRED.waveforms_to_spectrogram(torch.from_numpy(state["X"][0])[None].float()), 3000),
        ("gaussian labels (3001)", lambda p: labels.gaussian_labels(p, PHASES, "PSN", 3001, 20), [picks],
         sbg.ProbabilisticLabeller(label_columns=both, sigma=20, dim=0), 3001),
        ("gaussian labels (6000)", lambda p: labels.gaussian_labels(p, PHASES, "PSN", 6000, 20), [picks],
         sbg.ProbabilisticLabeller(label_columns=both, sigma=20, dim=0), 6000),
        ("point labels (400)", lambda p: labels.point_labels(p, PHASES, "PSN", 400, 50), [picks],
         sbg.ProbabilisticPointLabeller(label_columns=both, sigma=50), 400),
        ("step labels (1000)", lambda p: labels.step_labels(p, PHASES, "P", 1000), [picks],
         sbg.StepLabeller(label_columns=both), 1000),
        ("class labels (400)", lambda p: labels.class_labels(p, PHASES, "PSN", 400, 100, -100), [picks],
         sbg.StandardLabeller(label_columns=both, on_overlap="fixed-relevance", low=100, high=-100), 400),
        ("detection labels (6000)", lambda p: labels.detection_labels(p, PHASES, 6000), [picks],
         sbg.DetectionLabeller([P], [S]), 6000),
        ("cell labels (3000)", lambda d: labels.cell_labels(d, range(0, 3003, 158), padded=True),
         [y[:, 0, :3000].contiguous()], None, 3000),
        ("draw, as EQTransformer (6000)", lambda d: augment.draw(d), [y[:, 0].contiguous()], None, 6000),
        ("second event (6000)", augment.second_event, [x, y, always.second_start, always.second_scale], None, 6000),
        ("noise with its draw (6000)",
         lambda x, s: augment.gaussian_noise(x, s, torch.randn(x.shape)), [x, always.noise_scale],
         sbg.GaussianNoise(), 6000),
        ("rotate waveforms and labels (6000)", lambda x, y, s: augment.rotate([x, y], s), [x, y, always.shift],
         sbg.RandomArrayRotation(["X", "y"]), 6000),
        ("gap (6000)", augment.gap, [x, always.gap_start, always.gap_end], sbg.AddGap(), 6000),
        ("dropout (6000)", augment.drop_channels, [x, always.dropped], sbg.ChannelDropout(), 6000),
        ("draw and apply, as EQTransformer (6000)", lambda x, y: augment.apply(augment.draw(y[:, 0]), x, y), [x, y],
         None, 6000),
    ]  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=256, help="windows in a batch")
    batch = parser.parse_args().batch
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    print(f"{'':62s} {'ours':>8s} {'SeisBench':>10s} {'times':>6s}   (us a window, batch {batch})")
    for name, function, arguments, twin, length in cases(batch):
        ours = fastest_us(function, lambda a=arguments: [tensor.clone() for tensor in a], 15) / batch
        compared = ""
        if twin is not None:
            window = rng.standard_normal((3, length)).astype(np.float32)
            theirs = fastest_us(
                twin, lambda w=window: [{"X": (w.copy(), dict(METADATA)), "y": (w.copy(), dict(METADATA))}], 200
            )
            compared = f" {theirs:10.1f} {theirs / ours:6.1f}"
        print(f"{name:62s} {ours:8.2f}{compared}", flush=True)


if __name__ == "__main__":
    main()
