"""What an adapter accepts among its model's `settings`, checked before anything else is done."""

from collections.abc import Mapping
from dataclasses import dataclass

from pickbench.errors import InputError, SettingError, model_file
from pickbench.messages import number_hint


@dataclass(frozen=True)
class Setting:
    """One key of a model's `settings`.

    Attributes
    ----------
    expected
        What is right, in words.
    kinds
        Types of the value; a bool is no number.
    low, high
        Least and largest number.
    choices
        The values allowed, if they are few.
    """

    expected: str
    kinds: tuple[type, ...]
    low: float | None = None
    high: float | None = None
    choices: tuple = ()

    def allows(self, value) -> bool:
        """Whether a value is right."""
        if value is None and type(None) in self.kinds:
            return True
        if not isinstance(value, self.kinds) or (isinstance(value, bool) and bool not in self.kinds):
            return False
        if self.choices:
            return value in self.choices
        return self.low is None or self.low <= value <= self.high


def number(low: float, high: float) -> Setting:
    """A number from `low` to `high`."""
    return Setting(f"a number from {low:g} to {high:g}", (int, float), low, high)


def number_or_null(low: float, high: float) -> Setting:
    """A number from `low` to `high`, or null."""
    return Setting(f"a number from {low:g} to {high:g} or null", (int, float, type(None)), low, high)


def whole(low: int, high: int) -> Setting:
    """A whole number from `low` to `high`."""
    return Setting(f"a whole number from {low} to {high}", (int,), low, high)


def choice(*values: str) -> Setting:
    """One of a few words."""
    return Setting(" or ".join(values), (str,), choices=values)


def flag() -> Setting:
    """True or false."""
    return Setting("true or false", (bool,))


def check_settings(model: str, own: Mapping, known: Mapping[str, Setting]) -> None:
    """Hold a model's settings against those that its adapter reads.

    Parameters
    ----------
    own
        The model's `settings`.
    known
        What the adapter reads.
    model
        The model's id, for messages.

    Raises
    ------
    SettingError
        For a key that is missing, or a value that is not allowed.
    InputError
        For a key that is unknown.
    """
    for key, setting in known.items():
        if key not in own:
            raise SettingError(model, key, f"is missing, expected {setting.expected}")
        if not setting.allows(own[key]):
            hint = number_hint(own[key]) if int in setting.kinds else ""
            raise SettingError(model, key, f"is {own[key]!r}, expected {setting.expected}{hint}")
    unknown = sorted(set(own) - set(known))
    if unknown:
        names = ", ".join(known) if known else "none"
        raise InputError(f"{model_file(model)}: unknown key 'settings.{unknown[0]}'; known are {names}")
