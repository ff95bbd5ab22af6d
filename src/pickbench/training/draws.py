"""Which training windows an epoch looks at: positions only, drawn for all traces at once.

The windows are those of `seisbench.generate`: with a given probability a piece around a random pick, else the whole
trace, and in it a random window of the model's length. Draws depend on the seed and the epoch alone, so that a resumed
training sees the windows that it would have seen.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pickbench.phases import arrival_columns


@dataclass(frozen=True)
class TraceTable:
    """The traces of a split, as far as drawing windows needs them.

    Attributes
    ----------
    trace_idx
        Rows of the prepared dataset, (n,).
    npts
        Samples of each trace, (n,).
    picks
        Arrivals in samples of the trace, (n, k), one column a phase column of the dataset, NaN where there is none.
    phases
        P or S for each of the k columns.
    """

    trace_idx: np.ndarray
    npts: np.ndarray
    picks: np.ndarray
    phases: tuple[str, ...]

    @classmethod
    def from_metadata(cls, metadata: pd.DataFrame, split: str, mapping: dict[str, str] | None) -> "TraceTable":
        """Take the traces of `split` out of a prepared dataset's metadata."""
        columns = arrival_columns(metadata.columns, mapping)
        rows = metadata[metadata["split"] == split]
        return cls(
            rows.index.to_numpy(),
            rows["trace_npts"].to_numpy(np.int64),
            rows[list(columns)].to_numpy(np.float64),
            tuple(columns.values()),
        )

    def __len__(self) -> int:
        return len(self.trace_idx)

    def is_any_of(self, phases: str) -> np.ndarray:
        """Mark the pick columns of some phases, (k,)."""
        return np.array([phase in phases for phase in self.phases], dtype=bool)

    def for_recipe(self, recipe: "WindowRecipe") -> "TraceTable":
        """The traces that a recipe draws windows from."""
        if not recipe.only_with_pick:
            return self
        kept = (~np.isnan(self.picks) & self.is_any_of(recipe.phases)).any(axis=1)
        return TraceTable(self.trace_idx[kept], self.npts[kept], self.picks[kept], self.phases)


@dataclass(frozen=True)
class WindowRecipe:
    """How training windows are drawn.

    Attributes
    ----------
    length
        Samples of a window.
    around_pick_share
        Share of the windows that come from a piece around a random pick.
    before, after
        Samples from the pick to the piece's beginning and to its end.
    bounds
        First sample a window may start at and the end it may not pass, relative to the piece; None stands for the
        piece's own ends. Negative starts reach before the piece, where a window is zero.
    phases
        The phases whose picks count.
    only_with_pick
        Whether traces without such a pick are left out.
    """

    length: int
    around_pick_share: float
    before: int
    after: int
    bounds: tuple[int | None, int | None] = (None, None)
    phases: str = "PS"
    only_with_pick: bool = False

    def within(self, bounds: tuple[int | None, int | None] | None) -> "WindowRecipe":
        """The recipe with a dataset's bounds, if it has any."""
        return self if bounds is None else replace(self, bounds=tuple(bounds))


@dataclass(frozen=True)
class Draws:
    """Windows in samples of their traces, all (n,).

    Attributes
    ----------
    row
        Row of the trace table.
    start
        First sample; may be negative.
    low, high
        The window holds data in [low, high) and is zero elsewhere.
    """

    row: np.ndarray
    start: np.ndarray
    low: np.ndarray
    high: np.ndarray


def draw_windows(table: TraceTable, recipe: WindowRecipe, rng: np.random.Generator, *, shuffle: bool) -> Draws:
    """Draw one window from every trace.

    Parameters
    ----------
    table
        The traces.
    recipe
        How to draw.
    rng
        The source of the draws.
    shuffle
        Whether the windows come in random order.

    Returns
    -------
    Draws
        One window a trace.
    """
    n = len(table)
    piece_low, piece_high = _pieces(table, recipe, rng)
    low = 0 if recipe.bounds[0] is None else recipe.bounds[0]
    high = piece_high - piece_low if recipe.bounds[1] is None else np.full(n, recipe.bounds[1])
    # Too short a piece: the window may lie anywhere that covers it, and what it holds beyond is zero.
    short = low > high - recipe.length
    first = np.where(short, high - recipe.length, low)
    last = np.where(short, low, high - recipe.length)
    start = piece_low + first + np.floor(rng.random(n) * (last - first + 1)).astype(np.int64)
    data_low = np.where(short, np.maximum(piece_low, piece_low + low), piece_low)
    data_high = np.where(short, np.minimum(piece_high, piece_low + high), piece_high)
    row = rng.permutation(n) if shuffle else np.arange(n)
    return Draws(row, start[row], data_low[row], data_high[row])


def _pieces(table: TraceTable, recipe: WindowRecipe, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The part of each trace from which its window is drawn, [low, high)."""
    n = len(table)
    around = rng.random(n) < recipe.around_pick_share
    choice = rng.random(n)
    present = ~np.isnan(table.picks) & table.is_any_of(recipe.phases)
    count = present.sum(axis=1)
    # The chosen pick is the k-th one present. A trace without picks gives its beginning, as in SeisBench.
    k = np.floor(choice * count).astype(np.int64)
    is_chosen = present & (np.cumsum(present, axis=1) == (k + 1)[:, None])
    pick = np.where(count > 0, np.where(is_chosen, table.picks, 0.0).sum(axis=1), recipe.before)
    start = np.trunc(pick - recipe.before).astype(np.int64)
    low = np.where(around, np.clip(start, 0, table.npts), 0)
    high = np.where(around, np.clip(start + recipe.before + recipe.after, 0, table.npts), table.npts)
    return low, high
