"""Published weights as pickers: held against the model they are to be, and handed on like weights trained here.

A weight file says itself how the network wants to be built: the order of components and phases, and the normalisation.
What the model's adapter cannot give it is an error, since it would only show as a worse score.
"""

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from packaging.version import InvalidVersion, Version

from pickbench.errors import InputError
from pickbench.files import sha256, write_json
from pickbench.models import load_adapter
from pickbench.models.base import save_weights
from pickbench.models.network import COMPONENTS, MODEL_ARGS, Network
from pickbench.weightfiles import State, WeightFiles, read_metadata, read_state, seisbench_files

NORMS = ("peak", "std")
# What a network must have in common with those that the adapter builds.
COMMON = ("sampling_rate", "in_samples", "in_channels", "classes")
# What an array of floating-point numbers may be kept as.
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def adopt(
    model: dict, published: str | dict[str, Path], columns: Sequence[str], seed: int, weights: Path, selected: Path
) -> None:
    """Turn published weights into what prediction and metrics read.

    Parameters
    ----------
    model
        The model's settings.
    published
        A name in SeisBench's model repository, or the paths of `weights` and `metadata`.
    columns
        The answers that the model gives.
    seed
        The seed that the picker goes by.
    weights
        NumPy archive to write.
    selected
        JSON file to write: the same weights for every answer, and where they are from. There is no dev split that a
        threshold could come from; those that the authors advise are noted.

    Raises
    ------
    InputError
        When the weights cannot be had or read, or do not fit the model.
    """
    networks = list(load_adapter(model).networks().values())
    if len(networks) != 1:
        has = f"{model['id']} has {len(networks)} neural networks"
        raise InputError(f"published: {has}; weights can be had for one alone")
    (adapter,) = networks
    if isinstance(published, str):
        files = seisbench_files(type(adapter.network()), published)
    else:
        files = WeightFiles(Path(published["weights"]), Path(published["metadata"]))
    metadata = read_metadata(files.metadata)
    network = fitting_network(adapter, read_state(files.weights), metadata, files)
    arrays = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    # Where the file leaves out the order of components, it is a default that differs between machines.
    arguments = {**metadata["model_args"], "component_order": network.component_order}
    save_weights(weights, {**arrays, MODEL_ARGS: np.array(json.dumps(arguments, sort_keys=True))}, sealed=True)
    about = {
        "files": {path.name: sha256(path) for path in (files.weights, files.metadata)},
        **{key: metadata.get(key) for key in ("version", "docstring", "default_args")},
    }
    answers = {column: {"lr": "", "weights": str(weights)} for column in columns}
    write_json(selected, {"seed": seed, "answers": answers, "unlearned": {}, "published": about}, sealed=True)


def fitting_network(adapter: Network, state: State, metadata: dict, files: WeightFiles) -> torch.nn.Module:
    """Build the network that a pair of files describes, if it is one that the adapter can handle.

    Parameters
    ----------
    adapter
        The network's adapter.
    state
        Arrays by name.
    metadata
        Content of the .json file.
    files
        What to name in a message.

    Raises
    ------
    InputError
        Naming the file, the first thing that does not fit, and what would.
    """
    _check_requirement(metadata, files.metadata)
    for key, expected in (("architecture", adapter.name), ("variant", adapter.own["variant"])):
        stated = metadata.get("pickbench", {}).get(key, expected)
        if stated != expected:
            raise InputError(f"{files.metadata}: the weights are of {key} {stated}, expected {expected}")
    arguments = metadata.get("model_args")
    if not arguments:
        raise InputError(
            f"{files.metadata}: model_args is {'missing' if arguments is None else 'empty'}, expected how "
            f"{adapter.name} was built, such as {json.dumps(adapter.model_args())}"
        )
    try:
        network = adapter.network(arguments)
    except (TypeError, ValueError, RuntimeError, AttributeError, LookupError) as error:
        raise InputError(f"{files.metadata}: model_args make no {adapter.name}: {error}") from None
    _check_arguments(network, adapter.network(), files.metadata)
    _check_arrays(state, network.state_dict(), files.weights)
    network.load_state_dict(state)
    return network


