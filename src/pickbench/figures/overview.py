"""What a dataset consists of, on one page-wide figure.

It shows distances, magnitudes, S - P times, signal-to-noise ratios, the rates that it was recorded at, how much of it
each split has, and a plain map of its stations and sources. Histograms are shares of a split, so that splits of unequal
size compare. What a dataset does not say is said.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, MaxNLocator

from pickbench.conditions import MEASURED
from pickbench.data.facts import KEY
from pickbench.data.split import SPLITS
from pickbench.figures import style

LOOKS = {
    "train": {"color": style.SKY, "fill": True, "alpha": 0.6, "linewidth": 0},
    "dev": {"color": style.BLUE, "linewidth": 0.9},
    "test": {"color": style.VERMILLION, "linewidth": 0.9, "linestyle": (0, (2.5, 1.2))},
}
SOURCE = {"color": style.BLUE, "marker": "o", "linestyle": "", "markersize": 1.8, "markeredgewidth": 0}
STATION = {
    "color": style.ORANGE, "marker": "^", "linestyle": "", "markersize": 3.4,
    "markeredgewidth": 0.35, "markeredgecolor": style.INK,
}  # fmt: skip
MAP_KEYS = {"source": {**SOURCE, "markersize": 3}, "station": STATION}
# As many bins as the square root of the values, within these.
BINS = (8, 36)
# Share of a panel's height that is kept free for its numbers.
HEAD = 0.3
RATES_MAX = 6
# More dots than this become an image within the PDF, which else takes minutes to open.
VECTOR_DOTS = 3000
# Inches.
LEFT_IN, RIGHT_IN, TOP_IN, BOTTOM_IN, GAP_X_IN, GAP_Y_IN = 0.42, 0.1, 0.5, 0.62, 0.26, 0.5
HEIGHTS_IN = (1.25, 1.6)
MARGIN_IN = 0.2


def overview(traces: pd.DataFrame, picks: pd.DataFrame, *, title: str = "", about: str = "") -> Figure:
    """Draw a dataset.

    Parameters
    ----------
    traces, picks
        As `pickbench.data.facts.facts` gives them.
    title, about
        Heading of the figure, and a smaller line below it.

    Returns
    -------
    Figure
        As wide as a printed page.
    """
    # A merged table does not keep them.
    kind = traces.attrs.get("distance", "")
    how = "measured" if picks.attrs.get("snr") == MEASURED else "of metadata"
    picks = picks.merge(traces[[*KEY, "split"]], on=KEY, how="left")
    picked = traces.merge(picks[KEY].drop_duplicates(), on=KEY)
    with style.style():
        figure, grid = _grid(title, about)
        distance, magnitude, s_minus_p, snr, rates, table, map_ = grid
        _histogram(distance, picked, "distance_km", f"{kind} distance (km)".lstrip(), "distances", logarithmic=True)
        _histogram(magnitude, picked, "magnitude", "magnitude (of traces)", "magnitudes")
        _histogram(s_minus_p, s_minus_p_s(picks), "s_minus_p_s", "S − P (s)", "traces with P and S", logarithmic=True)
        _histogram(snr, picks, "snr_db", f"SNR (dB), {how}", "signal-to-noise ratios")
        _rates(rates, traces["rate_hz"].to_numpy())
        _table(table, traces, picks)
        _legend(figure, _map(map_, picked))
    return figure


def s_minus_p_s(picks: pd.DataFrame) -> pd.DataFrame:
    """Time from the first P to the first S, one row for each trace with both: split and s_minus_p_s."""
    first = {phase: rows.groupby(KEY)["sample"].min() for phase, rows in picks.groupby("phase")}
    if not {"P", "S"} <= set(first):
        return pd.DataFrame({"split": [], "s_minus_p_s": []})
    seconds = ((first["S"] - first["P"]) / 100).dropna().rename("s_minus_p_s")
    return picks[[*KEY, "split"]].drop_duplicates(KEY).merge(seconds.reset_index(), on=KEY)


def shifted(longitude: np.ndarray) -> np.ndarray:
    """Longitudes, (n,) degrees, moved so that those on both sides of the date line lie beside each other.

    They stay as they are where they span less than 180 degrees anyhow, or the whole globe.
    """
    if np.ptp(longitude) <= 180:
        return longitude
    ordered = np.sort(longitude)
    gaps = np.diff(ordered)
    widest = int(gaps.argmax())
    return np.where(longitude <= ordered[widest], longitude + 360, longitude) if gaps[widest] > 90 else longitude


def counts(traces: pd.DataFrame, picks: pd.DataFrame) -> pd.DataFrame:
    """Numbers of each split and of all: traces, P and S picks, traces without either; picks have a split too."""
    picked = picks[[*KEY, "split"]].drop_duplicates(KEY)
    table = pd.DataFrame(
        {
            "traces": traces["split"].value_counts(),
            "P": picks.loc[picks["phase"] == "P", "split"].value_counts(),
            "S": picks.loc[picks["phase"] == "S", "split"].value_counts(),
            "picked": picked["split"].value_counts(),
        }
    )
    table = table.reindex(SPLITS).fillna(0).astype(int)
    table.loc["all"] = table.sum()
    table["neither"] = table["traces"] - table.pop("picked")
    return table


def _grid(title: str, about: str) -> tuple[Figure, list[Axes]]:
    """Lay out four panels above three, the last of which is the map."""
    size = style.PAGE_WIDTH_IN, TOP_IN + sum(HEIGHTS_IN) + GAP_Y_IN + BOTTOM_IN
    figure = Figure(figsize=size)
    style.heading(figure, f"{title}\n{about}", MARGIN_IN, size[0] - MARGIN_IN - RIGHT_IN)
    whole = size[0] - LEFT_IN - RIGHT_IN
    quarter = (whole - 3 * GAP_X_IN) / 4
    top, bottom = size[1] - TOP_IN - HEIGHTS_IN[0], BOTTOM_IN
    boxes = [(LEFT_IN + i * (quarter + GAP_X_IN), top, quarter, HEIGHTS_IN[0]) for i in range(4)]
    boxes += [
        (0.6, bottom, 0.95, HEIGHTS_IN[1]),
        (1.8, bottom, 2.0, HEIGHTS_IN[1]),
        (4.25, bottom, size[0] - RIGHT_IN - 4.25, HEIGHTS_IN[1]),
    ]
    middle = (top + HEIGHTS_IN[0] / 2) / size[1]
    figure.text(0.05 / size[0], middle, "Share of a split in a bin (%)", rotation=90, ha="left", va="center")
    return figure, [figure.add_axes([x / size[0], y / size[1], w / size[0], h / size[1]]) for x, y, w, h in boxes]


def _histogram(
    axes: Axes, table: pd.DataFrame, column: str, label: str, missing: str, *, logarithmic: bool = False
) -> None:
    """Fill a panel with one histogram a split, or say what is missing; distances and times are logarithmic."""
    axes.set_xlabel(label[:1].upper() + label[1:], labelpad=1.5)
    values = table[column].to_numpy(np.float64)
    # A distance of zero has its place at the left end; an S before its P has none.
    least, unit = (1.0, "km") if column == "distance_km" else (0.1, "s")
    known = np.isfinite(values) & ((values >= 0) | (not logarithmic))
    if not known.any():
        style.say(axes, f"no {missing}")
        return
    placed = np.log10(np.maximum(values[known], least)) if logarithmic else values[known]
    edges = _edges(placed, tenths=column == "magnitude")
    split, peak = table["split"].to_numpy()[known], 0.0
    for name, look in LOOKS.items():
        here = placed[split == name]
        if len(here):
            share = np.histogram(here, edges)[0] / len(here)
            axes.stairs(share, edges, **look)
            peak = max(peak, share.max())
    axes.set(xlim=(edges[0], edges[-1]), ylim=(0, max(peak, 1e-9) / (1 - HEAD)))
    ticks = MaxNLocator(4, steps=(1, 2, 5, 10)).tick_values(0, peak)
    axes.yaxis.set_major_locator(FixedLocator(ticks[ticks <= peak]))
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g}")
    unknown = int((~known).sum())
    numbers = f"n {known.sum():,}" + (f", {unknown:,} unknown" if unknown else "")
    if logarithmic:
        ticks = style.log_ticks(edges[0], edges[-1])
        axes.set_xticks(list(ticks), list(ticks.values()))
        below = int((values[known] < least).sum())
        if below and edges[0] <= np.log10(least):
            numbers += f"\nfirst bin: {below:,} below {least:g} {unit}"
    median = float(np.median(values[known]))
    numbers += f"\nmedian {median:,.0f}" if abs(median) >= 100 else f"\nmedian {median:.3g}"
    axes.text(0.03, 0.97, numbers, transform=axes.transAxes, va="top", fontsize=6)


def _edges(values: np.ndarray, *, tenths: bool) -> np.ndarray:
    """Edges of bins over all but the outermost values; of whole tenths each bin has equally many."""
    bins = int(np.clip(np.sqrt(len(values)), *BINS))
    low, high = np.percentile(values, (0.2, 99.8))
    margin = max(0.03 * (high - low), 0.05)
    if not tenths:
        return np.linspace(low - margin, high + margin, bins + 1)
    step = max(round(np.ceil((high - low) / bins * 10) / 10, 1), 0.1)
    return np.arange(np.floor(low * 10) / 10 - 0.05, high + step + 0.05, step)


def _rates(axes: Axes, rates: np.ndarray) -> None:
    """Bars of the share of traces recorded at each rate, the commonest on top."""
    known = rates[np.isfinite(rates)]
    axes.set_title("Original sampling rate", pad=3)
    if not len(known):
        style.say(axes, "no sampling rates")
        return
    values, numbers = np.unique(np.round(known, 2), return_counts=True)
    order = np.argsort(-numbers, kind="stable")
    names = [f"{values[i]:g} Hz" for i in order[:RATES_MAX]]
    shares = [numbers[i] / len(known) for i in order[:RATES_MAX]]
    if len(values) > RATES_MAX:
        names, shares = [*names[:-1], "others"], [*shares[:-1], 1 - sum(shares[:-1])]
    place = np.arange(len(names))
    axes.barh(place, shares, height=0.7, color=style.SKY)
    for y, share in zip(place, shares, strict=True):
        inside = share > 0.7
        text = f"{100 * share:.0f} %" if share >= 0.01 else "< 1 %"
        x, align = (share - 0.03, "right") if inside else (share + 0.03, "left")
        axes.text(x, y, text, va="center", ha=align, fontsize=6)
    axes.set(yticks=place, yticklabels=names, xticks=[], xlim=(0, 1.02), ylim=(max(len(names), 3) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def _table(axes: Axes, traces: pd.DataFrame, picks: pd.DataFrame) -> None:
    """Write the numbers of each split."""
    table = counts(traces, picks)
    axes.set_axis_off()
    right = (0.35, 0.56, 0.77, 1.0)
    for x, title in zip(right, table.columns, strict=True):
        axes.text(x, 0.92, title, ha="right", va="center", fontsize=6.5, fontweight="bold")
    for row, (name, numbers) in enumerate(table.iterrows()):
        y = 0.73 - 0.19 * row
        axes.text(0.0, y, name, ha="left", va="center", fontsize=6.5)
        for x, number in zip(right, numbers, strict=True):
            axes.text(x, y, f"{number:,}", ha="right", va="center", fontsize=6)
    for y in (0.825, 0.255):
        axes.plot([0, 1], [y, y], color=style.INK, linewidth=0.5)
    axes.set(xlim=(0, 1), ylim=(0, 1))


def _map(axes: Axes, picked: pd.DataFrame) -> list[str]:
    """Draw stations and sources in degrees, a degree of longitude as long as it is at the middle latitude.

    Gives which of them there are: source, station.
    """
    axes.set_xlabel("Longitude (°)", labelpad=1.5)
    axes.set_ylabel("Latitude (°)", labelpad=1.5)
    places = {}
    for name in ("source", "station"):
        place = picked[[f"{name}_longitude_deg", f"{name}_latitude_deg"]].dropna().round(3).drop_duplicates()
        places[name] = place.to_numpy(np.float64)
    everything = np.concatenate(list(places.values()))
    if not len(everything):
        style.say(axes, "no coordinates of stations or sources")
        return []
    longitude = shifted(everything[:, 0])
    _frame(axes, longitude, everything[:, 1])
    end = len(places["source"])
    for name, part, look in (("source", slice(end), SOURCE), ("station", slice(end, None), STATION)):
        if len(places[name]):
            many = len(places[name]) > VECTOR_DOTS
            size = {"markersize": 0.9, "alpha": 0.4} if many else {"alpha": 0.8}
            axes.plot(longitude[part], everything[part, 1], rasterized=many, **{**look, **size})
    missing = [f"{name}s" for name, place in places.items() if not len(place)]
    if missing:
        axes.set_title(f"no coordinates of {missing[0]}", fontsize=6.5, pad=2.5)
    return [name for name, place in places.items() if len(place)]


def _frame(axes: Axes, longitude: np.ndarray, latitude: np.ndarray) -> None:
    """Set the limits: all points, true to scale in the middle, no pole passed and no point twice."""
    shape = style.width_in(axes) / style.height_in(axes)
    middle = (longitude.min() + longitude.max()) / 2, (latitude.min() + latitude.max()) / 2
    shrink = max(np.cos(np.radians(middle[1])), 0.2)
    half = max(np.ptp(latitude) / 2, np.ptp(longitude) / 2 * shrink / shape, 0.05) * 1.06
    wide = max(min(half * shape / shrink, 180.0), np.ptp(longitude) / 2)
    bottom, top = max(middle[1] - half, -90.0), min(middle[1] + half, 90.0)
    axes.set(xlim=(middle[0] - wide, middle[0] + wide), ylim=(bottom, top))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10)))
    axes.xaxis.set_major_formatter(lambda value, _: style.plain((value + 180) % 360 - 180))


def _legend(figure: Figure, mapped: Sequence[str]) -> None:
    """Name the splits, and what is on the map."""
    height = figure.get_figheight()
    train = {key: LOOKS["train"][key] for key in ("color", "alpha", "linewidth")}
    handles = [
        Patch(label="share of train", **train),
        *(Line2D([], [], label=f"of {name}", **LOOKS[name]) for name in ("dev", "test")),
        *(Line2D([], [], label=name, **MAP_KEYS[name]) for name in mapped),
    ]
    figure.legend(
        handles=handles, loc="lower center", bbox_to_anchor=(0.5, 0.04 / height), ncols=len(handles), borderaxespad=0,
        handlelength=1.8, columnspacing=1.8,
    )  # fmt: skip
