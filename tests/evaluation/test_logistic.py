"""Logistic recalibration against statsmodels' GLM, its cluster-robust covariance, and by counting."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from deepcovid.evaluation.logistic import calibration_intercept, calibration_slope, fit_logistic, log_odds
from tests.evaluation.scored import scores_of


def drawn(seed: int, *, patients: int, films: int = 1, slope: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, score and patient: the true log odds are `slope` times the score's; a patient's films are alike."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1, 1.5, patients)
    positive = rng.random(patients) < expit(slope * odds)
    return np.repeat(positive, films), np.repeat(expit(odds), films), np.repeat(np.arange(patients), films)


@pytest.mark.parametrize("films", [1, 3])
def test_coefficients_and_robust_errors_are_statsmodels(films: int) -> None:
    positive, score, patient = drawn(0, patients=120, films=films, slope=0.7)
    odds = log_odds(score)
    design = sm.add_constant(odds)
    family = sm.families.Binomial()
    clustered = {"cov_type": "cluster", "cov_kwds": {"groups": patient, "use_correction": False}}
    joint = sm.GLM(positive.astype(float), design, family=family).fit(tol=1e-14, **clustered)
    large = sm.GLM(positive.astype(float), np.ones_like(odds), family=family, offset=odds).fit(tol=1e-14, **clustered)
    ours = fit_logistic(positive, design=design, offset=np.zeros_like(odds), cluster=patient)
    alone = fit_logistic(positive, design=np.ones((len(odds), 1)), offset=odds, cluster=patient)
    assert ours is not None
    assert alone is not None
    np.testing.assert_allclose(ours.coefficients, joint.params, atol=1e-9)
    np.testing.assert_allclose(ours.covariance, joint.cov_params() * 120 / 119, rtol=1e-7)
    assert alone.coefficients[0] == pytest.approx(large.params[0], abs=1e-9)
    assert alone.covariance[0, 0] == pytest.approx(large.cov_params()[0, 0] * 120 / 119, rel=1e-7)


def test_the_numbers_are_those_of_the_scores() -> None:
    scores = scores_of(*drawn(1, patients=300, slope=0.5))
    slope, intercept = calibration_slope(scores), calibration_intercept(scores)
    assert slope is not None
    assert intercept is not None
    assert slope.low < 0.5 < slope.high < 1
    assert (slope.n, slope.unit) == (300, "patient")
    raised = scores_of(scores.positive, expit(log_odds(scores.score) + 2), scores.patient)
    shifted = calibration_intercept(raised)
    assert shifted is not None
    assert shifted.value == pytest.approx((intercept.value or 0) - 2, abs=1e-7)


@pytest.mark.parametrize(("patients", "films", "slope"), [(60, 1, 1.0), (400, 1, 0.6), (100, 3, 0.8)])
def test_the_slopes_interval_holds_the_slope(patients: int, films: int, slope: float) -> None:
    held = 0
    for seed in range(120):
        found = calibration_slope(scores_of(*drawn(seed, patients=patients, films=films, slope=slope)))
        assert found is not None
        held += found.low <= slope <= found.high
    assert 0.89 <= held / 120 <= 0.992


@pytest.mark.parametrize("score", [np.linspace(0, 1, 40), np.full(40, 0.3)])
def test_where_there_is_no_slope_none_is_given(score: np.ndarray) -> None:
    scores = scores_of(np.arange(40) >= 20, score, np.arange(40))
    assert calibration_slope(scores) is None


def test_scores_of_zero_and_one_have_log_odds() -> None:
    assert np.all(np.isfinite(log_odds(np.array([0.0, 1.0]))))
    assert log_odds(np.array([0.25]))[0] == pytest.approx(np.log(1 / 3))


@pytest.mark.parametrize("gap", [0.5, 2.0])
def test_scores_that_separate_the_classes_never_stop_an_evaluation(gap: float) -> None:
    """Newton's method may end on a slope at which every film is certain, where rounding can leave a variance below 0."""
    told = set()
    for seed in range(16):
        rng = np.random.default_rng(seed)
        positive = np.arange(100) < 40
        apart = np.where(positive, gap + np.abs(rng.normal(0, 5, 100)), -gap - np.abs(rng.normal(0, 3, 100)))
        slope = calibration_slope(scores_of(positive, expit(apart - 0.7)))
        told.add(slope is None or 1e-4 * abs(slope.value) < slope.high - slope.value < np.inf)
    assert told == {True}
