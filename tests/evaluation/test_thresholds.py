"""Threshold rules and the papers' table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from deepcovid.errors import ScoresError
from deepcovid.evaluation.metrics import confusion
from deepcovid.evaluation.thresholds import at_sensitivity, threshold_table, with_room, youden


@given(
    st.lists(st.integers(0, 30).map(lambda v: v / 30), min_size=1, max_size=80),
    st.floats(0.01, 1.0),
)
def test_highest_threshold_that_reaches_the_target(values: list[float], target: float) -> None:
    positive, score = np.ones(len(values), dtype=bool), np.array(values)
    threshold = at_sensitivity(positive, score=score, target=target)
    reached = [t for t in np.append(np.unique(score), 1.1) if (score >= t).mean() >= target - 1e-9]
    assert threshold == max(reached)


def test_thirty_nine_of_forty_is_97_5_per_cent() -> None:
    score = np.linspace(0.5, 0.99, 40)
    assert at_sensitivity(np.ones(40, dtype=bool), score=score, target=0.975) == score[1]


@pytest.mark.parametrize("target", [0.0, -0.1, 97.5])
def test_target_is_a_fraction(target: float) -> None:
    with pytest.raises(ScoresError, match=r"target sensitivity is .*give 0.975 for 97.5 %"):
        at_sensitivity(np.array([True]), score=np.array([0.5]), target=target)


def test_youden_is_the_best_corner_of_the_roc() -> None:
    rng = np.random.default_rng(0)
    positive = rng.random(300) < 0.3
    score = np.round(np.clip(rng.normal(0.4 + 0.2 * positive, 0.2), 0, 1), 2)
    counts = confusion(positive, score=score, threshold=youden(positive, score=score))
    fpr, tpr, _ = roc_curve(positive, score)
    assert counts.sensitivity + counts.specificity - 1 == pytest.approx(np.max(tpr - fpr))


def test_table_of_given_thresholds() -> None:
    positive = np.arange(3040) < 40
    score = np.where(positive, 0.9, 0.05)
    score[0] = 0.05  # 39 of 40
    score[40:325] = 0.9  # 2,715 of 3,000
    rows = threshold_table(positive, score=score, thresholds=[0.8, 0.11])
    assert [row["threshold"] for row in rows] == [0.11, 0.8]
    assert (rows[0]["sensitivity"], rows[0]["specificity"]) == (0.975, 0.905)
    assert 100 * rows[0]["sensitivity_halfwidth"] == pytest.approx(4.84, abs=5e-3)
    assert 100 * rows[0]["specificity_halfwidth"] == pytest.approx(1.05, abs=5e-3)


def test_table_as_in_the_paper() -> None:
    rng = np.random.default_rng(0)
    positive = np.arange(1040) < 40
    score = rng.beta(np.where(positive, 5, 1), np.where(positive, 2, 6))
    rows = threshold_table(positive, score=score)
    chosen = {row["chosen_for"]: row["sensitivity"] for row in rows if row["chosen_for"]}
    for target in (100, 97.5, 95, 92.5, 90, 87.5):
        assert chosen[f"sensitivity ≥ {target:g} %"] == pytest.approx(target / 100)
    assert {0.1, 0.5, 0.9} <= {row["threshold"] for row in rows}
    assert np.all(np.diff([row["sensitivity"] for row in rows]) <= 0)


def test_room_below_a_threshold_changes_no_call() -> None:
    score = np.array([0.1, 0.4, 0.4, 0.8, 0.9])
    assert with_room(0.8, score=score) == pytest.approx(0.7999)
    assert with_room(0.00001, score=np.array([0.00001])) == pytest.approx(0.000005)
    close = np.array([0.79996, 0.8])
    for scores in (score, close):
        np.testing.assert_array_equal(scores >= with_room(0.8, score=scores), scores >= 0.8)
