"""Rules that choose a threshold: a sensitivity to reach, Youden's index, what a missed case costs, net benefit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from deepcovid.errors import ScoresError
from deepcovid.evaluation.metrics import rates
from deepcovid.evaluation.thresholds import at_sensitivity, youden

RuleName = Literal["sensitivity", "youden", "cost", "net-benefit"]
_ALLOWED = (
    "sensitivity=0.975, youden, cost=20 (a missed case is as bad as 20 false alarms), or net-benefit=0.05 (one would act "
    "from a probability of 5 % on); the last two also at a prevalence, as cost=20@0.01"
)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How a threshold is chosen.

    Attributes:
        name: "sensitivity" (the highest threshold that reaches it), "youden" (largest sensitivity + specificity − 1), "cost"
            (least cost of misses and false alarms), "net-benefit" (largest net benefit at a threshold probability).
        value: the sensitivity, the cost of a miss in false alarms, or the threshold probability; None for "youden".
        prevalence: of "cost" and "net-benefit": the share of positives where calls will be made; None: that of the films
            that the rule looks at.
    """

    name: RuleName
    value: float | None = None
    prevalence: float | None = None

    def __post_init__(self) -> None:
        if not self._fits():
            raise ScoresError(f"there is no rule {self.text!r}", mend=f"give {_ALLOWED}")

    def _fits(self) -> bool:
        if self.prevalence is not None and (self.name not in ("cost", "net-benefit") or not 0 < self.prevalence < 1):
            return False
        if self.name == "youden":
            return self.value is None
        if self.value is None:
            return False
        limit = {"sensitivity": 1.0, "net-benefit": 1.0}.get(self.name, np.inf)
        return 0 < self.value < limit or (self.name == "sensitivity" and self.value == 1)

    @property
    def text(self) -> str:
        """As it is written on a command line."""
        value = "" if self.value is None else f"={self.value:g}"
        return f"{self.name}{value}" + ("" if self.prevalence is None else f"@{self.prevalence:g}")

    @property
    def title(self) -> str:
        """What a reader calls the operating point."""
        where = "" if self.prevalence is None else f" where {100 * self.prevalence:g} in 100 are positive"
        if self.name == "youden":
            return "Youden's index"
        if self.name == "sensitivity":
            return f"sensitivity ≥ {100 * (self.value or 0):g} %"
        if self.name == "cost":
            return f"a miss costs {self.value:g} false alarms{where}"
        return f"net benefit at {100 * (self.value or 0):g} %{where}"

    @property
    def cost(self) -> float:
        """False alarms that a missed case is worth: (1 − t)/t of a threshold probability t."""
        value = self.value or 1.0
        return (1 - value) / value if self.name == "net-benefit" else value


def parse_rule(text: str) -> Rule:
    """A rule as it is written on a command line: "sensitivity=0.975", "youden", "cost=20", "net-benefit=0.05@0.01".

    Raises:
        ScoresError: no such rule.
    """
    wanted, _, prevalence = text.strip().partition("@")
    name, _, value = wanted.partition("=")
    try:
        numbers = [float(part) if part else None for part in (value, prevalence)]
    except ValueError:
        numbers = []
    if name not in get_args(RuleName) or not numbers:
        raise ScoresError(f"there is no rule {text!r}", mend=f"give {_ALLOWED}")
    return Rule(name=name, value=numbers[0], prevalence=numbers[1])  # type: ignore[arg-type]


def choose_threshold(rule: Rule, *, positive: np.ndarray, score: np.ndarray) -> float:
    """The threshold by `rule` on films bool (N,) with scores float (N,): one of the scores; of equally good ones the highest.

    Raises:
        ScoresError: the rule weighs false alarms and there is no negative film.
    """
    if rule.name == "sensitivity":
        return at_sensitivity(positive, score=score, target=rule.value or 0.0)
    if positive.all():
        raise ScoresError(
            f"the rule {rule.text!r} weighs false alarms, and all films that it looks at are positive",
            mend="give the validation split films of other classes, or leave the rule out",
        )
    if rule.name == "youden":
        return youden(positive, score=score)
    candidates = np.unique(score)
    loss = expected_cost(rule, positive=positive, score=score, thresholds=candidates)
    return float(candidates[np.flatnonzero(loss <= loss.min() + 1e-12)[-1]])


def expected_cost(rule: Rule, *, positive: np.ndarray, score: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """What misses and false alarms cost, a person, in false alarms, at thresholds (T,): cost·(1 − se)·π + (1 − sp)·(1 − π).

    Minimising it and maximising the net benefit is the same, with cost = (1 − t)/t.
    """
    share = float(np.mean(positive)) if rule.prevalence is None else rule.prevalence
    sensitivity, specificity = rates(positive, score=score, thresholds=thresholds)
    loss: np.ndarray = rule.cost * (1 - sensitivity) * share + (1 - specificity) * (1 - share)
    return loss


def simple_strategy(rule: Rule, *, positive: np.ndarray, score: np.ndarray, threshold: float) -> str | None:
    """The word "nobody" or "everybody" where, by the rule's own costs, calling them is at least as good as the threshold.

    Only of "cost" and "net-benefit"; None where the threshold is better than both.
    """
    if rule.name not in ("cost", "net-benefit"):
        return None
    share = float(np.mean(positive)) if rule.prevalence is None else rule.prevalence
    [chosen] = expected_cost(rule, positive=positive, score=score, thresholds=np.array([threshold]))
    if rule.cost * share <= chosen + 1e-12:
        return "nobody"
    return "everybody" if 1 - share <= chosen + 1e-12 else None
