"""Training windows are those of seisbench.generate, given the same draws."""

from unittest import mock

import numpy as np
import pytest
from seisbench import generate as sbg

from pickbench.training.draws import TraceTable, WindowRecipe, draw_windows

RECIPES = {
    "plain": WindowRecipe(3001, 2 / 3, 3000, 3000),
    "before the trace": WindowRecipe(3001, 2 / 3, 3000, 3000, (-1000, None)),
    "both bounds": WindowRecipe(3001, 2 / 3, 3000, 3000, (-1500, 4500)),
    "short piece": WindowRecipe(3001, 1.0, 600, 600),
    "only around": WindowRecipe(400, 1.0, 400, 400),
    "only anywhere": WindowRecipe(3001, 0.0, 3000, 3000),
}
COLUMNS = ("trace_p_arrival_sample", "trace_s_arrival_sample", "trace_Pn_arrival_sample")


def table(n: int = 400) -> TraceTable:
    rng = np.random.default_rng(3)
    npts = rng.integers(1000, 12000, n)
    picks = rng.uniform(0, 1, (n, 3)) * npts[:, None]
    picks[rng.random((n, 3)) < 0.4] = np.nan
    return TraceTable(np.arange(n), npts, picks, ("P", "S", "P"))


class Draws:
    """Stands in for NumPy's global generator: gives the draw that we made, and notes the range that was asked for."""

    def __init__(self, start: int):
        self.start, self.low, self.high = start, None, None

    def __call__(self, low: int, high: int) -> int:
        self.low, self.high = low, high
        return self.start


@pytest.mark.parametrize("name", RECIPES)
def test_windows_equal_seisbench(name):
    recipe, traces = RECIPES[name], table()
    draws = draw_windows(traces, recipe, np.random.default_rng(11), shuffle=False)
    # The same stream again: the first numbers say which traces are cut around a pick, the second which pick.
    rng = np.random.default_rng(11)
    around, choice = rng.random(len(traces)) < recipe.around_pick_share, rng.random(len(traces))
    seen_short = False
    for i in range(len(traces)):
        metadata = {column: traces.picks[i, k] for k, column in enumerate(COLUMNS)}
        state = {"X": (np.arange(1.0, traces.npts[i] + 1)[None].repeat(3, 0), metadata)}
        offset = 0
        if around[i]:
            cut = sbg.WindowAroundSample(
                list(COLUMNS),
                samples_before=recipe.before,
                windowlen=recipe.before + recipe.after,
                selection="random",
                strategy="variable",
            )
            with mock.patch("numpy.random.choice", side_effect=lambda c, u=choice[i]: c[int(u * len(c))]):
                cut(state)
            offset = int(state["X"][0][0, 0]) - 1 if state["X"][0].shape[1] else draws.low[i]
        piece = state["X"][0].shape[1]
        assert (draws.low[i], draws.high[i]) <= (offset + piece, offset + piece)
        randint = Draws(draws.start[i] - offset)
        window = sbg.RandomWindow(*recipe.bounds, windowlen=recipe.length, strategy="pad")
        with mock.patch("numpy.random.randint", randint):
            window(state)
        assert randint.low <= randint.start < randint.high, "our draw is none that SeisBench could have made"
        expected, metadata = state["X"]
        sample = draws.start[i] + np.arange(recipe.length)
        ours = np.where((sample >= draws.low[i]) & (sample < draws.high[i]), sample + 1.0, 0.0)
        np.testing.assert_array_equal(ours, expected[0])
        relative = traces.picks[i] - draws.start[i]
        if randint.start <= piece:  # behind its data SeisBench loses count of where an empty window lies
            np.testing.assert_allclose(relative, [metadata[column] for column in COLUMNS], atol=1e-9)
        seen_short |= (ours == 0).any()
    assert seen_short or name == "only around"


def test_starts_are_uniform_over_the_allowed_range():
    n = 20000
    traces = TraceTable(np.arange(n), np.full(n, 110), np.full((n, 1), np.nan), ("P",))
    draws = draw_windows(traces, WindowRecipe(100, 0.0, 50, 50), np.random.default_rng(0), shuffle=False)
    counts = np.bincount(draws.start, minlength=11)
    assert len(counts) == 11, "starts 0 to 10 are all allowed"
    assert np.abs(counts - n / 11).max() < 5 * np.sqrt(n / 11)


def test_share_around_picks_and_choice_of_pick():
    n = 20000
    picks = np.tile([1000.0, np.nan, 9000.0], (n, 1))
    traces = TraceTable(np.arange(n), np.full(n, 10000), picks, ("P", "S", "P"))
    draws = draw_windows(traces, WindowRecipe(200, 2 / 3, 150, 150), np.random.default_rng(0), shuffle=False)
    near_first = ((draws.low == 850) & (draws.high == 1150)).mean()
    near_last = ((draws.low == 8850) & (draws.high == 9150)).mean()
    assert near_first == pytest.approx(1 / 3, abs=0.02)
    assert near_last == pytest.approx(1 / 3, abs=0.02)


def test_shuffling_changes_the_order_alone():
    recipe, traces = RECIPES["plain"], table()
    plain = draw_windows(traces, recipe, np.random.default_rng(5), shuffle=False)
    mixed = draw_windows(traces, recipe, np.random.default_rng(5), shuffle=True)
    assert not np.array_equal(mixed.row, plain.row)
    np.testing.assert_array_equal(mixed.start, plain.start[mixed.row])
