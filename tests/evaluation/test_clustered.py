"""Figures of films, some of one patient: Wilson's and Newcombe's where none is, else as wide as a patient bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import norm

from deepcovid.evaluation.bootstrap import bootstrap
from deepcovid.evaluation.clustered import clustered_auc, clustered_share, difference, p_of_difference
from deepcovid.evaluation.intervals import wilson
from deepcovid.evaluation.newcombe import newcombe_interval


def drawn(
    rng: np.random.Generator, *, positives: int, negatives: int, films: int, shift: float, alike: float = 0.67
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, score and patient; a patient's scores share the part `alike` of their variance."""
    patient = np.repeat(np.arange(positives + negatives), films)
    own, common = rng.normal(size=len(patient)), rng.normal(size=positives + negatives)[patient]
    positive = patient < positives
    return positive, np.sqrt(alike) * common + np.sqrt(1 - alike) * own + shift * positive, patient


def test_of_films_of_separate_patients_they_are_wilsons_and_newcombes() -> None:
    positive, score, patient = drawn(np.random.default_rng(0), positives=30, negatives=50, films=1, shift=1.0)
    share = clustered_share(score[positive] > 0.8, patient=patient[positive], patients=80)
    count = int(np.count_nonzero(score[positive] > 0.8))
    assert share.interval.to_dict() == wilson(count, n=30, unit="patient").to_dict()
    area = clustered_auc(positive, score=score, patient=patient, patients=80, known=False).interval
    expected = newcombe_interval(area.value or 0.0, n_positive=30, n_negative=50, n=80)
    assert (area.low, area.high, area.n, area.unit) == (expected.low, expected.high, 80, "image")


def test_equal_films_of_a_patient_count_once() -> None:
    positive, score, patient = drawn(np.random.default_rng(1), positives=40, negatives=60, films=1, shift=1.2)
    once = clustered_auc(positive, score=score, patient=patient, patients=100).interval
    four = clustered_auc(*(np.repeat(x, 4) for x in (positive,)), score=np.repeat(score, 4), patient=np.repeat(patient, 4),
                         patients=100).interval  # fmt: skip
    assert four.high - four.low == pytest.approx(once.high - once.low, rel=0.05)
    assert four.high - four.low > once.high - once.low  # Student's quantile, and C/(C − 1)
    assert (four.value, four.n) == (pytest.approx(once.value), 100)


def test_the_influences_spread_is_a_cluster_robust_regressions() -> None:
    """statsmodels' intercept of the calls, with errors over patients."""
    positive, score, patient = drawn(np.random.default_rng(2), positives=50, negatives=1, films=3, shift=0.0)
    right = (score > 0.3)[positive]
    share = clustered_share(right, patient=patient[positive], patients=51)
    fit = sm.OLS(right.astype(float), np.ones(len(right))).fit(
        cov_type="cluster", cov_kwds={"groups": patient[positive], "use_correction": False}
    )
    assert share.value == pytest.approx(fit.params[0])
    assert float(share.influence @ share.influence) == pytest.approx(fit.cov_params()[0, 0], rel=1e-9)


def test_the_influences_spread_is_the_patient_bootstraps() -> None:
    positive, score, patient = drawn(np.random.default_rng(3), positives=80, negatives=150, films=3, shift=1.2)
    area = clustered_auc(positive, score=score, patient=patient, patients=230)
    draws = bootstrap(positive, score=score, cluster=patient, draws=3000)
    assert np.sqrt(area.influence @ area.influence) == pytest.approx(draws.auc.std(), rel=0.06)


@pytest.mark.parametrize(
    ("positives", "negatives", "films", "shift"), [(40, 100, 1, 1.5), (40, 100, 3, 1.5), (20, 60, 3, 2.5)]
)
def test_intervals_hold_the_truth_and_differences_of_parts_hold_zero(
    positives: int, negatives: int, films: int, shift: float
) -> None:
    rng, repeats, patients = np.random.default_rng(4), 200, positives + negatives
    truth, called = norm.cdf(shift / np.sqrt(2)), norm.cdf(shift - 0.8)
    held = np.zeros(4)
    for _ in range(repeats):
        positive, score, patient = drawn(rng, positives=positives, negatives=negatives, films=films, shift=shift)
        inside = rng.random(len(positive)) < 0.4  # as views are: a patient may have films in both
        area = clustered_auc(positive, score=score, patient=patient, patients=patients).interval
        areas = [
            clustered_auc(positive[rows], score=score[rows], patient=patient[rows], patients=patients)
            for rows in (inside, ~inside)
        ]
        whole, *shares = (
            clustered_share(score[rows] >= 0.8, patient=patient[rows], patients=patients)
            for rows in (positive, positive & inside, positive & ~inside)
        )
        gaps = [difference(one, other=other, n=patients) for one, other in (areas, shares)]
        held += [
            area.low <= truth <= area.high,
            whole.interval.low <= called <= whole.interval.high,
            *(gap.low <= 0 <= gap.high for gap in gaps),
        ]
    assert np.all(held / repeats >= 0.9), held / repeats
    assert np.all(held / repeats <= 0.995), held / repeats


def test_films_of_the_same_patients_in_both_parts_narrow_the_difference() -> None:
    rng = np.random.default_rng(5)
    positive, score, patient = drawn(rng, positives=60, negatives=1, films=4, shift=0.5, alike=0.95)
    right, patient = (score > 0.3)[positive], patient[positive]
    even = np.arange(len(right)) % 2 == 0
    one, other = (clustered_share(right[rows], patient=patient[rows], patients=61) for rows in (even, ~even))
    together = difference(one, other=other, n=60)
    apart = difference(one, other=type(other)(other.interval, np.roll(other.influence, 7)), n=60)
    assert together.high - together.low < 0.6 * (apart.high - apart.low)


def test_p_is_below_a_twentieth_where_zero_is_outside() -> None:
    rng = np.random.default_rng(6)
    for gap in np.linspace(0, 0.4, 30):
        one, other = (clustered_share(rng.random(60) < p, patient=np.arange(60), patients=60) for p in (0.5 + gap, 0.5))
        found = difference(one, other=other, n=120)
        assert (p_of_difference(found) < 0.05) == (found.low > 0 or found.high < 0)
        assert 0 <= p_of_difference(found) <= 1


def test_perfect_films_are_not_certain() -> None:
    patient = np.repeat(np.arange(8), 3)
    share = clustered_share(np.ones(24, dtype=bool), patient=patient, patients=8).interval
    assert share.high == 1
    assert share.low < wilson(8, n=8).low + 1e-9  # eight patients, not 24 films


@pytest.mark.parametrize("patients", [1, 2, 3])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_one_to_three_patients_have_an_interval_that_can_be_written(patients: int, share: float) -> None:
    patient = np.repeat(np.arange(patients), 2)
    right = np.arange(2 * patients) < share * 2 * patients
    interval = clustered_share(right, patient=patient, patients=patients).interval
    assert 0 <= interval.low <= right.mean() <= interval.high <= 1
    assert interval.high - interval.low > 0.5
