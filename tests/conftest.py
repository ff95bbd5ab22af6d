"""Fixtures that more than one folder of tests uses."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from pickbench.data.checksums import GROUP, row_checksums, write_checksums

# A machine that is busy is no fault of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real labelled data and published weights, which stand beside the repository where it is developed."""
    if not SHARED.is_dir():
        pytest.skip(f"needs real data in {SHARED}, which are not part of the repository")
    return SHARED


def write_prepared(folder: Path, waveforms: list[np.ndarray], columns: dict) -> Path:
    """Write a prepared dataset by hand: one block, one row a trace."""
    folder.mkdir(parents=True, exist_ok=True)
    longest = max(w.shape[1] for w in waveforms)
    block = np.zeros((len(waveforms), 3, longest), dtype="<f4")
    for row, waveform in zip(block, waveforms, strict=True):
        row[:, : waveform.shape[1]] = waveform
    with h5py.File(folder / "waveforms.hdf5", "w") as file:
        file.create_dataset("data/bucket0", data=block)
        file.create_dataset(f"{GROUP}/bucket0", data=row_checksums(block))
        for key, value in {"dimension_order": "CW", "component_order": "ZNE", "sampling_rate": 100.0}.items():
            file[f"data_format/{key}"] = value
    names = [f"bucket0${i},:3,:{w.shape[1]}" for i, w in enumerate(waveforms)]
    fixed = {
        "trace_name": names,
        "trace_raw_name": [f"raw{i}" for i in range(len(names))],
        "trace_npts": [w.shape[1] for w in waveforms],
        "trace_sampling_rate_hz": 100.0,
        "trace_component_order": "ZNE",
    }
    pd.DataFrame({**fixed, **columns}).to_csv(folder / "metadata.csv", index=False)
    write_checksums([folder / "metadata.csv", folder / "waveforms.hdf5"], folder / "checksums.json")
    return folder


def write_easy_dataset(folder: Path) -> Path:
    """Write a prepared dataset that any picker can learn: a loud burst of one colour at P, of another at S."""
    rng = np.random.default_rng(7)
    n, npts = 96, 6000
    p = rng.uniform(1500, 3000, n).round(1)
    s = p + rng.uniform(500, 1500, n).round(1)
    waveforms = []
    sample = np.arange(npts)
    for onset_p, onset_s in zip(p, s, strict=True):
        wave = 0.05 * rng.standard_normal((3, npts))
        for onset, hz, gain in ((onset_p, 12.0, [1.0, 0.3, 0.3]), (onset_s, 4.0, [0.3, 1.5, 1.5])):
            age = (sample - onset) / 100
            burst = np.where(age >= 0, np.exp(-age / 4) * np.sin(2 * np.pi * hz * age), 0.0)
            wave += np.array(gain)[:, None] * burst
        waveforms.append(wave.astype("<f4"))
    split = np.array(["train"] * 64 + ["dev"] * 16 + ["test"] * 16)
    columns = {"trace_p_arrival_sample": p, "trace_s_arrival_sample": s, "split": split, "trace_picks_outside": 0}
    return write_prepared(folder, waveforms, columns)


@pytest.fixture(scope="session")
def easy_dataset(tmp_path_factory) -> Path:
    """The easy dataset, once for all tests."""
    return write_easy_dataset(tmp_path_factory.mktemp("data") / "easy")
