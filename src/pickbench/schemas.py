"""JSON schema as it is meant for YAML files here: what does not fit is told in words, what is left out has its default.

Python's own ideas of numbers and of `$` would let too much pass.
"""

import re
from collections.abc import Iterator
from math import isfinite
from pathlib import Path

from jsonschema import Draft202012Validator, TypeChecker
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from pickbench.errors import InputErrors
from pickbench.messages import explain


def _is_number(_checker: TypeChecker, value: object) -> bool:
    """Numbers without YAML's .nan and .inf, which pass limits that no number passes."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _pattern(_validator: Validator, pattern: str, value: object, _schema: dict) -> Iterator[ValidationError]:
    """JSON schema's `$` is the very end; Python's also stands before a line break, which has no place in an id."""
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _additional(validator: Validator, allowed: bool | dict, content: object, schema: dict) -> Iterator[ValidationError]:
    """A fault for each unknown key, where JSON schema has one for all; its message is the key."""
    if allowed is not False or not isinstance(content, dict):
        yield from Draft202012Validator.VALIDATORS["additionalProperties"](validator, allowed, content, schema)
        return
    for key in content:
        if key not in schema.get("properties", {}):
            yield ValidationError(str(key))


def _required(_validator: Validator, required: list[str], content: object, _schema: dict) -> Iterator[ValidationError]:
    """A fault for each missing key; its message is the key."""
    if isinstance(content, dict):
        yield from (ValidationError(key) for key in required if key not in content)


SchemaValidator = extend(
    Draft202012Validator,
    {"pattern": _pattern, "additionalProperties": _additional, "required": _required},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number),
)


def check(content: dict, schema: dict, name: str | Path) -> None:
    """Hold `content` against a JSON schema.

    Parameters
    ----------
    content
        What was read.
    schema
        JSON schema, draft 2020-12.
    name
        What to call the content in a message: its file.

    Raises
    ------
    InputErrors
        All faults; each names the file, the key, the value and what would be right.
    """
    faults = [f"{name}: {explain(error)}" for error in faults_of(content, schema)]
    if faults:
        raise InputErrors(faults)


def faults_of(content: dict, schema: dict) -> list[ValidationError]:
    """Every fault of `content`, each as the most telling one of those that it is made of."""
    return [best_match([error]) for error in SchemaValidator(schema).iter_errors(content)]


def with_defaults(content: dict, schema: dict) -> dict:
    """Fill in the defaults that a schema gives for absent keys, in nested objects as well."""
    complete = dict(content)
    for key, subschema in schema.get("properties", {}).items():
        if key not in complete and "default" in subschema:
            complete[key] = subschema["default"]
        if isinstance(complete.get(key), dict):
            complete[key] = with_defaults(complete[key], subschema)
    return with_whole_numbers(complete, schema)


def with_whole_numbers(content: dict, schema: dict) -> dict:
    """Make whole numbers of those that a schema wants whole, since it takes 16.0 for one."""
    kinds = {key: subschema.get("type", ()) for key, subschema in schema.get("properties", {}).items()}
    return {
        key: int(value) if isinstance(value, float) and "integer" in kinds.get(key, ()) else value
        for key, value in content.items()
    }
