"""What the demo promises, read from its results: run `make demo` first."""

import pandas as pd
import pytest

from pickbench.config import read_yaml
from tests.conftest import ROOT

RESULTS = ROOT / "results" / "metrics.csv"


@pytest.fixture(scope="module")
def cells() -> pd.DataFrame:
    """Test metrics of PhaseNet by (source, target, metric and phase), where the demo has run last."""
    if not RESULTS.exists():
        pytest.skip("needs the results of `make demo`")
    table = pd.read_csv(RESULTS, keep_default_na=False, na_values={"value": [""]})
    if set(table["target"]) != set(read_yaml(ROOT / "config" / "demo.yaml")["datasets"]):
        pytest.skip("results/metrics.csv is of another run than the demo")
    test = table[(table["split"] == "test") & (table["threshold_from"] != "target") & (table["model"] == "phasenet")]
    return test.set_index(["source", "target", "metric", "phase"])["value"].sort_index()


def test_good_at_home(cells):
    assert cells["mini-stead", "mini-stead", "auc", ""] > 0.95
    assert cells["mini-stead", "mini-stead", "mae_s", "P"] < 0.3


def test_local_to_teleseismic_is_worse(cells):
    at_home, away = "mini-geofon", "mini-stead"
    assert cells[away, "mini-geofon", "auc", ""] < cells[at_home, "mini-geofon", "auc", ""] - 0.1
    assert cells[away, "mini-geofon", "mae_s", "P"] > 2 * cells[at_home, "mini-geofon", "mae_s", "P"]
