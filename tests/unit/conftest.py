"""Raw datasets in SeisBench format, made to order, and the prepared datasets they become."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from pickbench.data.fetch import manifest
from pickbench.data.prepare import prepare
from pickbench.data.split import split


def write_raw(
    folder: Path,
    waveforms: list[np.ndarray],
    table: dict | None = None,
    *,
    storage: str = "block",
    data_format: dict | None = None,
    chunk: str = "",
) -> Path:
    """Write waveforms (any two dimensions each) as a block, a gzip block or datasets of their own, and their table."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"trace{number}" for number in range(len(waveforms))]
    with h5py.File(folder / f"waveforms{chunk}.hdf5", "w") as file:
        for key, value in {"dimension_order": "CW", "component_order": "ZNE", **(data_format or {})}.items():
            file[f"data_format/{key}"] = value
        data = file.create_group("data")
        if storage == "single":
            for name, waveform in zip(names, waveforms, strict=True):
                data[name] = waveform
        elif waveforms:
            shape = np.max([waveform.shape for waveform in waveforms], axis=0)
            block = np.zeros((len(waveforms), *shape), dtype=np.result_type(*waveforms))
            for row, waveform in zip(block, waveforms, strict=True):
                row[: waveform.shape[0], : waveform.shape[1]] = waveform
            options = {"chunks": (4, *shape), "compression": "gzip"} if storage == "gzip" else {}
            data.create_dataset("bucket0", data=block, **options)
            names = [f"bucket0${row},:{w.shape[0]},:{w.shape[1]}" for row, w in enumerate(waveforms)]
    table = {"trace_name": names, "trace_sampling_rate_hz": [100.0] * len(names), **(table or {})}
    pd.DataFrame(table).to_csv(folder / f"metadata{chunk}.csv", index=False)
    return folder


def run_prepare(*parts: Path, into: Path, **options) -> dict[str, Path]:
    """Prepare the given raw directories as the parts of one dataset; give the outputs by name."""
    manifest("test", [{"name": part.name, "path": part} for part in parts], into / "raw.json")
    chunk = f"_{options['chunk']:04d}" if "chunk" in options else ""
    outputs = {
        "waveforms": into / f"waveforms{chunk}.hdf5",
        "metadata": into / f"prepared{chunk}.csv",
        "dropped": into / f"dropped{chunk}.part.json",
    }
    prepare(into / "raw.json", *outputs.values(), **options)
    return outputs


def run_split(outputs: list[dict[str, Path]], into: Path, **options) -> Path:
    """Split what run_prepare gave for each chunk; give the directory, a prepared dataset."""
    metadata = [output["metadata"] for output in outputs]
    split(
        metadata,
        [output["dropped"] for output in outputs],
        [path.with_name(path.name.replace("prepared", "metadata")) for path in metadata],
        into / "dropped.json",
        into / "split_report.json",
        into / "chunks" if len(outputs) > 1 else None,
        **options,
    )
    return into


@pytest.fixture
def noise():
    """Give a function that makes white noise, (channels, samples) float32."""
    rng = np.random.default_rng(7)
    return lambda npts=600, channels=3: rng.standard_normal((channels, npts)).astype(np.float32)
