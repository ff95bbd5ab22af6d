"""Recipes: the shipped twins keep the schemas, and contradictions are refused in one line."""

import copy
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import yaml

from pickbench.errors import InputError
from pickbench.schemas import check as hold_against
from pickbench.simulation.recipe import FARTHEST_KM, check
from pickbench.simulation.traveltimes import _DEPTH_STEPS_KM, _DISTANCE_STEPS_DEG, KM_PER_DEGREE, _nodes

ROOT = Path(__file__).resolve().parents[2]
TWINS = sorted((ROOT / "config" / "datasets").glob("mini-*.yaml"))
SCHEMA = yaml.safe_load((ROOT / "workflow" / "schemas" / "simulation.schema.yaml").read_text())


def recipe_of(path: Path) -> dict:
    return yaml.safe_load(path.read_text())["source"]["simulate"]


@pytest.fixture
def recipe() -> dict:
    return recipe_of(ROOT / "config" / "datasets" / "mini-stead.yaml")


def test_every_dataset_of_the_paper_has_its_twin():
    paper = {"ethz", "geofon", "instance", "iquique", "lendb", "neic", "scedc", "stead"}
    assert {path.stem for path in TWINS} == {f"mini-{name}" for name in paper}


@pytest.mark.parametrize("path", TWINS, ids=lambda path: path.stem)
def test_twin_keeps_the_schema_and_agrees_with_itself(path):
    jsonschema.validators.validator_for(SCHEMA).check_schema(SCHEMA)
    jsonschema.validate(recipe_of(path), SCHEMA)
    check(recipe_of(path))


@pytest.mark.parametrize("path", TWINS, ids=lambda path: path.stem)
def test_twin_and_original_agree_on_what_they_are_for(path):
    twin = yaml.safe_load(path.read_text())
    original = yaml.safe_load(path.with_name(path.name.removeprefix("mini-")).read_text())
    # A small twin may be too small for a task.
    assert set(twin["tasks"]) <= set(original["tasks"])
    for key in ("region", "phases", "split", "random_window"):
        defaults = {"phases": ["P", "S"], "split": "own", "random_window": None}
        assert twin.get(key, defaults.get(key)) == original.get(key, defaults.get(key)), key
    assert twin["expected"]["traces"] == twin["source"]["simulate"]["traces"]


def subschemas(schema: dict, path: str = ""):
    """Every described place of a schema, by path."""
    for name, value in schema.get("properties", {}).items():
        yield f"{path}.{name}", value
        yield from subschemas(value, f"{path}.{name}")
    for option in schema.get("oneOf", []):
        yield from subschemas(option, path)


def test_every_key_is_described_and_no_other_is_allowed(recipe):
    for path, value in [*subschemas(SCHEMA), *subschemas(SCHEMA["$defs"]["quantiles"])]:
        assert value.get("description"), path
        if value.get("type") == "object":
            assert value.get("additionalProperties") is False, path
    for place in ("network", "events", "noise", "window", "labels", "faults", "split"):
        wrong = copy.deepcopy(recipe)
        wrong[place]["typo"] = 1
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA)


CONTRADICTIONS = {
    "labels.shares": lambda r: r["labels"]["shares"].update(both=0.5),
    "network.sampling_rates": lambda r: r["network"]["sampling_rates"].append({"hz": 50, "share": 0.2}),
    "events.distance_km": lambda r: r["events"]["distance_km"].update(p90=1000),
    "noise.level": lambda r: r["noise"]["level"].update(min=0.9),
    "window.before_s": lambda r: r["window"]["before_s"].update(min=20),
    "period": lambda r: r.update(period=["2018-01-01", "2017-01-01"]),
    "traces_per_event": lambda r: r["network"].update(stations=5),
    "sensor corner": lambda r: r["network"].update(sensor_corners=[{"hz": 50, "share": 1.0}]),
    "noise.share": lambda r: r.update(window={"before_s": {"min": 60, "max": 60}, "after_s": 60, "aligned": False}),
    "leaves less than": lambda r: r["window"].update(length_s=6),
    "labels.later": lambda r: r["labels"].update(later={"pP": 0.1}),
    "labels.names": lambda r: r["labels"]["names"].pop("Pn"),
    "period.0 is '2020-13-01', but month must be": lambda r: r.update(period=["2020-13-01", "2021-01-01"]),
    "split.test_from is '2020-02-30', but day is": lambda r: r.update(
        split={"by": "trace_start_time", "dev_from": "2020-01-01", "test_from": "2020-02-30"}
    ),
    "split.dev and split.test sum to 1.8": lambda r: r["split"].update(dev=0.9, test=0.9),
    "events.depth_km.max is 9000; .* at most 775": lambda r: r["events"]["depth_km"].update(max=9000),
    "events.distance_km.max is 50000; .* at most 20016": lambda r: r["events"]["distance_km"].update(max=50000),
    "noise.share 1 leaves no trace to an earthquake": lambda r: r["noise"].update(share=1.0),
}


@pytest.mark.parametrize("named", CONTRADICTIONS)
def test_contradiction_is_refused_with_its_key(recipe, named):
    CONTRADICTIONS[named](recipe)
    with pytest.raises(InputError, match=named) as error:
        check(recipe)
    assert "\n" not in str(error.value)


def test_traces_without_number_are_refused(recipe):
    recipe["traces"] = 10**12
    with pytest.raises(InputError, match="key 'traces' is 1000000000000, expected a whole number .* at most 100000000"):
        hold_against(recipe, SCHEMA, "mine.yaml")


@pytest.mark.parametrize(("key", "reach"), FARTHEST_KM.items())
def test_what_is_farthest_has_travel_times(key, reach):
    steps, unit = (_DEPTH_STEPS_KM, 1) if key == "depth_km" else (_DISTANCE_STEPS_DEG, KM_PER_DEGREE)
    assert _nodes(steps, reach / unit)[-1] * unit >= reach


def test_too_sparse_a_network_is_refused(recipe, tmp_path):
    from pickbench.simulation import simulate

    recipe["network"].update(radius_km=3000, stations=40)
    recipe["events"]["traces_per_event"] = 10
    with pytest.raises(InputError, match="stations within 346.27 km"):
        simulate(recipe, tmp_path, seed=1)
    assert not list(tmp_path.iterdir())


def test_quantiles_are_met():
    from pickbench.simulation.catalogue import draw_quantiles

    quantiles = {"min": 0, "p10": 5.57, "median": 39.05, "p90": 101.23, "max": 346.27}
    levels = np.array([0, 0.1, 0.5, 0.9, 1])
    for log in (False, True):
        np.testing.assert_allclose(draw_quantiles(quantiles, levels, log=log), list(quantiles.values()), atol=1e-12)
    half_way = draw_quantiles(quantiles, np.array([0.7]), log=True)[0]
    assert half_way == pytest.approx(np.sqrt(40.05 * 102.23) - 1)  # geometric mean of 1 + distance
