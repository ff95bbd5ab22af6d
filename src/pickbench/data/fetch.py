"""Fetch: get hold of a raw dataset and note where its parts lie.

Downloads are SeisBench's own, into its cache; nothing is copied. The raw manifest that comes out is all that the
prepare stage needs to know, so fetch may run on a login node and prepare on one without a network.
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from pickbench.data import layout
from pickbench.errors import InputError
from pickbench.files import write_json
from pickbench.messages import suggestion


def fetch(dataset_id: str, source: Mapping[str, str], output: Path) -> None:
    """Download a dataset where that is needed, check that it is complete, and write its raw manifest.

    Parameters
    ----------
    dataset_id
        Id of the dataset.
    source
        `{"seisbench": class name}` or `{"path": directory}`, as in the dataset's YAML. A relative path starts at the
        working directory.
    output
        Manifest to write.

    Raises
    ------
    InputError
        For an unknown class, a failed download, and a directory without metadata or waveforms.
    """
    if "path" in source:
        parts = [{"name": dataset_id, "path": source["path"]}]
    else:
        parts = _seisbench_parts(dataset_id, source["seisbench"])
    manifest(dataset_id, parts, output)


def manifest(dataset_id: str, parts: Iterable[Mapping[str, str | Path]], output: Path) -> None:
    """Write a raw manifest: the parts of a dataset, and their size.

    Paths are absolute; of parts beside the manifest they start at its folder, which may be copied as a whole.

    Parameters
    ----------
    dataset_id
        Id of the dataset.
    parts
        `{"name": ..., "path": ...}` of each part, a directory in SeisBench format.
    output
        Manifest to write.

    Raises
    ------
    InputError
        For a directory without metadata or waveforms.
    """
    found, total, folder = [], 0, output.parent.resolve()
    for part in parts:
        path = Path(part["path"]).expanduser().resolve()
        for chunk in layout.chunk_names(path):
            for file in (layout.metadata_path(path, chunk), layout.waveforms_path(path, chunk)):
                total += file.stat().st_size
        noted = path.relative_to(folder) if path.is_relative_to(folder) else path
        found.append({"name": part["name"], "path": str(noted)})
    write_json(output, {"dataset": dataset_id, "parts": found, "bytes": total})


def check_class(dataset_id: str, name: str) -> None:
    """Refuse the name of a dataset class that SeisBench does not have.

    Raises
    ------
    InputError
        Naming the dataset and the class that may have been meant.
    """
    import seisbench
    import seisbench.data as sbd

    known = [known for known in sbd.__all__ if _is_dataset(getattr(sbd, known, None))]
    if name not in known:
        raise InputError(
            f"dataset {dataset_id}: source.seisbench is '{name}', "
            f"no dataset class of seisbench {seisbench.__version__}{suggestion(name, known)}"
        )


def _seisbench_parts(dataset_id: str, name: str) -> list[dict[str, str | Path]]:
    """Have SeisBench download what is not in its cache; a combined dataset has several parts."""
    import seisbench
    import seisbench.data as sbd

    check_class(dataset_id, name)
    try:
        with _paths_only() as opened:
            getattr(sbd, name)()
        for part in opened:
            layout.chunk_names(part.path)
    # What a download may raise is up to SeisBench and its HTTP, FTP and FDSN clients.
    except Exception as error:
        raise InputError(
            f"dataset {dataset_id}: seisbench.data.{name} could not be had from {seisbench.remote_root} "
            f"({type(error).__name__}: {error}); fetch it on a machine with a network, or put it into SeisBench's "
            f"cache, {seisbench.cache_data_root} (set by SEISBENCH_CACHE_ROOT); *.partial files there are left from "
            "a broken download and have to be removed"
        ) from error
    return [{"name": part.name, "path": part.path} for part in opened]


def _is_dataset(candidate: object) -> bool:
    import seisbench.data as sbd

    waveforms = (sbd.WaveformDataset, sbd.MultiWaveformDataset)
    return (
        isinstance(candidate, type)
        and issubclass(candidate, waveforms)
        and not inspect.isabstract(candidate)
        and candidate.__module__ != sbd.WaveformDataset.__module__
    )


@contextmanager
def _paths_only() -> Iterator[list]:
    """Let SeisBench's classes download but load nothing, and collect the datasets that are opened.

    The metadata alone of the largest dataset would take several GB of memory, which a login node may not have.
    """
    import seisbench.data as sbd

    opened = []
    with (
        mock.patch.object(sbd.WaveformDataset, "__init__", lambda self, *args, **options: opened.append(self)),
        mock.patch.object(sbd.MultiWaveformDataset, "__init__", lambda self, datasets: None),
    ):
        yield opened
