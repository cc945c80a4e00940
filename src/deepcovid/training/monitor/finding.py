"""What the monitor says of a training: what it saw, since when, with which numbers, why it may be so, what to try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deepcovid.errors import RunError


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One symptom of a training.

    Attributes:
        name: of the symptom, as registered.
        since: the first epoch (from 1) that shows it.
        evidence: what was seen, a sentence with its numbers.
        causes: what may be behind it, the likeliest first.
        tries: what to try, in this order.
        figures: the numbers of the evidence, in JSON's types.
    """

    name: str
    since: int
    evidence: str
    causes: tuple[str, ...]
    tries: tuple[str, ...]
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The finding in one line, for a terminal."""
        return f"{self.evidence} Likely: {self.causes[0]}. Try: {self.tries[0]}."

    def to_dict(self) -> dict[str, Any]:
        """The finding in JSON's types."""
        return {
            "name": self.name,
            "since": self.since,
            "evidence": self.evidence,
            "causes": list(self.causes),
            "tries": list(self.tries),
            "figures": dict(self.figures),
        }


def finding_from(values: Mapping[str, Any]) -> Finding:
    """A finding from what `to_dict` gave."""
    return Finding(**{**values, "causes": tuple(values["causes"]), "tries": tuple(values["tries"])})


class TrainingFailed(RunError):
    """A training that cannot go on; `findings` says what was seen until then."""

    def __init__(self, problem: str, *, mend: str, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(problem, mend=mend)
