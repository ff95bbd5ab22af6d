"""Why traces are left out of a prepared dataset, and how others are mended: every reason of dropped.json, in words.

Of several reasons to leave a trace out the first in this order counts; a trace can be mended in several ways.
"""

DROPPED = {
    "duplicate_name": "an earlier row of the same table has the same trace name",
    "bad_sampling_rate": "sampling rate missing, or outside 1 to 10,000 Hz",
    "unknown_components": "components that cannot be told apart",
    "empty": "fewer than two samples",
    "all_picks_outside": "has picks, and none lies in the trace",
    "non_finite": "samples that are no finite number, or beyond 32 bits",
    "all_zero": "all samples are zero",
    "constant": "no component moves",
}
MENDED = {
    "picks_outside": "picks outside the trace are removed",
    "horizontals_12_as_NE": "horizontals 1, 2 are taken for N, E",
    "horizontals_23_as_NE": "horizontals 2, 3 are taken for N, E",
    "other_components_left_out": "components besides Z, N, E are left out",
}
# With the letters of the components behind it.
MISSING = "missing_"


def in_words(reason: str) -> str:
    """Say in words why a trace was left out, or how it was mended; what is no reason here stays as it is."""
    if reason.startswith(MISSING):
        return f"{', '.join(reason.removeprefix(MISSING))} missing or constant, filled with zeros"
    return {**DROPPED, **MENDED}.get(reason, reason)
