"""Words for what is wrong in a YAML file: what stands there, and what would be right."""

import difflib
import math
from collections.abc import Iterable, Mapping

import numpy as np
from jsonschema.exceptions import ValidationError

# What a JSON schema's types are to those who write YAML.
KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "keys and values",
    "null": "null",
}
# Keywords of a schema that ask for one at least.
NOT_EMPTY = {"minItems": "one entry at least", "minLength": "some text", "minProperties": "one key at least"}
LIMITS = {"minimum": "of at least {}", "exclusiveMinimum": "above {}", "maximum": "at most {}"}
COMMAND_LINE_HINT = "; Snakemake takes all inside [] and {} for text, so write it into a file (--configfile)"


def explain(error: ValidationError, *, on_command_line: bool = False) -> str:
    """Say in words what a JSON schema does not allow: the key, the value, and what would be right.

    Parameters
    ----------
    error
        The fault; of an unknown or a missing key, its message is the key (`pickbench.schemas`).
    on_command_line
        Whether it stands there and not in a file: Snakemake reads what is inside [] and {} as text.
    """
    key = ".".join(str(part) for part in error.absolute_path)
    schema, value = error.schema, error.instance
    if error.validator == "additionalProperties":
        known = list(schema.get("properties", {}))
        return f"unknown key '{key + '.' if key else ''}{error.message}'{suggestion(error.message, known)}"
    if error.validator == "required":
        return f"key '{key + '.' if key else ''}{error.message}' is missing"
    if error.validator == "uniqueItems":
        twice = next(entry for entry in value if value.count(entry) > 1)
        return f"key '{key}' has {twice!r} twice"
    if error.validator in NOT_EMPTY and error.validator_value == 1:
        return f"key '{key}' is empty, expected {NOT_EMPTY[error.validator]}"
    is_a_name = "propertyNames" in error.absolute_schema_path
    if error.validator == "enum":
        expected = f"one of {', '.join(str(choice) for choice in error.validator_value)}"
    elif "title" in schema:
        expected = schema["title"]
    elif error.validator == "type" or error.validator in LIMITS:
        expected = _kind_and_limits(schema)
    else:
        return f"key '{key}': {error.message}"
    hint = ""
    if isinstance(value, str) and {"number", "integer", "boolean", "null"} & set(_types(schema)):
        hint = COMMAND_LINE_HINT if on_command_line else number_hint(value)
    given = "null" if value is None else repr(value)
    return f"key '{key}' {'holds the name' if is_a_name else 'is'} {given}, expected {expected}{hint}"


def _types(schema: Mapping) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def _kind_and_limits(schema: Mapping) -> str:
    """Such as "a whole number of at least 2, or null"."""
    kinds = " or ".join(KINDS[kind] for kind in _types(schema) if kind != "null")
    limits = " and ".join(words.format(schema[limit]) for limit, words in LIMITS.items() if limit in schema)
    null = ", or null" if "null" in _types(schema) else ""
    return f"{kinds} {limits}".rstrip() + null


def number_hint(value: object) -> str:
    """Words to add where a number is expected and text stands that looks like one: YAML takes 1e-3 for text."""
    try:
        number = float(value) if isinstance(value, str) else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        return ""
    written = [np.format_float_positional(number, trim="-")]
    if "e" in value.lower():
        written.append(np.format_float_scientific(number, trim="0", exp_digits=1))
        return f"; {value!r} is text in YAML, write {' or '.join(written)}"
    return f"; {value!r} in quotes is text, write {written[0]}"


def suggestion(unknown: str, known: Iterable[str]) -> str:
    """Words to add to a message about an unknown name: the close ones, else all."""
    known = sorted(known)
    close = difflib.get_close_matches(str(unknown), known, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known are {', '.join(known)}" if known else ""
