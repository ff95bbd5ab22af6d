"""Kill one training at ten random moments, and compare its weights and losses with those of an undisturbed run.

    python -m tests.soak.kill_training [--model phasenetlight] [--epochs 120] [--kills 10] [--seed 0]

A signal may hit any moment: imports, reading, a batch, a checkpoint that is being written. Should the training end
before it was killed often enough, another one takes its place. Exits with 1 if anything differs.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import write_easy_dataset
from tests.killing import checkpoint, result, start

SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1]


def is_equal(folder: Path, whole: Path) -> bool:
    (weights, losses), (expected_weights, expected_losses) = result(folder), result(whole)
    return weights == expected_weights and losses.equals(expected_losses)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="phasenetlight")
    parser.add_argument("--epochs", type=int, default=120)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as temporary:
        dataset, whole = write_easy_dataset(Path(temporary) / "easy"), Path(temporary) / "whole"
        began = time.monotonic()
        process = start(dataset, whole, args.model, args.epochs)
        while process.poll() is None and checkpoint(whole) is None:
            time.sleep(0.1)
        before_s = time.monotonic() - began
        if process.wait() != 0:
            sys.exit((whole / "log").read_text())
        training_s = time.monotonic() - began - before_s
        print(f"undisturbed: {args.epochs} epochs in {training_s:.0f} s, {before_s:.0f} s after its start", flush=True)
        kills, trainings, equal = 0, 0, True
        while kills < args.kills:
            folder = Path(temporary) / f"killed{trainings}"
            trainings += 1
            finished = False
            while not finished:
                process = start(dataset, folder, args.model, args.epochs)
                if kills < args.kills:
                    # Every kind once, then any.
                    number = SIGNALS[kills] if kills < len(SIGNALS) else rng.choice(SIGNALS)
                    # Long enough to come on, and short enough for one training to be killed as often as asked.
                    life_s = rng.uniform(0, before_s + training_s / 6)
                    time.sleep(life_s)
                    process.send_signal(number)
                status = process.wait()
                finished = status == 0
                if not finished:
                    kills += 1
                    left = "with a checkpoint" if checkpoint(folder) else "with nothing yet"
                    print(f"{kills}: {number.name} after {life_s:.1f} s, status {status}, {left}", flush=True)
            same = is_equal(folder, whole)
            equal &= same
            print(f"training {trainings} ended with {'the same' if same else 'OTHER'} weights and losses, bit for bit")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
