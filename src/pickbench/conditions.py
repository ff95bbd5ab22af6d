"""What onset residuals are drawn against: named here alone, so that a plan of figures needs no plotting library."""

from dataclasses import dataclass


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
    logarithmic
        Whether the axis is.
    """

    column: str
    title: str
    missing: str
    logarithmic: bool = False


CONDITIONS = {
    "snr": Condition("snr_db", "signal-to-noise ratio", "no pick has a signal-to-noise ratio"),
    "distance": Condition(
        "distance_km",
        "distance",
        "this dataset's metadata have no distances and no coordinates of source and station",
        logarithmic=True,
    ),
}
