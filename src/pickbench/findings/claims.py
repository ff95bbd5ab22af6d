"""What a number says about a claim, alone and as one of many.

A finding claims something of every number that it rests on. To show that all of it holds, each number is tested at the
full level (an intersection-union test: Berger 1982, Technometrics 24, 295-300), so many numbers do not make it easier.
To show that it does not hold, one number is enough, and of many one will stray by chance: there the p-values are
corrected by Holm's procedure (1979, Scand. J. Statist. 6, 65-70), which holds whatever their dependence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from pickbench.findings.estimates import Estimate
from pickbench.statistics import LEVEL

FOR, AGAINST, TIE = "for", "against", "tie"
# Of a one-sided test, which so agrees with the side on which a 95 % interval lies.
ALPHA = (1 - LEVEL) / 2


@dataclass(frozen=True)
class OneSided:
    """A claim that a number is larger than a limit, or smaller.

    Attributes
    ----------
    limit
        In the unit of the number.
    above
        Which of the two.
    """

    limit: float
    above: bool

    def p_for(self, estimate: Estimate) -> float:
        """How probable a number so far on the claimed side were, if the truth lay at the limit."""
        return float(stats.norm.sf(self._deviate(estimate)))

    def p_against(self, estimate: Estimate) -> float:
        """How probable a number so far on the other side were, if the truth lay at the limit."""
        return float(stats.norm.cdf(self._deviate(estimate)))

    def _deviate(self, estimate: Estimate) -> float:
        distance = estimate.value - self.limit
        return _deviate(distance if self.above else -distance, estimate.error)


@dataclass(frozen=True)
class Within:
    """A claim that a number is nearer to zero than a limit."""

    limit: float

    def p_for(self, estimate: Estimate) -> float:
        """The larger p-value of the two one-sided tests (Schuirmann 1987, J. Pharmacokinet. Biopharm. 15, 657-680)."""
        return float(stats.norm.sf(_deviate(self.limit - abs(estimate.value), estimate.error)))

    def p_against(self, estimate: Estimate) -> float:
        """How probable a number so far from zero, to either side, were, if the truth lay at the limit."""
        beyond, other_side = abs(estimate.value) - self.limit, abs(estimate.value) + self.limit
        tails = (stats.norm.sf(_deviate(distance, estimate.error)) for distance in (beyond, other_side))
        return min(float(sum(tails)), 1.0)


Claim = OneSided | Within


def above(limit: float) -> Claim:
    """A claim that a number is larger than a limit."""
    return OneSided(limit, above=True)


def below(limit: float) -> Claim:
    """A claim that a number is smaller than a limit."""
    return OneSided(limit, above=False)


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Adjust p-values for their number by Holm's procedure, in the order given."""
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values)
    stepwise = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(stepwise, 1)
    return adjusted


def verdicts(p_for: Sequence[float], p_against: Sequence[float]) -> list[str]:
    """What each number of a finding says, by its p-value for the claim and its adjusted one against it."""
    return [
        FOR if speaks_for < ALPHA else AGAINST if speaks_against < ALPHA else TIE
        for speaks_for, speaks_against in zip(p_for, p_against, strict=True)
    ]


def _deviate(distance: float, error: float) -> float:
    """Distance in standard errors; of a number without any error, infinite or 0."""
    if error > 0:
        return distance / error
    return float(np.sign(distance)) * np.inf if distance else 0.0
