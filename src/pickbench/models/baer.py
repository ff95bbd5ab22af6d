"""The picker of Baer & Kradolfer (1987, BSSA 77(4), 1437-1445), as ObsPy has it, with searched parameters.

Its weights are five numbers, those of least error over P windows of the source's own dev split.
"""

import logging
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from pickbench.baer.picking import PARAMETERS, SECOND_THRESHOLD, PickWindows
from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.messages import suggestion
from pickbench.metrics.residuals import residuals_s, rmse_s
from pickbench.models import base
from pickbench.models.settings import choice
from pickbench.windows.tables import read_windows

ARCHITECTURE = "BaerKradolfer"
# Of PARAMETERS, as published: where to search, and where to begin.
BOUNDS = ((1, 49), (0.001, 5), (0.5, 15), (0.3, 3), (1, 40))
PROBES = ((49, 3, 2, 1.5, 10), (5, 1, 3, 1.5, 5), (2, 0.1, 5, 1.5, 2))

log = logging.getLogger(__name__)


class Adapter(base.Adapter):
    """Baer & Kradolfer's picker; `architecture` is BaerKradolfer."""

    SETTINGS = {"second_threshold": choice(*SECOND_THRESHOLD)}
    GIVES = ("p_sample_pred",)
    LEARNS_FROM = "windows"

    def __init__(self, settings: dict):
        super().__init__(settings)
        name, self._second_threshold = settings.get("architecture"), settings["settings"]["second_threshold"]
        if name != ARCHITECTURE:
            raise InputError(f"{self.file}: key 'architecture' is {name!r}{suggestion(name, [ARCHITECTURE])}")

    def fit(self, dataset: PreparedDataset, plan: base.TrainingPlan) -> base.Fit:
        """Search the parameters of the least RMSE (s) over dev P windows.

        Raises
        ------
        InputError
            When the source has no such window.
        """
        began = time.perf_counter()
        # It takes a second to import, and picking does not need it.
        from pickbench.baer.search import search

        rows = self._dev_rows(plan)
        log.info("reading %d dev P windows", len(rows))
        windows = PickWindows(dataset, rows)
        with ThreadPoolExecutor(plan.threads) as pool:

            def error(point: list[float]) -> float:
                picks = windows.pick(dict(zip(PARAMETERS, point, strict=True)), self._second_threshold, pool.map)
                return rmse_s(residuals_s(rows.assign(p_sample_pred=picks), "P"))

            tuning, kept = plan.tuning, plan.checkpoints / "points.json"
            done = search(error, BOUNDS, PROBES, tuning.initial_points, tuning.points, plan.seed, kept, began)
        best = min(range(len(done)), key=lambda number: done[number]["error"])
        found = dict(zip(PARAMETERS, done[best]["point"], strict=True))
        facts = {"device": "cpu", "best_point": best + 1, "picks": len(rows), "found": found}
        weights = {name: np.array(value) for name, value in found.items()}
        loss = {"p_sample_pred": done[best]["error"]}
        return base.Fit(weights, _history(done, len(rows)), loss, facts=facts)

    def answer(self, question: base.Question, weights: base.Weights) -> pd.DataFrame:
        """Answer windows, in the order of their traces so that each is filtered but once."""
        if sorted(weights) != sorted(PARAMETERS):
            raise InputError(
                f"weights do not fit {self.settings['id']}: they are {', '.join(weights) or 'none'}, "
                f"expected {', '.join(PARAMETERS)}"
            )
        parameters = {name: float(value) for name, value in weights.items()}
        windows = question.windows
        picks = np.empty(len(windows))
        for part in question.batches():
            picks[part] = PickWindows(question.dataset, windows.iloc[part]).pick(parameters, self._second_threshold)
        return pd.DataFrame(dict.fromkeys(question.columns, picks), index=windows.index)

    def _dev_rows(self, plan: base.TrainingPlan) -> pd.DataFrame:
        """The dev P windows that points are judged by: all, or as many as asked for, drawn from the seed."""
        path = plan.windows.get("task23")
        rows = pd.DataFrame() if path is None else read_windows(path, "dev")
        if len(rows):
            rows = rows[rows["phase_label"] == "P"].reset_index(drop=True)
        if rows.empty:
            raise InputError(
                f"{path or 'task23.csv'}: no P window in dev, by which {self.settings['id']} is tuned; "
                f"a source needs some, so take the dataset out of `sources`"
            )
        if len(rows) > plan.tuning.picks:
            chosen = np.random.default_rng(plan.seed).choice(len(rows), plan.tuning.picks, replace=False)
            rows = rows.iloc[np.sort(chosen)].reset_index(drop=True)
        return rows


def _history(done: list[dict], picks: int) -> pd.DataFrame:
    """One row a point: the RMSE as its dev loss, and its parameters."""
    seconds = np.array([entry["seconds"] for entry in done])
    number = np.arange(1, len(done) + 1)
    values = (ARCHITECTURE, number, np.nan, [entry["error"] for entry in done], picks / seconds, seconds, 0.0)
    history = pd.DataFrame(dict(zip(base.HISTORY_COLUMNS, values, strict=True)))
    return history.join(pd.DataFrame([entry["point"] for entry in done], columns=PARAMETERS))
