"""The one exception for a user's mistake.

Whatever raises it has a message of one line that names the file, the trace or the key, the value found, and what
would be right. Everything else that is raised is a fault of ours and keeps its traceback.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager


class InputError(ValueError):
    """A configuration, dataset or weight file that cannot be used as it is, or a place that cannot be written to."""

    def __init__(self, message: str):
        words = " ".join(str(message).split())
        # What a file holds is not for a terminal to obey.
        super().__init__("".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in words))

    def traced(self, model_options: Mapping) -> "InputError":
        """The same; of a setting, blaming the configuration where its `model_options` gave the value."""
        return self


class InputErrors(InputError):
    """Several of them, a line each."""

    def __init__(self, faults: Iterable[str]):
        ValueError.__init__(self, "\n".join(dict.fromkeys(faults)))


@contextmanager
def kept(faults: list[str], model_options: Mapping | None = None) -> Iterator[None]:
    """Go on behind the block when it has a fault, and keep what there is to say of that."""
    try:
        yield
    except InputError as error:
        faults.append(str(error.traced(model_options or {})))


def model_file(model: str) -> str:
    """What to call a model's file in a message."""
    return f"config/models/{model}.yaml"


class SettingError(InputError):
    """A key among a model's `settings` that is missing, or whose value its adapter does not allow.

    Parameters
    ----------
    model
        The model's id.
    key
        The key in its `settings`.
    fault
        The value, and what would be right, in words.
    """

    def __init__(self, model: str, key: str, fault: str):
        super().__init__(f"{model_file(model)}: key 'settings.{key}' {fault}")
        self.model, self.key, self.fault = model, key, fault

    def traced(self, model_options: Mapping) -> InputError:
        """The same, blaming the configuration where its `model_options` gave the value."""
        if self.key not in model_options.get(self.model, {}).get("settings", {}):
            return self
        return InputError(f"configuration: key 'model_options.{self.model}.settings.{self.key}' {self.fault}")
