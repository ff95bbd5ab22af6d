"""What the demo promises, read from its results: run `make demo` first."""

import pandas as pd
import pytest

from pickbench.yamlfiles import read_yaml
from tests.conftest import ROOT

DEMO = ROOT / "config" / "demo.yaml"
RESULTS = ROOT / "results" / "metrics.csv"


MODELS = {name: read_yaml(ROOT / "config" / "models" / f"{name}.yaml") for name in read_yaml(DEMO)["models"]}
PICKERS = [name for name, model in MODELS.items() if not model.get("control")]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Test metrics of every picker, where the demo has run last."""
    if not RESULTS.exists():
        pytest.skip("needs the results of `make demo`")
    table = pd.read_csv(RESULTS, keep_default_na=False, na_values={"value": [""]})
    if set(table["target"]) != set(read_yaml(DEMO)["datasets"]):
        pytest.skip("results/metrics.csv is of another run than the demo")
    return table[(table["split"] == "test") & (table["threshold_from"] != "target")]


@pytest.fixture(scope="module")
def cells(table) -> pd.DataFrame:
    """Test metrics of PhaseNet by (source, target, metric and phase)."""
    of_model = table[table["model"] == "phasenet"]
    return of_model.set_index(["source", "target", "metric", "phase"])["value"].sort_index()


@pytest.fixture(scope="module")
def at_home(table) -> pd.DataFrame:
    """Test metrics on mini-stead of what learned there, by (model, metric and phase)."""
    rows = table[(table["source"] == "mini-stead") & (table["target"] == "mini-stead")]
    return rows.set_index(["model", "metric", "phase"])["value"].sort_index()


@pytest.mark.parametrize("model", [name for name in PICKERS if 1 in MODELS[name]["tasks"]])
def test_every_network_detects_at_home(at_home, model):
    assert at_home[model, "auc", ""] > 0.9 > at_home["random", "auc", ""]


@pytest.mark.parametrize("model", [name for name in PICKERS if 3 in MODELS[name]["tasks"]])
def test_every_picker_beats_a_guess_at_home(at_home, model):
    assert at_home[model, "mae_s", "P"] < at_home["random", "mae_s", "P"]


def test_baer_kradolfer_picks_at_home(at_home):
    assert at_home["baer-kradolfer", "mae_s", "P"] < 1


def test_good_at_home(cells):
    assert cells["mini-stead", "mini-stead", "auc", ""] > 0.95
    assert cells["mini-stead", "mini-stead", "mae_s", "P"] < 0.3


def test_local_to_teleseismic_is_worse(table, cells):
    """Networks on average, and PhaseNet's onsets; a single picker on 50 windows scatters too much for a factor."""
    at_home, away = "mini-geofon", "mini-stead"
    of_networks = table[(table["metric"] == "auc") & (table["target"] == at_home) & table["model"].isin(PICKERS)]
    auc = of_networks.groupby("source")["value"].mean()
    assert auc[away] < auc[at_home] - 0.1
    for metric in ("mae_s", "outlier_share"):
        assert cells[away, at_home, metric, "P"] > cells[at_home, at_home, metric, "P"]
