"""YAML files that people write: read safely, and refused with the place of what is wrong."""

from pathlib import Path

import yaml

from pickbench.errors import InputError


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice, of which YAML itself would silently keep the last."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        """Refuse with its place what looks like a date or a number, or is said to be one, and is none."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError) as error:
            kind, why = node.tag.rpartition(":")[2], f" ({error})" if isinstance(error, ValueError) else ""
            fault = f"{node.value!r} is no {kind}{why}; text that looks like one has to stand in quotes"
            raise yaml.constructor.ConstructorError(None, None, fault, node.start_mark) from None


def _mapping_without_duplicates(loader: _Loader, node: yaml.MappingNode) -> dict:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.constructor.ConstructorError(None, None, f"key '{key}' is given twice", node.start_mark)
    return loader.construct_mapping(node, deep=True)


def _no_merge(loader: _Loader, node: yaml.ScalarNode) -> None:
    fault = "'<<' takes over no keys here; write them out, or put '<<' in quotes if it is text"
    raise yaml.constructor.ConstructorError(None, None, fault, node.start_mark)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_without_duplicates)
_Loader.add_constructor("tag:yaml.org,2002:merge", _no_merge)


def read_yaml(path: Path) -> dict:
    """Read a YAML file that holds a mapping.

    Raises
    ------
    InputError
        When the file is missing, is not text, is not YAML, or holds something else than a mapping.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InputError(f"{path}{where}: {getattr(error, 'problem', None) or error}") from None
    except RecursionError:
        raise InputError(f"{path}: hundreds of lists or blocks inside one another, expected a few") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds {type(content).__name__}, expected keys and values")
    return content
