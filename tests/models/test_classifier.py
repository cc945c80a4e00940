"""Of which films a detector would not say: what its conformal rule says of them, class by class."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from deepcovid.evaluation.conformal import Conformal
from deepcovid.models.classifier import DetectorClassifier


def _classifier(rule: Conformal | None, *, positive_index: int = 1) -> DetectorClassifier:
    detector: Any = SimpleNamespace(description=SimpleNamespace(conformal=rule), positive_index=positive_index)
    return DetectorClassifier(detector)


@pytest.mark.parametrize("place", [0, 1])
def test_both_classes_or_neither_are_undecided(place: int) -> None:
    score = np.array([0.05, 0.35, 0.55, 0.8])
    positive, negative = 0.3, 0.4  # the negative stands in a set up to a score of 0.6
    lowest = (negative, positive) if place == 1 else (positive, negative)
    overlapping = _classifier(Conformal(alpha=0.1, lowest=lowest, patients=(30, 30)), positive_index=place)
    assert np.array_equal(overlapping.undecided(score), [False, True, True, False])
    apart = tuple(0.9 for _ in lowest)
    neither = _classifier(Conformal(alpha=0.1, lowest=apart, patients=(30, 30)), positive_index=place)
    assert np.array_equal(neither.undecided(score), [False, True, True, True])


def test_without_a_rule_or_with_more_classes_it_always_says() -> None:
    three = Conformal(alpha=0.1, lowest=(0.1, 0.1, 0.1), patients=(30, 30, 30))
    assert _classifier(None).undecided(np.array([0.5])) is None
    assert _classifier(three).undecided(np.array([0.5])) is None
