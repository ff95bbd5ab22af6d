"""What numbers say of a claim, alone and as one of many: against SciPy's distributions and published examples."""

import numpy as np
import pytest
from scipy import stats

from pickbench.findings.claims import AGAINST, ALPHA, FOR, TIE, Within, above, below, holm, verdicts
from pickbench.findings.estimates import Estimate


def said(claim, *estimates):
    p_for, p_against = ([test(estimate) for estimate in estimates] for test in (claim.p_for, claim.p_against))
    return verdicts(p_for, holm(p_against))


def number(deviate):
    """A number so many standard errors above 0."""
    return Estimate(0.1 * deviate, 0.1, 1)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [(above(1), [FOR, AGAINST, TIE]), (below(1), [AGAINST, FOR, TIE]), (Within(1.5), [AGAINST, FOR, TIE])],
)
def test_a_number_alone_speaks_where_its_interval_lies_on_one_side(claim, expected):
    estimates = [Estimate(2.0, 0.1, 1), Estimate(0.5, 0.1, 1), Estimate(1.4, 1.0, 1)]
    assert [said(claim, estimate)[0] for estimate in estimates] == expected


@pytest.mark.parametrize("side", [1, -1])
def test_the_level_is_that_of_a_95_percent_interval(side):
    claim = above(0) if side == 1 else below(0)
    assert said(claim, number(1.95 * side)) == said(claim, number(-1.95 * side)) == [TIE]
    assert said(claim, number(1.97 * side)) == [FOR] and said(claim, number(-1.97 * side)) == [AGAINST]
    assert claim.p_for(number(1.3 * side)) == pytest.approx(stats.norm.sf(1.3))
    assert claim.p_against(number(1.3 * side)) == pytest.approx(stats.norm.cdf(1.3))


def test_numbers_without_error_are_on_one_side_or_on_none():
    assert [said(above(1), Estimate(value, 0.0, 1))[0] for value in (1.1, 1.0, 0.9)] == [FOR, TIE, AGAINST]
    assert said(Within(1), Estimate(0.9, 0.0, 1)) == [FOR] and said(Within(1), Estimate(-1.1, 0.0, 1)) == [AGAINST]


@pytest.mark.parametrize("value", [-0.5, 0.01, 0.2, 0.7])
@pytest.mark.parametrize("limit", [0.02, 0.3])
def test_too_far_from_zero_is_a_folded_normal(value, limit):
    folded = stats.foldnorm(limit / 0.2, scale=0.2)
    assert Within(limit).p_against(Estimate(value, 0.2, 1)) == pytest.approx(folded.sf(abs(value)))


def test_near_zero_is_two_one_sided_tests():
    estimate = Estimate(-0.1, 0.2, 1)
    p_values = [stats.norm.sf((-0.1 + 0.5) / 0.2), stats.norm.cdf((-0.1 - 0.5) / 0.2)]
    assert Within(0.5).p_for(estimate) == pytest.approx(max(p_values))


def test_holm_s_procedure():
    # By hand: 5 x .01, 4 x .02, 3 x .03, then 2 x .04 is less than that already, and so is .05.
    assert holm([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    # In any order, and never above 1.
    assert holm([0.6, 0.001, 0.5]) == pytest.approx([1.0, 0.003, 1.0])
    assert holm([0.3]) == pytest.approx([0.3]) and len(holm([])) == 0


def test_a_marginal_one_of_24_is_a_tie_and_a_clear_one_speaks():
    """Of 24 it takes 3.08 standard errors, the quantile of .025 / 24."""
    assert stats.norm.isf(ALPHA / 24) == pytest.approx(3.08, abs=0.005)
    agree = [number(4)] * 23
    assert said(above(0), *agree, number(-2.5)) == [FOR] * 23 + [TIE]
    assert said(above(0), *agree, number(-3.07)) == [FOR] * 23 + [TIE]
    assert said(above(0), *agree, number(-3.09)) == [FOR] * 23 + [AGAINST]
    # Numbers that speak for it are not corrected.
    assert said(above(0), *[number(2)] * 24) == [FOR] * 24


def test_true_claims_are_refuted_no_oftener_than_the_level():
    """All numbers at their limit: any of 24 independent ones strays with 1 - (1 - .025 / 24) ** 24."""
    families = 4000
    p_values = stats.norm.cdf(np.random.default_rng(5).normal(size=(families, 24)))
    refuted = sum(AGAINST in verdicts(1 - strayed, holm(strayed)) for strayed in p_values)
    assert stats.binomtest(refuted, families, 1 - (1 - ALPHA / 24) ** 24).pvalue > 0.01
    # Each by itself they would refute nearly every second one.
    alone = int((p_values < ALPHA).any(axis=1).sum())
    assert stats.binomtest(alone, families, 1 - (1 - ALPHA) ** 24).pvalue > 0.01 and alone > 1500
