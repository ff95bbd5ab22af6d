"""The account of a preparation: how many traces went in and out, and which were dropped or mended, by reason."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pickbench.data.raw import RawFile
from pickbench.data.reasons import in_words

EXAMPLES = 5


@dataclass
class Account:
    """What became of the traces, by the reasons of `pickbench.data.reasons`.

    Attributes
    ----------
    traces_in, traces_out
        Number of traces read and written.
    names
        Part, chunk and raw name of each dropped trace, by reason: published windows need to tell a dropped trace
        from one that never was there.
    mended
        Number of traces used after a change, by reason.
    examples
        Up to five raw names for each reason.
    """

    traces_in: int = 0
    traces_out: int = 0
    names: dict[str, list[list[str]]] = field(default_factory=lambda: defaultdict(list))
    mended: Counter = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def drop(self, reason: str, file: RawFile, names: Sequence[str]) -> None:
        """Count traces that are left out, and keep their identity."""
        if len(names):
            self.names[reason] += [[file.part, file.chunk, name] for name in names]
            self._exemplify(reason, names)

    def mend(self, reason: str, names: Sequence[str]) -> None:
        """Count traces that are used after a change."""
        if len(names):
            self.mended[reason] += len(names)
            self._exemplify(reason, names)

    def _exemplify(self, reason: str, names: Sequence[str]) -> None:
        # A reason that has no words would reach the report as it is.
        if in_words(reason) == reason:
            raise ValueError(f"{reason!r} is no reason to leave out or to mend a trace; pickbench.data.reasons has all")
        self.examples[reason] += list(names[: EXAMPLES - len(self.examples[reason])])

    def summary(self) -> dict:
        """Give the content of dropped.json."""
        return {
            "traces_in": self.traces_in,
            "traces_out": self.traces_out,
            "dropped": {reason: len(names) for reason, names in self.names.items()},
            "mended": dict(self.mended),
            "examples": dict(self.examples),
            "names": dict(self.names),
        }


def total(summaries: Iterable[dict]) -> dict:
    """Add up the accounts of a dataset's chunks."""
    account = Account()
    for summary in summaries:
        account.traces_in += summary["traces_in"]
        account.traces_out += summary["traces_out"]
        account.mended.update(summary["mended"])
        for reason, names in summary["names"].items():
            account.names[reason] += names
        for reason, names in summary["examples"].items():
            account._exemplify(reason, names)
    return account.summary()