def _check_requirement(metadata: dict, file: Path) -> None:
    """Refuse weights for a newer SeisBench."""
    wanted, installed = metadata.get("seisbench_requirement") or "0", version("seisbench")
    try:
        newer = Version(wanted) > Version(installed)
    except (InvalidVersion, TypeError):
        raise InputError(f"{file}: seisbench_requirement is {wanted!r}, expected a version such as 0.4.0") from None
    if newer:
        raise InputError(f"{file}: seisbench_requirement is {wanted}, but seisbench {installed} is installed")


def _check_arguments(network: torch.nn.Module, own: torch.nn.Module, file: Path) -> None:
    """Hold a published network against one that the adapter builds."""

    def refuse(what: str, found: object, expected: str) -> None:
        raise InputError(f"{file}: {what} is {found!r}, expected {expected}")

    for key in COMMON:
        found, expected = getattr(network, key, None), getattr(own, key, None)
        if found != expected:
            refuse(key, found, repr(expected))
    order = network.component_order
    if not isinstance(order, str) or sorted(order) != sorted(COMPONENTS):
        refuse("component_order", order, f"the letters of {COMPONENTS} in any order")
    given = network.labels or ""
    if not isinstance(given, str | list | tuple) or sorted(map(str, given)) != sorted(map(str, own.labels or "")):
        labels = ", ".join(map(str, own.labels or ["none"]))
        refuse("phases", network.labels, f"{labels} in any order")
    if hasattr(own, "norm") and network.norm not in NORMS:
        refuse("norm", network.norm, " or ".join(NORMS))
    for key in ("filter_args", "filter_kwargs"):
        found, expected = _in_full(getattr(network, key)), _in_full(getattr(own, key))
        if found and found != expected:
            refuse(key, found, f"{expected or 'none'}, which is what the model applies")


def _in_full(arguments: object) -> object:
    """Arguments of a filter with ObsPy's defaults, tuples as lists."""
    if isinstance(arguments, dict):
        return {"corners": 4, "zerophase": False, **arguments}
    return list(arguments) if isinstance(arguments, tuple) else arguments


def _check_arrays(state: State, own: State, file: Path) -> None:
    """Name the first array that is missing, too much or cannot be the model's."""
    for name, array in own.items():
        if name not in state:
            raise InputError(f"{file}: there is no array {name}, which the model has")
        if fault := _misfit(state[name], array) or _fault_of_values(name, state[name], array.dtype):
            raise InputError(f"{file}: array {name} {fault}")
    unknown = next((name for name in state if name not in own), None)
    if unknown is not None:
        raise InputError(f"{file}: array {unknown} is none of the model's")


def _misfit(found: torch.Tensor, own: torch.Tensor) -> str:
    """In what an array differs from the model's; empty if in nothing but its values."""
    kinds = {
        "a meta tensor": found.is_meta,
        "sparse": found.layout != torch.strided,
        "quantized": found.is_quantized,
        "nested": found.is_nested,
    }
    for kind, it_is in kinds.items():
        if it_is:
            return f"is {kind}, expected a plain array of {_words(own.dtype)}"
    if found.shape != own.shape:
        return f"has shape {tuple(found.shape)}, expected {tuple(own.shape)}"
    if found.dtype not in (FLOATS if own.dtype in FLOATS else (own.dtype,)):
        return f"is of {_words(found.dtype)}, expected {_words(own.dtype)}"
    return ""


def _fault_of_values(name: str, found: torch.Tensor, kept_as: torch.dtype) -> str:
    """Which value the model's own type cannot hold, or is no variance; empty if none."""
    values = found.to(kept_as)
    if (wrong := ~torch.isfinite(values)).any():
        return f"holds {found[wrong][0].item():g}, expected finite numbers of {_words(kept_as)}"
    if name.endswith("running_var") and (wrong := values < 0).any():
        return f"holds {found[wrong][0].item():g}, expected variances, of at least 0"
    return ""


def _words(kind: torch.dtype) -> str:
    return str(kind).removeprefix("torch.")
