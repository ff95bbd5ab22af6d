"""Weight files: what is not the model's, not whole or not plain arrays is refused in one line, and never unpickled."""

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from pickbench.adoption import adopt
from pickbench.models import load_adapter
from pickbench.models.base import load_weights
from pickbench.training.progress import load_checkpoint
from pickbench.validation import validate
from tests.badinput.job import run
from tests.badinput.raw import file
from tests.badinput.trap import Trap
from tests.registry import settings

MODEL, OTHER = "phasenetlight", "phasenet"
WEIGHTS, METADATA = "mine.pt.v1", "mine.json.v1"
COLUMNS = ["score_detection", "score_p_or_s", "p_sample_pred", "s_sample_pred"]


def network(model: str):
    (adapter,) = load_adapter(settings(model)).networks().values()
    return adapter, adapter.network()


@pytest.fixture(scope="module")
def good() -> tuple[dict, dict]:
    """Arrays and metadata of a network as SeisBench keeps them."""
    adapter, made = network(MODEL)
    return made.state_dict(), {"model_args": adapter.model_args(), "seisbench_requirement": "0.3.0", "version": "1"}


def write(folder: Path, good: tuple[dict, dict]) -> dict[str, str]:
    """Write a good pair."""
    torch.save(good[0], folder / WEIGHTS)
    (folder / METADATA).write_text(json.dumps(good[1]))
    return {"weights": str(folder / WEIGHTS), "metadata": str(folder / METADATA)}


def arrays(change: Callable[[dict], object]) -> Callable[[Path], None]:
    """Change the arrays."""

    def spoil(folder: Path) -> None:
        state = copy.copy(torch.load(folder / WEIGHTS, weights_only=True))
        changed = change(state)
        torch.save(changed if isinstance(changed, dict | list) else state, folder / WEIGHTS)

    return spoil


def bias(array: torch.Tensor) -> Callable[[Path], None]:
    """Another array for one of three numbers."""
    return arrays(lambda state: state.update({"out.bias": array}))


def metadata(change: Callable[[dict], object]) -> Callable[[Path], None]:
    """Change the metadata."""

    def spoil(folder: Path) -> None:
        content = json.loads((folder / METADATA).read_text())
        change(content)
        (folder / METADATA).write_text(json.dumps(content))

    return spoil


def arguments(**changes: object) -> Callable[[Path], None]:
    """Change what the network is built with."""
    return metadata(lambda content: content["model_args"].update(changes))


def trapped(**how: object) -> Callable[[Path], None]:
    """A file with a trap in it, as torch writes it."""
    return lambda folder: torch.save({"inc.weight": Trap(folder / "sprung")}, folder / WEIGHTS, **how)


def pickled(protocol: int) -> Callable[[Path], None]:
    """A trap in a file that torch has not written."""
    return lambda folder: (folder / WEIGHTS).write_bytes(
        pickle.dumps({"inc.weight": Trap(folder / "sprung")}, protocol=protocol)
    )


