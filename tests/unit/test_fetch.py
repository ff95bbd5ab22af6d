"""Fetch without a network: SeisBench's classes find their data in a cache made here."""

import pytest
import seisbench
import seisbench.data as sbd

from pickbench.data import fetch as module
from pickbench.data.fetch import fetch, manifest
from pickbench.data.raw import raw_files
from pickbench.errors import InputError
from pickbench.files import read_json
from tests.unit.conftest import write_raw

LABELS = {"split": ["train", "dev"]}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty SeisBench cache, and no network."""

    def no_network(url, *args, **options):
        raise ConnectionError(f"no route to {url}")

    monkeypatch.setattr(seisbench, "cache_root", tmp_path)
    monkeypatch.setattr(seisbench, "cache_data_root", tmp_path / "datasets")
    monkeypatch.setattr(seisbench.util, "download_http", no_network)
    return tmp_path / "datasets"


def test_a_class_in_the_cache_is_one_part(tmp_path, cache, noise):
    folder = write_raw(cache / "iquique", [noise(), noise()], LABELS)
    fetch("iquique", {"seisbench": "Iquique"}, tmp_path / "results" / "raw.json")
    size = sum((folder / name).stat().st_size for name in ("metadata.csv", "waveforms.hdf5"))
    assert read_json(tmp_path / "results" / "raw.json") == {
        "dataset": "iquique",
        "parts": [{"name": "Iquique", "path": str(folder)}],
        "bytes": size,
    }


def test_a_combined_class_has_its_parts_in_seisbench_order(tmp_path, cache, noise):
    for name in ("instancenoise", "instancecounts"):
        write_raw(cache / name, [noise(), noise()], LABELS)
    fetch("instance", {"seisbench": "InstanceCountsCombined"}, tmp_path / "results" / "raw.json")
    theirs = sbd.InstanceCountsCombined()
    assert read_json(tmp_path / "results" / "raw.json")["parts"] == [
        {"name": part.name, "path": str(part.path)} for part in theirs.datasets
    ]
    assert list(dict.fromkeys(theirs.metadata["trace_dataset"])) == ["InstanceCounts", "InstanceNoise"]


def test_nothing_is_loaded_and_seisbench_is_left_as_it_was(tmp_path, cache, noise):
    folder = write_raw(cache / "iquique", [noise(), noise()], LABELS)
    text = (folder / "metadata.csv").read_text()
    (folder / "metadata.csv").write_bytes(b"\xff\xfe not a table")
    fetch("iquique", {"seisbench": "Iquique"}, tmp_path / "raw.json")
    (folder / "metadata.csv").write_text(text)
    assert len(sbd.Iquique()) == 2


def test_a_failed_download_says_what_to_do(tmp_path, cache):
    with pytest.raises(InputError) as caught:
        fetch("iquique", {"seisbench": "Iquique"}, tmp_path / "raw.json")
    message = str(caught.value)
    for words in ("dataset iquique", "Iquique", "no route to", str(cache), "SEISBENCH_CACHE_ROOT", "network"):
        assert words in message
    assert not (tmp_path / "raw.json").exists()


def test_a_download_that_silently_brings_nothing_is_a_failed_one(tmp_path, cache, monkeypatch):
    def not_there(url, *args, **options):
        raise ValueError("Invalid URL. Request returned status code 404.")

    monkeypatch.setattr(seisbench.util, "download_http", not_there)
    with pytest.raises(InputError, match="Iquique could not be had"):
        fetch("iquique", {"seisbench": "Iquique"}, tmp_path / "raw.json")


def test_half_of_a_dataset_in_the_cache_is_no_dataset(tmp_path, cache, noise):
    (write_raw(cache / "iquique", [noise()]) / "waveforms.hdf5").unlink()
    with pytest.raises(InputError, match="Iquique"):
        fetch("iquique", {"seisbench": "Iquique"}, tmp_path / "raw.json")


@pytest.mark.parametrize(
    ("name", "words"),
    [("Iquiqe", "'Iquique'"), ("WaveformDataset", "no dataset class"), ("os", "no dataset class")],
)
def test_an_unknown_class_is_named_with_the_close_ones(tmp_path, name, words):
    with pytest.raises(InputError, match=f"source.seisbench is '{name}'.*{words}"):
        fetch("iquique", {"seisbench": name}, tmp_path / "raw.json")


@pytest.mark.parametrize(
    "name", ["ETHZ", "GEOFON", "InstanceCountsCombined", "Iquique", "LenDB", "NEIC", "SCEDC", "STEAD"]
)
def test_the_eight_datasets_are_known(name):
    assert module._is_dataset(getattr(sbd, name))


def test_a_directory_is_a_part_with_its_chunks(tmp_path, monkeypatch, noise):
    for chunk in ("_1", "_2"):
        write_raw(tmp_path / "net", [noise()], chunk=chunk)
    monkeypatch.chdir(tmp_path)
    fetch("my-net", {"path": "net"}, tmp_path / "results" / "raw.json")
    found = read_json(tmp_path / "results" / "raw.json")
    assert found["parts"] == [{"name": "my-net", "path": str(tmp_path / "net")}]
    assert found["bytes"] == sum(path.stat().st_size for path in (tmp_path / "net").iterdir())


def test_data_beside_their_manifest_may_be_copied_with_it(tmp_path, noise):
    write_raw(tmp_path / "here" / "twin", [noise()])
    manifest("twin", [{"name": "twin", "path": tmp_path / "here" / "twin"}], tmp_path / "here" / "twin.json")
    (tmp_path / "here").rename(tmp_path / "there")
    assert raw_files(tmp_path / "there" / "twin.json")[0].metadata == tmp_path / "there" / "twin" / "metadata.csv"


def make_nothing(folder):
    pass


def make_empty(folder):
    folder.mkdir()


def make_table_only(folder):
    folder.mkdir()
    (folder / "metadata.csv").write_text("trace_name\n")


def make_stray_chunk(folder):
    make_empty(folder)
    for name in ("metadata_a.csv", "waveforms_a.hdf5", "waveforms_b.hdf5"):
        (folder / name).touch()


def make_listed_chunk(folder):
    make_stray_chunk(folder)
    (folder / "chunks").write_text("_a\n_c\n")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (make_nothing, "net: no such directory"),
        (make_empty, "metadata.csv: missing"),
        (make_table_only, "waveforms.hdf5: missing"),
        (make_stray_chunk, "metadata_b.csv: missing"),
        (make_listed_chunk, "metadata_c.csv: missing"),
    ],
)
def test_an_incomplete_directory_is_named_in_one_line(tmp_path, make, words):
    make(tmp_path / "net")
    with pytest.raises(InputError, match=words):
        manifest("my-net", [{"name": "my-net", "path": tmp_path / "net"}], tmp_path / "raw.json")
    assert not (tmp_path / "raw.json").exists()
