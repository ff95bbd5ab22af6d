"""Colours of matrices, which are darker for better values, and the ink that is readable on them."""

from collections.abc import Sequence

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LogNorm, Normalize
from matplotlib.ticker import FixedLocator, FuncFormatter, Locator, MaxNLocator, NullLocator

from pickbench.figures import style
from pickbench.metrics.registry import Metric

# ColorBrewer's, which is safe for the colour-blind and falls evenly in lightness; light stands for bad.
COLOURS = "YlGnBu"
DARK, LIGHT = "#000000", "#FFFFFF"
# The colours begin where this share of the cells is worse, so that one failure does not use them up.
WORST_SHARE = 0.05
# From one end of the colours to the other at least: what is less is no difference worth a colour.
LEAST_SPAN, LEAST_QUOTIENT = 0.1, 2.0


def colouring(matrices: Sequence[pd.DataFrame], metric: Metric) -> tuple[Colormap, Normalize]:
    """Give colours that are darker for better values, and the range of values that they span.

    Times span powers of ten and are on a logarithmic scale. The range begins at the worst values but a few and ends
    at the best.
    """
    values = np.concatenate([matrix.to_numpy(float).ravel() for matrix in matrices])
    values = values[np.isfinite(values)]
    lower_is_better = metric.best == "lower"
    colours = matplotlib.colormaps[f"{COLOURS}_r" if lower_is_better else COLOURS]
    logarithmic = metric.unit == "s" and bool((values > 0).any())
    if logarithmic:
        values = np.maximum(values, values[values > 0].min())
    if len(values) == 0:
        return colours, Normalize(0, 1)
    if lower_is_better:
        low, high = values.min(), np.quantile(values, 1 - WORST_SHARE, method="higher")
    else:
        low, high = np.quantile(values, WORST_SHARE, method="lower"), values.max()
    # Values that hardly differ are all as dark as the best.
    if lower_is_better:
        high = max(high, low * LEAST_QUOTIENT if logarithmic else low + LEAST_SPAN)
    else:
        low = min(low, high / LEAST_QUOTIENT if logarithmic else high - LEAST_SPAN)
    return colours, (LogNorm if logarithmic else Normalize)(low, high, clip=True)


def readable_on(colour: Sequence[float]) -> str:
    """Give black or white, whichever has more contrast (WCAG 2) with an RGB colour."""
    light = relative_luminance(colour)
    return DARK if (light + 0.05) / 0.05 > 1.05 / (light + 0.05) else LIGHT


def relative_luminance(colour: Sequence[float]) -> float:
    """Relative luminance of an RGB colour (WCAG 2): 0 black, 1 white."""
    rgb = np.asarray(colour[:3], float)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def bar_ticks(bar: Axes, norm: Normalize) -> None:
    """Set plain numbers, also on a logarithmic bar, and enough of them."""
    locator = style.log_locator(norm.vmin, norm.vmax) if isinstance(norm, LogNorm) else MaxNLocator(5)
    ticks = _within(locator, norm)
    if len(ticks) < 3:
        ticks = _within(MaxNLocator(5), norm)
    bar.xaxis.set_major_locator(FixedLocator(ticks))
    bar.xaxis.set_major_formatter(FuncFormatter(lambda value, _: style.plain(value)))
    bar.xaxis.set_minor_locator(NullLocator())


def _within(locator: Locator, norm: Normalize) -> list[float]:
    return [tick for tick in locator.tick_values(norm.vmin, norm.vmax) if norm.vmin <= tick <= norm.vmax]
