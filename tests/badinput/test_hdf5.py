"""Waveform files and their layout: damaged, foreign or hostile ones stop with a line, ahead of a run as in it."""

import shutil

import h5py
import numpy as np
import pytest

from tests.badinput.job import run
from tests.badinput.raw import NPTS, TRACES, Spoil, cell, data_job, faults, file, hdf5, put, write_good

BLOCK, WAVEFORMS = "data/bucket0", "waveforms.hdf5"
DAMAGED = "is it truncated?"


def renamed(place: str) -> tuple[Spoil, list[str]]:
    """A trace with another position in its block, and the words that this takes."""
    return cell("trace_name", f"bucket0${place}"), [
        WAVEFORMS,
        f"bucket0${place}",
        "no position in a block",
        "3,:3,:6000",
    ]


def chunks(content: bytes) -> Spoil:
    """A list of chunks, and the files of one that is called _a."""

    def spoil(raw):
        (raw / "chunks").write_bytes(content)
        for name in ("metadata", "waveforms"):
            (path,) = raw.glob(f"{name}.*")
            shutil.copy(path, path.with_stem(f"{name}_a"))

    return spoil


STOPS = {
    "nothing in it": (file(WAVEFORMS, b""), [WAVEFORMS, DAMAGED]),
    "cut in the middle": (file(WAVEFORMS, lambda content: content[: len(content) // 2]), [WAVEFORMS, DAMAGED]),
    "cut at its end": (file(WAVEFORMS, lambda content: content[:-1000]), [WAVEFORMS, DAMAGED]),
    "a page of a web server": (file(WAVEFORMS, b"<html>404 not found</html>"), [WAVEFORMS, DAMAGED]),
    "zeros over its first objects": (
        file(WAVEFORMS, lambda content: content[:2048] + bytes(4096) + content[6144:]),
        [WAVEFORMS, "is the file damaged?"],
    ),
    "data that lead to themselves": (
        hdf5(lambda f: (f.move("data", "other"), f.__setitem__("data", h5py.SoftLink("/data")))),
        [WAVEFORMS, "is it truncated?"],
    ),
    "a block that leads to itself": (
        hdf5(lambda f: (f.move(BLOCK, "other"), f.__setitem__(BLOCK, h5py.SoftLink(f"/{BLOCK}")))),
        [WAVEFORMS, "bucket0$0", "too many links"],
    ),
    "numbers for components": (
        put("data_format/component_order", np.array([1, 2, 3])),
        [WAVEFORMS, "component_order is [1, 2, 3]", "expected letters such as ZNE"],
    ),
    "a trace of centuries": (
        lambda raw: (
            hdf5(lambda f: f.create_dataset("data/long", (1, 3, 10**12), "<f4", chunks=(1, 3, 1024)))(raw),
            cell("trace_name", "long$0,:3,:999999999999")(raw),
        ),
        [WAVEFORMS, "long$0", "has 999999999999 samples", "100000000 at most"],
    ),
    "no waveform file": (lambda raw: (raw / WAVEFORMS).unlink(), [WAVEFORMS, "missing"]),
    "no table": (lambda raw: (raw / "metadata.csv").unlink(), ["metadata.csv", "missing"]),
    "no folder": (lambda raw: shutil.rmtree(raw), ["no such directory"]),
    "no group of data": (hdf5(lambda f: f.move("data", "waveforms")), [WAVEFORMS, "no group 'data'"]),
    "the name of a block that is not there": (
        cell("trace_name", f"bucket7$4,:3,:{NPTS}"),
        [WAVEFORMS, f"bucket7$4,:3,:{NPTS}", "block bucket7 is not in the file"],
    ),
    "a row beyond its block": (
        cell("trace_name", f"bucket0$99,:3,:{NPTS}"),
        [WAVEFORMS, "bucket0$99", f"row 99 is outside its block of {TRACES}"],
    ),
    "a place that is no number": renamed("x,:3,:1200"),
    "a place with a slice too many": renamed("4,:3,:1:2:3"),
    "a trace backwards": renamed("4,:3,::-1"),
    "a step of nothing": renamed("4,:3,::0"),
    "a place of too many dimensions": (
        cell("trace_name", "bucket0$4,:3,:1200,0"),
        [WAVEFORMS, "bucket0$4,:3,:1200,0", "is not one waveform"],
    ),
    "a whole block for a trace": (
        cell("trace_name", "bucket0"),
        [WAVEFORMS, "trace bucket0:", f"({TRACES}, 3, {NPTS})"],
    ),
    "a block outside of data": (
        cell("trace_name", "/data_format/component_order"),
        [WAVEFORMS, "/data_format/component_order", "is not one waveform"],
    ),
    "texts for samples": (
        put(BLOCK, np.full((TRACES, 3, 9), "x", dtype=h5py.string_dtype())),
        [WAVEFORMS, "bucket0$0", "object"],
    ),
    "references for samples": (
        hdf5(lambda f: (f.move(BLOCK, "data/b"), f.create_dataset(BLOCK, (TRACES, 3, 9), dtype=h5py.ref_dtype))),
        [WAVEFORMS, "bucket0$0", "object"],
    ),
    "complex samples": (put(BLOCK, np.zeros((TRACES, 3, 9), complex)), [WAVEFORMS, "bucket0$0", "complex128"]),
    "an empty block": (put(BLOCK, h5py.Empty("f4")), [WAVEFORMS, "bucket0$0", "empty"]),
    "a group for a block": (
        hdf5(lambda f: (f.move(BLOCK, "data/b"), f.create_group(BLOCK))),
        [WAVEFORMS, "bucket0$0", "is not in the file"],
    ),
    "a link to another file": (put(BLOCK, h5py.ExternalLink("/etc/hostname", "/x")), [WAVEFORMS, "is not in the file"]),
    "samples before channels, wrongly said": (
        put("data_format/dimension_order", "HW"),
        [WAVEFORMS, "dimension_order is 'HW'", "CW or WC"],
    ),
    "a number for components": (
        put("data_format/component_order", 5),
        [WAVEFORMS, "component_order is 5", "expected letters such as ZNE"],
    ),
    "no group of formats": (put("data_format", 3), [WAVEFORMS, "data_format is a dataset, expected a group"]),
    "chunks that are no text": (chunks(b"_a\xff\n"), ["chunks", "UTF-8"]),
    "a chunk elsewhere": (chunks(b"/../../other\n"), ["chunks", "'/../../other' is no chunk", "no folder"]),
    "a chunk twice": (chunks(b"_a\n_a\n"), ["chunks", "'_a'", "twice"]),
    "a chunk without its files": (chunks(b"_a\n_b\n"), ["metadata_b.csv", "missing"]),
}


@pytest.mark.parametrize("name", STOPS)
def test_waveforms_that_cannot_be_read_are_one_line(name, tmp_path):
    spoil, words = STOPS[name]
    raw = write_good(tmp_path / "raw")
    spoil(raw)
    run(tmp_path, data_job(raw, tmp_path / "out")).said_one_line(raw, *words)
    assert not list((tmp_path / "out").glob("*.hdf5")) and not list(tmp_path.rglob(".*"))
    (fault,) = faults(raw)
    assert "\n" not in fault and not [word for word in (str(raw), *words) if word not in fault], fault


GOES_ON = {
    "a rate of the file in words": put("data_format/sampling_rate", "100 Hz"),
    "several rates of the file": put("data_format/sampling_rate", [100.0, 50.0]),
    "a unit in Latin-1": put("data_format/unit", np.bytes_("µm/s".encode("latin-1"))),
    "a group among formats": hdf5(lambda f: f.create_group("data_format/more")),
    "an empty format": put("data_format/more", h5py.Empty("f4")),
    "whole numbers": hdf5(lambda f: put_whole(f)),
}


def put_whole(f: h5py.File) -> None:
    samples = (f[BLOCK][()] * 1000).astype(">i4")
    del f[BLOCK]
    f[BLOCK] = samples


@pytest.mark.parametrize("name", GOES_ON)
def test_formats_that_nothing_depends_on_do_not_stop_a_run(name, tmp_path):
    raw = write_good(tmp_path / "raw")
    GOES_ON[name](raw)
    assert faults(raw) == []
    ended = run(tmp_path, data_job(raw, tmp_path / "out"))
    assert ended.status == 0, ended.log
