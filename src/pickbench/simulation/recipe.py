"""What a schema cannot say of a recipe: values that have to agree with one another.

A recipe that passes can be simulated, but for a network too sparse for its events.
"""

from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np

from pickbench.errors import InputError

QUANTILES = {"min": 0.0, "p01": 0.01, "p10": 0.1, "median": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
SHORTEST_TRACE_S = 10.0
# How far travel times go: below every earthquake, and to the other side of the Earth.
FARTHEST_KM = {"depth_km": 775, "distance_km": 20016}


def check(recipe: Mapping, name: str = "recipe") -> None:
    """Refuse a recipe that contradicts itself; its form is the business of simulation.schema.yaml.

    Parameters
    ----------
    recipe
        The object `source.simulate` of a dataset's file.
    name
        What to call it in a message: its file.

    Raises
    ------
    InputError
        Naming the key, the values found and what would be right.
    """
    for problem in _problems(recipe):
        raise InputError(f"{name}: source.simulate: {problem}")


def reach_s(window: Mapping) -> float:
    """Time after its first label that every trace covers."""
    if "length_s" in window:
        return window["length_s"] - window["before_s"]["max"]
    return window["after_s"]


def _problems(recipe: Mapping) -> Iterator[str]:
    network, events, window = recipe["network"], recipe["events"], recipe["window"]
    labels, level = recipe["labels"], recipe["noise"]["level"]
    for key, shares in {
        "labels.shares": labels["shares"].values(),
        "network.sampling_rates": [option["share"] for option in network["sampling_rates"]],
        "network.sensor_corners": [option["share"] for option in network["sensor_corners"]],
    }.items():
        if not np.isclose(sum(shares), 1):
            yield f"shares of {key} sum to {sum(shares):g}; they should sum to 1"
    ranges = {f"events.{key}": events[key] for key in ("distance_km", "depth_km", "magnitude")}
    ranges |= {"noise.snr_db": recipe["noise"]["snr_db"], "noise.level": level, "window.before_s": window["before_s"]}
    for key, quantiles in ranges.items():
        values = [quantiles[name] for name in QUANTILES if name in quantiles]
        if values != sorted(values):
            yield f"{key} {dict(quantiles)} decreases; it should rise from min to max"
    for key, reach in FARTHEST_KM.items():
        if events[key]["max"] > reach:
            yield f"events.{key}.max is {events[key]['max']:g}; it should be at most {reach}"
    if recipe["noise"]["share"] >= 1:
        yield f"noise.share {recipe['noise']['share']:g} leaves no trace to an earthquake; it should be below 1"
    yield from _problems_of_days(recipe)
    parts = recipe["split"].get("dev", 0) + recipe["split"].get("test", 0)
    if parts > 1 and not np.isclose(parts, 1):
        yield f"shares split.dev and split.test sum to {parts:g}; they should sum to 1 at most, train has the rest"
    if recipe["period"][0] >= recipe["period"][1]:
        yield f"period {recipe['period']} ends before it begins"
    if 3 * events["traces_per_event"] > network["stations"]:
        yield (
            f"events.traces_per_event {events['traces_per_event']:g} needs network.stations of three times as many, "
            f"there are {network['stations']}"
        )
    corner = max(option["hz"] for option in network["sensor_corners"])
    slowest = min(option["hz"] for option in network["sampling_rates"])
    if 2 * corner >= slowest:
        yield f"a sensor corner of {corner:g} Hz needs sampling rates above {2 * corner:g} Hz, not {slowest:g}"
    if "length_s" not in window and recipe["noise"]["share"] > 0:
        yield "noise.share above 0 needs window.length_s: noise has no labels that could bound its traces"
    if reach_s(window) <= 0 or window["before_s"]["min"] + reach_s(window) < SHORTEST_TRACE_S:
        yield f"window {dict(window)} leaves less than {SHORTEST_TRACE_S:g} s, or none after the first label"
    for phase in labels.get("later", {}):
        if phase not in events["phases"] or phase not in labels["names"]:
            yield f"labels.later has {phase}, which should be in events.phases and in labels.names too"
    for wave in ("P", "S"):
        called = {wave, f"{wave}n"} | ({f"{wave}g"} & set(events["phases"]))
        for name in sorted(called - set(labels["names"])):
            yield f"labels.names gives no column for {name}, by which first arrivals can be labelled"


def _problems_of_days(recipe: Mapping) -> Iterator[str]:
    days = {f"period.{number}": day for number, day in enumerate(recipe["period"])}
    days |= {f"split.{key}": recipe["split"][key] for key in ("dev_from", "test_from") if key in recipe["split"]}
    for key, day in days.items():
        try:
            date.fromisoformat(day)
        except ValueError as error:
            yield f"{key} is {day!r}, but {error}; it should be a day such as 2019-07-04"
