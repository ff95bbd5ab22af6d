"""The grid of a run: which candidates are trained, which pickers they give, and which cells are evaluated.

Everything follows from what datasets and models declare about themselves (tasks, phases); there is no list of
exceptions. An *answer* is one column of a prediction file, and each answer of a picker may come from other weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pickbench.config import PUBLISHED_PREFIX, Project
from pickbench.errors import InputError
from pickbench.metrics.registry import ANSWERS, Answer, phases_to_learn
from pickbench.models import check_adapter
from pickbench.protocol import TASK_FILES

NO_LEARNING_RATE = "0"


def columns_of(windows_file: str, columns: Sequence[str]) -> list[str]:
    """Those of the answer columns that a windows file (task1, task23) asks for."""
    return [column for column in columns if ANSWERS[column].file == windows_file]


def all_answers(model: Mapping) -> list[Answer]:
    """Every answer that a model can have, by the tasks and phases in its settings."""
    return _answers(set(model["tasks"]), set(model["phases"]))


def _answers(tasks: set[int], phases: set[str]) -> list[Answer]:
    return [a for a in ANSWERS.values() if a.task in tasks and phases_to_learn(a) <= phases]


def learning_rate_id(learning_rate: float) -> str:
    """How a learning rate is written in a path: 0.001, 1e-05."""
    return f"{learning_rate:g}"


@dataclass(frozen=True)
class Grid:
    """All combinations that a project asks for.

    Parameters
    ----------
    project
        The checked configuration.

    Raises
    ------
    InputError
        When two learning rates would share a path, a model's adapter does not exist, no model has anything to answer,
        or no model learns from a source.
    """

    project: Project

    def __post_init__(self):
        for model, settings in self.project.models.items():
            check_adapter(settings)
            ids = self.learning_rates(model)
            for name in ids:
                if ids.count(name) > 1:
                    own = self.project.config["model_options"].get(model, {}).get("learning_rates")
                    where = self.project.key(*(["model_options", model] if own else []), "learning_rates")
                    raise InputError(f"{where}: two of them are {name} to six digits")
        if not any(self.targets_of(model) for model in self.models):
            raise InputError(f"{self.project.key('models')}: no dataset to evaluate on has a task of any of them")
        for source in self.project.config["sources"]:
            if not any(self.answers(model, source) for model in self.models):
                raise InputError(f"{self.project.key('sources')}: no model of this run learned anything from {source}")
        if not self.pickers():
            raise InputError(f"{self.project.key('models')}: none of them can learn anything from a source of this run")

    @property
    def models(self) -> list[str]:
        """Ids of the models."""
        return list(self.project.models)

    @property
    def sources(self) -> list[str]:
        """Ids of the sources."""
        return self.project.sources

    @property
    def targets(self) -> list[str]:
        """Ids of the targets."""
        return self.project.targets

    def unused(self) -> list[str]:
        """What the configuration names and this run does not use, a line each; it may be there for another run."""
        lines = [
            f"{self.project.key('models')}: {model} is left out, since no {lacking}"
            for model in self.models
            if (lacking := self._lacking(model))
        ]
        for source, weights_of in self.project.published.items():
            path = "published", source.removeprefix(PUBLISHED_PREFIX)
            if source not in self.sources:
                lines.append(f"{self.project.key(*path)} is not used: {source} is not among `sources`")
                continue
            for model in weights_of:
                if model not in self.models:
                    lines.append(f"{self.project.key(*path, model)} is not used: {model} is not among `models`")
        return lines

    def _lacking(self, model: str) -> str:
        """What a model would need to have a place in this run; empty if it has one."""
        if not self.targets_of(model):
            return "dataset to evaluate on has a task of it"
        return "" if self.sources_of(model) else "source can teach it anything or has weights of it"

    def learning_rates(self, model: str) -> list[str]:
        """Learning rates of a model, as written in paths."""
        if self.project.models[model]["learns_from"] != "traces":
            return [NO_LEARNING_RATE]
        config = self.project.config
        own = config["model_options"].get(model, {}).get("learning_rates")
        return [learning_rate_id(rate) for rate in own or config["learning_rates"]]

    def pickers(self) -> list[tuple[str, str, int]]:
        """(model, source, seed) of every picker; published weights have one, under the first seed."""
        seeds = self.project.config["seeds"]
        return [
            (model, source, seed)
            for model in self.models
            for source in self.sources_of(model)
            for seed in (seeds[:1] if source in self.project.published else seeds)
        ]

    def trained_pickers(self) -> list[tuple[str, str, int]]:
        """(model, source, seed) of every picker whose learning rate is selected here."""
        return [
            (model, source, seed)
            for model, source, seed in self.pickers()
            if source not in self.project.published and self.learning_rates(model) != [NO_LEARNING_RATE]
        ]

    def learning_pickers(self) -> list[tuple[str, str, int]]:
        """(model, source, seed) of every picker that learns anything here, controls left out."""
        return [
            (model, source, seed)
            for model, source, seed in self.pickers()
            if source not in self.project.published and self.project.models[model]["learns_from"] != "nothing"
        ]

    def sources_of(self, model: str) -> list[str]:
        """The sources from which a model can learn, or has published weights for, any of its answers.

        There are none for a model that has nothing to answer.
        """
        if not self.targets_of(model):
            return []
        return [source for source in self.sources if self.answers(model, source)]

    def answers(self, model: str, source: str) -> list[Answer]:
        """The answers that a model can have learned from a source; published weights give all of the model's."""
        settings = self.project.models[model]
        if source in self.project.published:
            return all_answers(settings) if model in self.project.published[source] else []
        dataset, tasks = self.project.datasets[source], set(settings["tasks"])
        # Traces can teach what the source itself cannot be asked; windows it has for its own tasks only.
        if settings["learns_from"] == "windows":
            tasks &= set(dataset["tasks"])
        return _answers(tasks, set(settings["phases"]) & set(dataset["phases"]))

    def task_files(self, model: str, dataset: str) -> list[str]:
        """The window files (task1, task23) of a dataset that a model answers."""
        common = set(self.project.models[model]["tasks"]) & set(self.project.datasets[dataset]["tasks"])
        return [name for name, tasks in TASK_FILES.items() if common & set(tasks)]

    def targets_of(self, model: str) -> list[str]:
        """The targets for which a model has any prediction to make."""
        return [target for target in self.targets if self.task_files(model, target)]
