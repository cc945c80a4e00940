from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar as theirs

from deepcovid.evaluation.paired import auc_difference, mcnemar


def scores(seed: int, *, gain: float, films: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    positive = np.arange(films) % 4 == 0
    common = rng.normal(size=films) + positive
    return positive, common + gain * positive + 0.3 * rng.normal(size=films), common + 0.3 * rng.normal(size=films)


def test_the_difference_is_that_of_scikit_learns_areas() -> None:
    positive, first, second = scores(0, gain=0.5)
    found = auc_difference(positive, first=first, second=second)
    assert found.value == pytest.approx(roc_auc_score(positive, first) - roc_auc_score(positive, second), abs=1e-12)
    assert found.low < found.value < found.high


def test_a_detector_against_itself_differs_by_nothing() -> None:
    positive, first, _ = scores(1, gain=0)
    found = auc_difference(positive, first=first, second=first)
    assert (found.low, found.value, found.high) == (0, 0, 0)


def test_what_both_have_in_common_cancels() -> None:
    """The paired interval is narrower than the two AUCs' own would allow."""
    positive, first, second = scores(2, gain=0.1)
    paired = auc_difference(positive, first=first, second=second)
    unrelated = auc_difference(positive, first=first, second=scores(3, gain=0.1)[2])
    assert paired.high - paired.low < 0.7 * (unrelated.high - unrelated.low)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    held = 0
    for seed in range(100):
        positive, first, second = scores(seed, gain=0)
        found = auc_difference(positive, first=first, second=second, draws=400)
        held += found.low <= 0 <= found.high
    assert 88 <= held <= 100


def test_films_of_one_patient_are_drawn_together() -> None:
    positive, first, second = scores(4, gain=0.3, films=60)
    five = [np.repeat(values, 5) for values in (positive, first, second)]
    once = auc_difference(positive, first=first, second=second)
    copied = auc_difference(five[0], first=five[1], second=five[2], cluster=np.repeat(np.arange(60), 5))
    assert copied.unit == "patient"
    assert copied.n == 60
    assert copied.high - copied.low == pytest.approx(once.high - once.low, rel=0.15)


@pytest.mark.parametrize("seed", range(5))
def test_mcnemar_is_statsmodels_exact_test(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, first, second = (rng.random(80) < share for share in (0.4, 0.5, 0.3))
    table = np.zeros((2, 2))
    for a, b in zip(first == truth, second == truth, strict=True):
        table[int(not a), int(not b)] += 1
    ours = mcnemar(truth, first=first, second=second)
    assert ours.p == pytest.approx(theirs(table, exact=True).pvalue, abs=1e-12)
    assert (ours.only_first, ours.only_second) == (table[0, 1], table[1, 0])


def test_equal_calls_differ_by_nothing() -> None:
    truth = np.array([True, False])
    assert mcnemar(truth, first=truth, second=truth).p == 1.0
