"""Reads claims from a YAML file, and refuses those that could not mean what they say.

Their form is the business of findings.schema.yaml; here is what a schema cannot know: which models, datasets and
metrics there are. What is known but has no part in a run is no mistake, a finding may miss it there.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pickbench.errors import InputErrors
from pickbench.findings.predicates import KINDS
from pickbench.messages import suggestion
from pickbench.metrics.registry import METRICS
from pickbench.schemas import check
from pickbench.yamlfiles import read_yaml

SCHEMA = Path("workflow") / "schemas" / "findings.schema.yaml"
# Types of the schema that hold datasets, and one that holds models.
ROLES, MODELS = ("#/$defs/role", "#/$defs/roles"), "#/$defs/models"


@dataclass(frozen=True)
class Finding:
    """One claim of the paper.

    Attributes
    ----------
    id, section, statement, source
        What it is called, where in the paper it stands, what it says in our words, and whom we have it from.
    kind
        A name in `pickbench.findings.predicates.KINDS`.
    measures
        It is decided for each of these.
    options
        The predicate's other parameters.
    twins
        What simulated twins have to say of it (`outcome`), and `because` of what; empty where that is not known.
    """

    id: str
    section: str
    statement: str
    source: str
    kind: str
    measures: Sequence[str]
    options: Mapping = field(default_factory=dict)
    twins: Mapping = field(default_factory=dict)


def read_findings(
    path: str | Path, schema: str | Path, models: Collection[str], datasets: Collection[str]
) -> list[Finding]:
    """Read claims from a YAML file.

    Parameters
    ----------
    path, schema
        The file, and the schema of its form.
    models, datasets
        All ids that there are, in this run or not.

    Raises
    ------
    InputErrors
        For what the schema does not allow, ids that are used twice, and measures, models and datasets that there are
        none of.
    """
    content, form = read_yaml(Path(path)), read_yaml(Path(schema))
    form["$defs"]["kind"]["enum"] = list(form["$defs"]["kinds"])
    check(content, form, path)
    findings, faults = [], []
    for number, entry in enumerate(content["findings"]):
        where = f"{path}: finding {entry.get('id', number + 1)}"
        try:
            check(entry, _form_of(entry["kind"], form), where)
        except InputErrors as error:
            faults.append(str(error))
            continue
        if entry["id"] in [known.id for known in findings]:
            faults.append(f"{where}: key 'id' is {entry['id']!r}, which an earlier finding has")
        special = form["$defs"]["kinds"][entry["kind"]].get("properties", {})
        faults += [f"{where}: {fault}" for fault in _faults(entry, special, models, datasets)]
        own = {name: entry[name] for name in form["$defs"]["claim"]["properties"] if name in entry}
        options = {name: value for name, value in entry.items() if name not in own}
        findings.append(Finding(**own, options=options))
    if faults:
        raise InputErrors(faults)
    return findings


def _form_of(kind: str, form: Mapping) -> dict:
    """The schema of a claim of some kind."""
    claim, special = form["$defs"]["claim"], form["$defs"]["kinds"][kind]
    return {
        "$defs": form["$defs"],
        "type": "object",
        "additionalProperties": False,
        "required": [*claim["required"], *special.get("required", [])],
        "properties": {**claim["properties"], **special.get("properties", {})},
    }


def _faults(
    entry: Mapping, special: Mapping[str, dict], models: Collection[str], datasets: Collection[str]
) -> Iterator[str]:
    """What is wrong with a claim of the right form, of whose kind the schema has these keys."""
    for measure in entry["measures"]:
        if fault := _fault_of_measure(measure, entry["kind"]):
            yield f"key 'measures' has {measure!r}, {fault}"
    for key, its in special.items():
        if its.get("$ref") in ROLES:
            for name in _listed(entry, key):
                if name not in datasets:
                    yield f"key '{key}' has the unknown dataset '{name}'{suggestion(name, datasets)}"
        elif its.get("$ref") == MODELS:
            for name in [name for alternatives in _listed(entry, key) for name in alternatives.split("|")]:
                if name not in models:
                    yield f"key '{key}' has the unknown model '{name}'{suggestion(name, models)}"


def _fault_of_measure(name: str, kind: str) -> str:
    """What is wrong with a measure of a claim; empty if nothing is."""
    metric, _, phase = name.partition(" ")
    if metric not in METRICS:
        return f"which is no metric{suggestion(metric, METRICS)}"
    wanted = [f"{metric} {phase}" for phase in KINDS[kind].phases] if METRICS[metric].task == 3 else [metric]
    if name not in wanted:
        return f"expected {' or '.join(wanted)}"
    return "" if metric in KINDS[kind].metrics else f"but {kind} is about {' or '.join(KINDS[kind].metrics)}"


def _listed(entry: Mapping, key: str) -> Sequence[str]:
    """The names that a key holds: several, one, or none."""
    value = entry.get(key, [])
    return [value] if isinstance(value, str) else value
