"""JSON schema as it is meant for YAML files here, where Python's own ideas of numbers and of `$` let too much pass."""

import re
from collections.abc import Iterator
from math import isfinite

from jsonschema import Draft202012Validator, TypeChecker
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend


def _is_number(_checker: TypeChecker, value: object) -> bool:
    """Numbers without YAML's .nan and .inf, which pass limits that no number passes."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _pattern(_validator: Validator, pattern: str, value: object, _schema: dict) -> Iterator[ValidationError]:
    """JSON schema's `$` is the very end; Python's also stands before a line break, which has no place in an id."""
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


SchemaValidator = extend(
    Draft202012Validator,
    {"pattern": _pattern},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number),
)
