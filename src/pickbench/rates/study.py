"""Which pickers are applied to which targets at which rates: the configuration's `rate_study`, checked."""

from collections.abc import Sequence
from dataclasses import dataclass

from pickbench.errors import InputError
from pickbench.grid import Grid
from pickbench.messages import suggestion
from pickbench.protocol import RATE_HZ


def rate_id(rate_hz: float) -> str:
    """How a rate is written in a path and in a figure: 20, 33.3."""
    return f"{rate_hz:g}"


def cell_name(target: str, rate_hz: float) -> str:
    """Folder of a target at a rate, within a picker's."""
    return f"{target}/{rate_id(rate_hz)}hz"


@dataclass(frozen=True)
class RateStudy:
    """The pickers, targets and rates of the study; without `models` there are none.

    Parameters
    ----------
    grid
        The grid of the run, of which the study is a part.

    Raises
    ------
    InputError
        When it has sources or targets and no models, an id is not one of the run's, no picker or no target comes of
        them, or there is no rate to compare with.
    """

    grid: Grid

    def __post_init__(self):
        if not self.models:
            for key in ("sources", "targets"):
                if self._asked[key]:
                    what = f"{self._key(key)} is {self._asked[key]}, but there is no study without 'rate_study.models'"
                    raise InputError(f"{what}; name models there, or leave it out")
            return
        run = {"models": self.grid.models, "sources": self.grid.sources, "targets": self.grid.targets}
        for key, known in run.items():
            for name in self._asked[key]:
                if name not in known:
                    hint = suggestion(name, known)
                    raise InputError(f"{self._key(key)}: '{name}' is not among the run's {key}{hint}")
        names = [rate_id(rate) for rate in self._asked["rates_hz"]]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"{self._key('rates_hz')}: two of them are {name} to six digits")
        if not self.other_rates_hz:
            raise InputError(f"{self._key('rates_hz')}: no other rate than the {rate_id(RATE_HZ)} Hz of the data")
        for model in self.models:
            if not self.targets_of(model):
                raise InputError(f"{self._key('models')}: no target of the study has a task of {model}")
            if not self._sources_of(model):
                raise InputError(f"{self._key('models')}: {model} learned nothing from any source of the study")

    @property
    def models(self) -> list[str]:
        """Ids of the models; empty when the study is off."""
        return self._asked["models"]

    @property
    def sources(self) -> list[str]:
        """Ids of the sources; those of the run when none are named."""
        return self._asked["sources"] or self.grid.sources

    @property
    def targets(self) -> list[str]:
        """Ids of the targets; those of the run when none are named."""
        return self._asked["targets"] or self.grid.targets

    @property
    def other_rates_hz(self) -> list[float]:
        """The rates to resample to, from the lowest: all but that of the data, which is always compared with."""
        return sorted(float(rate) for rate in self._asked["rates_hz"] if rate_id(rate) != rate_id(RATE_HZ))

    def pickers(self) -> list[tuple[str, str, int]]:
        """(model, source, seed) of every picker of the study."""
        asked = [(model, source) for model in self.models for source in self._sources_of(model)]
        return [picker for picker in self.grid.pickers() if picker[:2] in asked]

    def targets_of(self, model: str) -> list[str]:
        """The targets of the study for which a model has any prediction to make."""
        return [target for target in self.grid.targets_of(model) if target in self.targets]

    def _sources_of(self, model: str) -> Sequence[str]:
        return [source for source in self.grid.sources_of(model) if source in self.sources]

    @property
    def _asked(self) -> dict:
        return self.grid.project.config["rate_study"]

    def _key(self, key: str) -> str:
        return self.grid.project.key("rate_study", key)
