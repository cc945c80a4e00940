"""One verdict a film: a set that is no single class, or not the class that is called, is never called anything."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from deepcovid.evaluation.conformal import Conformal
from deepcovid.runs.verdict import call_in_words, could_be, undecided_in_words, verdict


def told(*lowest: float, threshold: float = 0.5, classes: tuple[str, ...] = ("not covid", "covid")) -> Any:
    """A detector as far as words need it."""
    rule = Conformal(alpha=0.1, lowest=lowest, patients=(30,) * len(lowest)) if lowest else None
    description = SimpleNamespace(conformal=rule, classes=classes, positive="covid", activation="softmax")
    point = SimpleNamespace(name="youden", threshold=threshold, chosen_on="validation", note="")
    return SimpleNamespace(description=description, operating_point=point, positive_index=classes.index("covid"))


@pytest.mark.parametrize(
    ("lowest", "threshold", "score", "said", "why"),
    [
        ((), 0.5, 0.6, "called covid", ""),
        ((), 0.5, 0.4, "not called covid", ""),
        ((0.4, 0.3), 0.5, 0.9, "called covid", ""),
        ((0.4, 0.3), 0.5, 0.1, "not called covid", ""),
        ((0.4, 0.3), 0.5, 0.55, "cannot tell", "cannot tell: it could be not covid or covid (sets made so lack"),
        ((0.4, 0.3), 0.5, 0.45, "cannot tell", "cannot tell: it could be not covid or covid"),
        ((0.4, 0.7), 0.5, 0.65, "unlike both", "unlike not covid and covid alike"),
        ((0.4, 0.3), 0.1, 0.2, "cannot tell", "it is called covid, and by its set it could be not covid alone"),
        ((0.4, 0.3), 0.95, 0.9, "cannot tell", "it is not called covid, and by its set it could be covid alone"),
    ],
)
def test_the_verdict_of_two_classes(
    lowest: tuple[float, ...], threshold: float, score: float, said: str, why: str
) -> None:
    detector, probabilities = told(*lowest, threshold=threshold), np.array([1 - score, score])
    assert verdict(detector, probabilities) == said
    assert why in undecided_in_words(detector, probabilities)
    assert bool(undecided_in_words(detector, probabilities)) == bool(why)
    assert call_in_words(detector, score).startswith("called" if score >= threshold else "not called")


@pytest.mark.parametrize(
    ("probabilities", "held", "said"),
    [
        ((0.8, 0.15, 0.05), ("normal",), "not called covid"),
        ((0.45, 0.45, 0.1), ("normal", "other"), "cannot tell"),
        ((0.1, 0.1, 0.8), ("covid",), "called covid"),
        ((0.3, 0.3, 0.4), (), "unlike all"),
    ],
)
def test_the_verdict_of_three_classes(probabilities: tuple[float, ...], held: tuple[str, ...], said: str) -> None:
    detector, values = told(0.4, 0.4, 0.5, classes=("normal", "other", "covid")), np.array(probabilities)
    assert could_be(detector, values) == held
    assert verdict(detector, values) == said
