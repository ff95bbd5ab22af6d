"""A training that is killed, or asked to leave, ends with the weights that it would have had: real processes."""

import signal
import time

import pandas as pd
import pytest

from pickbench.files import replacing
from pickbench.joblog import logged
from pickbench.signals import leaving_afterwards, leaving_at_once
from tests.killing import checkpoint, result, start


def wait_for(condition, process, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.005)


def after_two_more_batches(folder, process):
    """Wait until the process has written its second checkpoint: it is amid its training."""
    before = [checkpoint(folder).stat().st_mtime_ns] if checkpoint(folder) else []
    for _ in range(2):
        wait_for(lambda: checkpoint(folder) and checkpoint(folder).stat().st_mtime_ns not in before, process)
        before.append(checkpoint(folder).stat().st_mtime_ns)


def test_killed_training_ends_with_the_same_weights(easy_dataset, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    undisturbed = start(easy_dataset, whole)
    for name, status in (("SIGKILL", -9), ("SIGTERM", 75), ("SIGUSR1", 75)):
        process = start(easy_dataset, killed)
        after_two_more_batches(killed, process)
        process.send_signal(signal.Signals[name])
        assert process.wait(60) == status
        # Nothing that could be taken for a result, and one line that says what happened.
        assert not (killed / "weights.npz").exists() and not (killed / "run.json").exists()
        said = (killed / "log").read_text().splitlines()
        assert ("going on after epoch" in said[0]) == (name != "SIGKILL")
        assert [line for line in said if name in line] == ([] if status < 0 else [said[-1]])
        assert status < 0 or "run again, the job goes on from what it has left" in said[-1]
    assert start(easy_dataset, killed).wait(300) == 0
    assert undisturbed.wait(300) == 0
    (weights, losses), (expected_weights, expected_losses) = result(killed), result(whole)
    assert weights == expected_weights
    pd.testing.assert_frame_equal(losses, expected_losses, check_exact=True)
    # The checkpoint has done its service, and so have the files that the kill has left half-written.
    assert not list(killed.rglob("*.ckpt"))


def test_signal_outside_the_training_leaves_at_once(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as left, leaving_at_once():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            (tmp_path / "tidied").touch()
    assert left.value.code == 75 and (tmp_path / "tidied").exists()
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_job_that_is_asked_to_leave_takes_along_what_it_has_half_written(tmp_path, number):
    with pytest.raises(SystemExit) as left, logged(tmp_path / "log"), replacing(tmp_path / "waveforms.hdf5") as half:
        half.write_text("half")
        signal.raise_signal(number)
    assert left.value.code == 75 and [path.name for path in tmp_path.iterdir()] == ["log"]
    assert signal.Signals(number).name in (tmp_path / "log").read_text()


def test_signal_during_the_last_batch_is_not_lost():
    before = signal.getsignal(signal.SIGUSR1)
    ended = False
    with pytest.raises(SystemExit), leaving_afterwards() as asked:
        signal.raise_signal(signal.SIGUSR1)
        ended = asked == [signal.SIGUSR1]
    assert ended and signal.getsignal(signal.SIGUSR1) is before
