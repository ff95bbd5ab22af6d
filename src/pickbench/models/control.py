"""The controls: a picker that knows the labels and one that guesses.

They run through every stage as ordinary models and bracket what any picker can score. When a number surprises, look at
them first: the oracle's AUC and MCC are 1 and its residuals 0; the random picker's AUC is 0.5, its MCC 0, and its
onsets are uniform in their window, so that over windows of length L with onset at u from the centre the mean squared
residual is L²/12 + u².
"""

import numpy as np
import pandas as pd

from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.messages import suggestion
from pickbench.metrics.registry import ANSWERS
from pickbench.models import base


def _oracle(column: str, windows: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    if column == "score_detection":
        return (windows["trace_type"] == "earthquake").to_numpy(float)
    if column == "score_p_or_s":
        return (windows["phase_label"] == "P").to_numpy(float)
    return windows["phase_onset"].to_numpy(float)


def _random(column: str, windows: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    draw = rng.random(len(windows))
    if column.startswith("score"):
        return draw
    start = windows["start_sample"].to_numpy(float)
    return start + draw * (windows["end_sample"].to_numpy(float) - start)


CONTROLS = {"Oracle": _oracle, "Random": _random}


class Adapter(base.Adapter):
    """A control; `architecture` says which (Oracle or Random)."""

    LEARNS_FROM = "nothing"

    def __init__(self, settings: dict):
        super().__init__(settings)
        name = settings.get("architecture")
        if name not in CONTROLS:
            hint = suggestion(name, CONTROLS)
            raise InputError(f"{self.file}: key 'architecture' is {name!r}{hint}")
        self._control = CONTROLS[name]

    def fit(self, dataset: PreparedDataset, plan: base.TrainingPlan) -> base.Fit:
        """Learn nothing."""
        return base.Fit(weights={})

    def answer(self, question: base.Question, weights: base.Weights) -> pd.DataFrame:
        """Answer from the labels, or from draws that depend on the seed and the answer alone."""
        windows, order = question.windows, list(ANSWERS)
        return pd.DataFrame(
            {
                column: self._control(column, windows, np.random.default_rng([question.seed, order.index(column)]))
                for column in question.columns
            },
            index=windows.index,
        )
