"""Component names: which channel of a raw trace becomes Z, N and E.

The rule, as models are trained on ZNE: Z, N and E are taken by their names. Where there is neither N nor E, the two
horizontals of unknown azimuth take their places in ascending order: 1 and 2, or 2 and 3 beside a Z. That is how
SeisBench's models read them as well (`flexible_horizontal_components`); pickers are trained to be indifferent to
azimuth. Other channels beside them, such as a hydrophone's H, are left out. Everything else (123, UVW, ZRT, a letter
given twice, a count that differs from the number of channels) is ambiguous, and the trace is dropped.
"""

from functools import lru_cache
from typing import NamedTuple

TARGET = "ZNE"


class Channels(NamedTuple):
    """Where Z, N and E come from.

    Attributes
    ----------
    rows
        Channel of Z, N and E in the raw trace; None where it has none.
    mended
        What had to be interpreted, as counted in dropped.json.
    """

    rows: tuple[int | None, int | None, int | None]
    mended: tuple[str, ...]


@lru_cache(maxsize=1024)
def assign_channels(order: str, channels: int) -> Channels | None:
    """Tell which channel is which.

    Parameters
    ----------
    order
        Component letters of the raw trace, one a channel.
    channels
        Number of channels the raw trace has.

    Returns
    -------
    Channels or None
        None when the components cannot be told.
    """
    if len(order) != channels or len(set(order)) != channels:
        return None
    mended = []
    digits = "".join(sorted(set(order) & set("123")))
    horizontals = "NE"
    if not set("NE") & set(order) and (digits == "12" or (digits == "23" and "Z" in order)):
        horizontals = digits
        mended.append(f"horizontals_{digits}_as_NE")
    names = ("Z", *horizontals)
    rows = tuple(order.index(name) if name in order else None for name in names)
    if all(row is None for row in rows) or (set(order) - set(names)) & set("123UVWRT"):
        return None
    if set(order) - set(names):
        mended.append("other_components_left_out")
    return Channels(rows, tuple(mended))
