"""What onset residuals are drawn against: named here alone, so that a plan of figures needs no plotting library."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

# What a table of picks says of its signal-to-noise ratios where the dataset has none of its own.
MEASURED = "measured"


@dataclass(frozen=True)
class Condition:
    """What stands on the horizontal axis.

    Attributes
    ----------
    column
        Of what `pickbench.data.facts.join_picks` gives.
    title
        In words, for a heading.
    missing
        What to say where a dataset has none.
    words
        The label of the axis and where the values are from ("" if that need not be said), of what the tables of traces
        and of picks say of themselves: their `attrs`.
    logarithmic
        Whether the axis is.
    """

    column: str
    title: str
    missing: str
    words: Callable[[Mapping, Mapping], tuple[str, str]]
    logarithmic: bool = False


def _of_snr(traces: Mapping, picks: Mapping) -> tuple[str, str]:
    how = "measured at each pick on Z, RMS of 3 s behind it over 3 s before it"
    if picks["snr"] != MEASURED:
        how = f"{picks['snr']} of the metadata"
    return "Signal-to-noise ratio (dB)", f"ratio: {how}"


def _of_distance(traces: Mapping, picks: Mapping) -> tuple[str, str]:
    return f"{traces['distance']} distance (km)".lstrip().capitalize(), ""


CONDITIONS = {
    "snr": Condition("snr_db", "signal-to-noise ratio", "no pick has a signal-to-noise ratio", _of_snr),
    "distance": Condition(
        "distance_km",
        "distance",
        "this dataset's metadata have no distances and no coordinates of source and station",
        _of_distance,
        logarithmic=True,
    ),
}
