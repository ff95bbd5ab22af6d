"""Files are whole or absent, and a job's log holds one line for a user's mistake."""

import errno
import logging
import sys
from types import SimpleNamespace

import pytest

from pickbench import files
from pickbench.errors import InputError
from pickbench.files import replacing, sha256, write_json
from pickbench.joblog import logged
from pickbench.models.settings import check_settings, choice, number


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    with replacing(path) as temporary:
        temporary.write_text("first")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "first"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "torn"), RuntimeError("unexpected pos")], ids=repr)
def test_a_full_disk_is_one_line(error, tmp_path, monkeypatch):
    if not isinstance(error, OSError):
        monkeypatch.setattr(files.shutil, "disk_usage", lambda _: SimpleNamespace(free=5))
    message = f"{tmp_path / 'deep' / 'a.csv'} cannot be written: No space left on device"
    with pytest.raises(InputError) as caught, replacing(tmp_path / "deep" / "a.csv"):
        raise error
    assert str(caught.value) == message and not list((tmp_path / "deep").iterdir())


def test_a_full_disk_is_one_line_also_where_a_library_writes_and_the_log_is_on_it(tmp_path, capsys):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(SystemExit), logged(tmp_path / "log"):
        raise OSError(errno.ENOSPC, "No space left on device", "from.csv", None, "to.csv")
    assert (tmp_path / "log").read_text() == "error: to.csv cannot be written: No space left on device\n"
    with pytest.raises(SystemExit), logged(tmp_path / "log"):
        sys.stdout.write = sys.stdout.close = refuse
        print("what a library says")
    said = capsys.readouterr()
    assert said.err == f"error: {tmp_path / 'log'} cannot be written: No space left on device\n" and not said.out


def test_a_place_that_cannot_be_written_to_is_one_line(tmp_path, monkeypatch):
    """As any other user than root meets it; also where a log is to be."""

    def refuse(path, *_, **__):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(files.Path, "touch", refuse)
    with pytest.raises(InputError, match="a.csv cannot be written: Read-only file system"):
        write_json(tmp_path / "a.csv", {})
    monkeypatch.setattr(files.Path, "mkdir", refuse)
    with pytest.raises(SystemExit, match="log cannot be written: Read-only file system"), logged(tmp_path / "log"):
        pass


def test_other_faults_stay_what_they_are(tmp_path):
    for error in (FileNotFoundError(errno.ENOENT, "missing", "input.csv"), InputError("mistake"), KeyError("key")):
        with pytest.raises(type(error)) as caught, replacing(tmp_path / "a.csv"):
            raise error
        assert caught.value is error


def test_json_refuses_what_json_does_not_know(tmp_path):
    with pytest.raises(ValueError):
        write_json(tmp_path / "a.json", {"value": float("nan")})
    assert not list(tmp_path.iterdir())


def test_checksum(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_mistake_is_one_line_in_the_log(tmp_path):
    with pytest.raises(SystemExit) as caught, logged(tmp_path / "log"):
        logging.getLogger("pickbench").info("started")
        raise InputError("metadata.csv: a key\nover two lines")
    assert caught.value.code == 1
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines[0].endswith("started") and lines[1:] == ["error: metadata.csv: a key over two lines"]


@pytest.mark.parametrize(
    ("model_options", "blamed"),
    [
        (None, "config/models/a.yaml: key 'settings.norm'"),
        ({"a": {"training": {}}, "b": {"settings": {"norm": "max"}}}, "config/models/a.yaml: key 'settings.norm'"),
        ({"a": {"settings": {"norm": "max"}}}, "configuration: key 'model_options.a.settings.norm'"),
    ],
)
def test_a_wrong_setting_is_blamed_on_what_gave_it(model_options, blamed, tmp_path):
    with pytest.raises(SystemExit), logged(tmp_path / "log", model_options):
        check_settings("a", {"norm": "max"}, {"norm": choice("peak", "std")})
    assert (tmp_path / "log").read_text() == f"error: {blamed} is 'max', expected peak or std\n"


def test_a_number_that_yaml_takes_for_text_is_said_to_be_that():
    with pytest.raises(InputError, match="'1e-1', expected a number from 0 to 1; '1e-1' is text in YAML, write 0.1 or"):
        check_settings("a", {"share": "1e-1"}, {"share": number(0, 1)})


def test_a_job_that_may_go_on_keeps_the_log_of_what_was_before(tmp_path):
    log, kept = tmp_path / "log", tmp_path / "checkpoints" / "log"
    with logged(log, kept=kept):
        print(1)
    assert log.read_text() == "1\n"
    log.unlink()  # Snakemake does so before it runs a job again.
    with logged(log, kept=kept):
        print(2)
    lines = log.read_text().splitlines()
    assert lines[0] == "1" and lines[1].startswith("--- started again 2") and lines[2:] == ["2"]
    log.unlink()
    with pytest.raises(SystemExit), logged(log, kept=kept):
        raise InputError("a fault")
    assert log.read_text().splitlines()[-1] == "error: a fault"
    log.unlink()
    with logged(log, kept=kept):
        print(3)
    assert log.read_text() == "3\n"


def test_a_fault_of_ours_keeps_its_traceback(tmp_path):
    with pytest.raises(SystemExit), logged(tmp_path / "log"):
        print("printed")
        raise KeyError("missing")
    text = (tmp_path / "log").read_text()
    assert text.startswith("printed\nTraceback") and "KeyError: 'missing'" in text
