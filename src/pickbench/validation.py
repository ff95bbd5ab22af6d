"""Looking over what a run is given, before it is run: the faults of models, data and published weights in one list.

Nothing is trained or simulated, and the only downloads are weights that go by a name in SeisBench's repository. What a
run would stop at is a fault; what it would leave out, and what could not be looked at, is a remark. A file that cannot
be read hides further faults in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from pickbench.adoption import adopt
from pickbench.data.fetch import check_class, fetch
from pickbench.data.prepare import look_over
from pickbench.errors import InputError, SettingError
from pickbench.models import load_adapter


@dataclass
class Findings:
    """What there is to say, one line each.

    Attributes
    ----------
    faults
        What a run would stop at.
    remarks
        What it would leave out, and what could not be looked at.
    """

    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @contextmanager
    def kept(self, model_options: Mapping | None = None) -> Iterator[None]:
        """Look at something in the block, and keep the fault that it has."""
        try:
            yield
        except SettingError as error:
            self.faults.append(str(error.traced(model_options or {})))
        except InputError as error:
            self.faults.append(str(error))


def validate(
    models: Mapping[str, dict], datasets: Mapping[str, dict], published: Sequence[dict], model_options: Mapping
) -> Findings:
    """Look over models, datasets and published weights.

    Parameters
    ----------
    models
        Settings by model.
    datasets
        By dataset its `source` and `arrival_columns`, as in its file.
    published
        For each pair of published source and model: the `model`, the `weights` (a name, or a pair of files), and the
        `columns` that it answers.
    model_options
        Those of the configuration: what to blame for a setting that stands there.

    Returns
    -------
    Findings
        Everything, in this order.
    """
    findings, fine = Findings(), set()
    for name, settings in models.items():
        with findings.kept(model_options):
            load_adapter(settings)
            fine.add(name)
    for name, about in datasets.items():
        with findings.kept():
            _look_at_dataset(name, about, findings)
    for picker in published:
        if picker["model"] in fine:
            with findings.kept():
                _look_at_weights(models[picker["model"]], picker["weights"], picker["columns"])
    return findings


def _look_at_dataset(name: str, about: Mapping, findings: Findings) -> None:
    source = about["source"]
    if "simulate" in source:
        return
    if "seisbench" in source:
        check_class(name, source["seisbench"])
        findings.remarks.append(f"{name}: data of SeisBench are not looked into before they are fetched")
        return
    with TemporaryDirectory() as folder:
        manifest = Path(folder) / "raw.json"
        fetch(name, source, manifest)
        summary, faults = look_over(manifest, about["arrival_columns"])
    findings.faults += faults
    counts = ", ".join(f"{count} {reason}" for reason, count in summary["dropped"].items()) or "none"
    total, left = summary["traces_in"], summary["traces_out"]
    if not left and not faults:
        raise InputError(f"{source['path']}: none of its {total} traces can be used; left out: {counts}")
    findings.remarks.append(f"{name}: {left} of {total} traces can be used as far as metadata tell; left out: {counts}")


def _look_at_weights(model: dict, weights: str | dict, columns: Sequence[str]) -> None:
    with TemporaryDirectory() as folder:
        adopt(model, weights, columns, 0, Path(folder) / "weights.npz", Path(folder) / "selected.json")