def cut_in_the_older_form(folder: Path) -> None:
    """Cut among the samples, which come last."""
    state = torch.load(folder / WEIGHTS, weights_only=True)
    torch.save(state, folder / WEIGHTS, _use_new_zipfile_serialization=False)
    file(WEIGHTS, lambda content: content[: len(content) // 2])(folder)


def a_flipped_byte(folder: Path) -> None:
    """One byte among the samples of one array."""
    content, samples = bytearray((folder / WEIGHTS).read_bytes()), torch.load(folder / WEIGHTS)["out.weight"]
    content[content.index(samples.numpy().tobytes()) + 3] ^= 0x41
    (folder / WEIGHTS).write_bytes(content)


def in_place_of(name: str) -> Callable[[Path], None]:
    """A folder where a file should be."""
    return lambda folder: ((folder / name).unlink(), (folder / name).mkdir())


DAMAGED = f"{WEIGHTS}: is truncated or not a PyTorch file"
MORE = f"{WEIGHTS}: holds more than tensors (refused: only plain tensors are read, not "
#: How a pair is spoilt, and the words that the line about it has to hold.
STOPS = {
    "arrays of another model": (arrays(lambda state: network(OTHER)[1].state_dict()), [WEIGHTS, "array"]),
    "said to be of another model": (
        metadata(lambda content: content.update(pickbench={"architecture": "PhaseNet"})),
        [METADATA, "of architecture PhaseNet, expected PhaseNetLight"],
    ),
    "an array of another shape": (
        arrays(lambda state: state.update({"out.bias": torch.zeros(4)})),
        [WEIGHTS, "array out.bias has shape (4,), expected (3,)"],
    ),
    "an array less": (arrays(lambda state: state.pop("out.bias")), [WEIGHTS, "there is no array out.bias"]),
    "an array more": (
        arrays(lambda state: state.update(x=torch.zeros(1))),
        [WEIGHTS, "array x is none of the model's"],
    ),
    "an array of NaN": (
        arrays(lambda state: state.update({"out.bias": torch.full((3,), torch.nan)})),
        [WEIGHTS, "array out.bias holds nan, expected finite numbers of float32"],
    ),
    "numbers that are too large": (
        bias(torch.tensor([0.0, 1e300, 0.0], dtype=torch.float64)),
        [WEIGHTS, "array out.bias holds 1e+300, expected finite numbers of float32"],
    ),
    "complex numbers": (
        bias(torch.full((3,), 1 + 2j)),
        [WEIGHTS, "array out.bias is of complex64, expected float32"],
    ),
    "whole numbers": (bias(torch.ones(3, dtype=int)), [WEIGHTS, "array out.bias is of int64, expected float32"]),
    "a variance below zero": (
        arrays(lambda state: state.update({"in_bn.running_var": torch.tensor([1.0] * 7 + [-0.5])})),
        [WEIGHTS, "array in_bn.running_var holds -0.5, expected variances, of at least 0"],
    ),
    "an array without values": (
        bias(torch.empty(3, device="meta")),
        [WEIGHTS, "array out.bias is a meta tensor, expected a plain array of float32"],
    ),
    "a sparse array": (bias(torch.ones(3).to_sparse()), [WEIGHTS, "array out.bias is sparse, expected a plain array"]),
    "a quantized array": (
        arrays(
            lambda state: state.update({"out.bias": torch.quantize_per_tensor(state["out.bias"], 1, 0, torch.qint8)})
        ),
        [WEIGHTS, "array out.bias is quantized, expected a plain array"],
    ),
    "a list of arrays": (
        arrays(lambda state: list(state.values())),
        [f"{WEIGHTS}: holds something else than arrays by name"],
    ),
    "a whole network": (lambda folder: torch.save(network(MODEL)[1], folder / WEIGHTS), [MORE]),
    "code": (trapped(), [MORE, "mkdir"]),
    "code in the older form": (trapped(_use_new_zipfile_serialization=False), [MORE, "mkdir"]),
    "code in a plain pickle": (pickled(2), [MORE, "mkdir"]),
    "code in a newer pickle": (pickled(pickle.DEFAULT_PROTOCOL), [DAMAGED]),
    "nothing in it": (file(WEIGHTS, b""), [DAMAGED]),
    "cut in the middle": (file(WEIGHTS, lambda content: content[: len(content) // 2]), [DAMAGED]),
    "cut at its end": (file(WEIGHTS, lambda content: content[:-10]), [DAMAGED]),
    "cut in the older form": (cut_in_the_older_form, [DAMAGED]),
    "a flipped byte": (a_flipped_byte, [f"{WEIGHTS}: is damaged, its part mine.pt/data/", "get it again"]),
    "a page of a web server": (file(WEIGHTS, b"<html>404 not found</html>"), [DAMAGED]),
    "a folder": (in_place_of(WEIGHTS), [WEIGHTS, "cannot be read", "Is a directory"]),
    "no weights": (lambda folder: (folder / WEIGHTS).unlink(), [f"{WEIGHTS}: cannot be read (No such file"]),
    "no metadata": (lambda folder: (folder / METADATA).unlink(), [METADATA, "No such file"]),
    "metadata that are no JSON": (file(METADATA, b"{model_args: "), [METADATA, "not a readable JSON file"]),
    "metadata in Latin-1": (
        file(METADATA, '{"docstring": "Zürich"}'.encode("latin-1")),
        [METADATA, "not a readable JSON"],
    ),
    "metadata that are a list": (file(METADATA, b"[1]"), [METADATA, "itself is list", "an object of keys and values"]),
    "metadata with NaN": (file(METADATA, b'{"default_args": {"P_threshold": NaN}}'), [METADATA, "NaN is no number"]),
    "no arguments": (
        metadata(lambda content: content.pop("model_args")),
        [METADATA, 'model_args is missing, expected how PhaseNetLight was built, such as {"phases": "PSN"'],
    ),
    "no argument": (metadata(lambda content: content.update(model_args={})), [METADATA, "model_args is empty"]),
    "a list of arguments": (metadata(lambda content: content.update(model_args=[1])), [METADATA, "model_args is list"]),
    "an argument that there is not": (arguments(depth=9), [METADATA, "model_args make no PhaseNetLight", "'depth'"]),
    "text for a number": (arguments(sampling_rate="fast"), [METADATA, "sampling_rate is 'fast', expected 100"]),
    "another sampling rate": (arguments(sampling_rate=50), [METADATA, "sampling_rate is 50, expected 100"]),
    "another number of channels": (arguments(in_channels=4), [METADATA, "in_channels is 4, expected 3"]),
    "a norm that there is not": (arguments(norm="max"), [METADATA, "norm is 'max', expected peak or std"]),
    "a filter": (arguments(filter_args=["highpass"]), [METADATA, "filter_args is ['highpass'], expected none"]),
    "a component more": (arguments(component_order="ZNEH"), [METADATA, "component_order is 'ZNEH'", "letters of ZNE"]),
    "other components": (arguments(component_order="Z12"), [METADATA, "component_order is 'Z12'", "letters of ZNE"]),
    "other phases": (arguments(phases="PnS"), [METADATA, "phases is 'PnS', expected", "in any order"]),
    "a number for phases": (arguments(phases=5), [METADATA, "phases is 5, expected", "in any order"]),
    "metadata in 100 000 brackets": (
        file(METADATA, b"[" * 100_000),
        [METADATA, "not a readable JSON file", "recursion"],
    ),
    "for a newer SeisBench": (
        metadata(lambda content: content.update(seisbench_requirement="99.0")),
        [METADATA, "seisbench_requirement is 99.0, but seisbench"],
    ),
    "for an odd SeisBench": (
        metadata(lambda content: content.update(seisbench_requirement="new")),
        [METADATA, "seisbench_requirement is 'new'"],
    ),
}


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
@pytest.mark.parametrize("name", STOPS)
def test_weights_that_cannot_be_used_are_one_line(name, good, tmp_path):
    spoil, words = STOPS[name]
    pair, out = write(tmp_path, good), tmp_path / "out"
    spoil(tmp_path)
    work = run(tmp_path, lambda: adopt(settings(MODEL), pair, COLUMNS, 42, out / "weights.npz", out / "selected.json"))
    work.said_one_line(tmp_path, *words)
    assert not out.exists() and not (tmp_path / "sprung").exists()
    picker = {"model": MODEL, "weights": pair, "columns": COLUMNS}
    (fault,) = validate({MODEL: settings(MODEL)}, {}, [picker], {}).faults
    assert "\n" not in fault and not [word for word in words if word not in fault], fault
    assert not (tmp_path / "sprung").exists()


def test_good_weights_are_taken_over(good, tmp_path):
    pair = write(tmp_path, good)
    adopt(settings(MODEL), pair, COLUMNS, 42, tmp_path / "weights.npz", tmp_path / "selected.json")
    found = load_weights(tmp_path / "weights.npz")
    assert all(np.array_equal(found[name], array.numpy()) for name, array in good[0].items())


def test_objects_among_own_weights_are_not_unpickled(tmp_path):
    np.savez(tmp_path / "weights.npz", a=np.array([Trap(tmp_path / "sprung")], dtype=object))
    run(tmp_path, lambda: load_weights(tmp_path / "weights.npz")).said_one_line(tmp_path / "weights.npz", "delete it")
    assert not (tmp_path / "sprung").exists()


def test_own_weights_that_are_cut_are_one_line(tmp_path):
    np.savez(tmp_path / "weights.npz", a=np.zeros(100))
    file("weights.npz", lambda content: content[:100])(tmp_path)
    run(tmp_path, lambda: load_weights(tmp_path / "weights.npz")).said_one_line(tmp_path / "weights.npz", "delete it")


def test_a_checkpoint_with_code_in_it_is_not_unpickled_and_training_starts_again(tmp_path):
    torch.save({"epoch": 3, "trap": Trap(tmp_path / "sprung")}, tmp_path / "last.ckpt")
    ended = run(tmp_path, lambda: load_checkpoint(tmp_path / "last.ckpt"))
    assert ended.status == 0 and f"{tmp_path / 'last.ckpt'} cannot be read" in ended.log
    assert load_checkpoint(tmp_path / "last.ckpt") is None and not (tmp_path / "sprung").exists()


def test_the_trap_works(tmp_path):
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung")))
    assert (tmp_path / "sprung").exists()
