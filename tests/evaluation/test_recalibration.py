"""Temperature and isotonic calibration against statsmodels and the min-max formula; what they leave as it is."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, log_softmax, softmax
from sklearn.metrics import brier_score_loss

from deepcovid.configuration import from_mapping, to_mapping
from deepcovid.errors import ScoresError
from deepcovid.evaluation.logistic import log_odds
from deepcovid.evaluation.metrics import auc
from deepcovid.evaluation.recalibration import Calibration, fit_calibration, fit_isotonic, fit_temperature, too_few

RNG = np.random.default_rng(0)
ODDS = RNG.normal(-1, 2, 300)
TRUTH = RNG.random(300) < expit(ODDS / 2.5)  # too sure by a factor of 2.5


def test_the_temperature_is_a_logistic_regression_through_the_origin() -> None:
    """1/T is statsmodels' coefficient of the log odds, without an intercept."""
    fit = sm.GLM(TRUTH.astype(float), log_odds(expit(ODDS)), family=sm.families.Binomial()).fit(tol=1e-14)
    found = fit_calibration("temperature", score=expit(ODDS), positive=TRUTH)
    assert found is not None
    assert 1 / found.temperature == pytest.approx(fit.params[0], rel=1e-6)
    assert 1.7 < found.temperature < 3.5
    assert auc(TRUTH, score=found.of_scores(expit(ODDS))) == auc(TRUTH, score=ODDS)


def test_of_several_classes_it_divides_the_logits() -> None:
    logits = RNG.normal(size=(400, 3)) * 4
    truth = np.array([RNG.choice(3, p=p) for p in softmax(logits / 3, axis=1)])
    found = fit_temperature(softmax(logits, axis=1), truth=truth)
    assert found is not None
    np.testing.assert_allclose(
        found.apply(softmax(logits, axis=1)), softmax(logits / found.temperature, axis=1), atol=1e-12
    )
    losses = [-log_softmax(logits / t, axis=1)[np.arange(400), truth].mean() for t in np.linspace(1, 6, 501)]
    assert found.temperature == pytest.approx(np.linspace(1, 6, 501)[np.argmin(losses)], abs=0.011)


def test_of_findings_each_on_its_own_unknown_ones_do_not_count() -> None:
    logits = RNG.normal(size=(300, 2)) * 3
    truth = (RNG.random((300, 2)) < expit(logits / 2)).astype(float)
    truth[:150, 1] = np.nan
    found = fit_temperature(expit(logits), truth=truth, exclusive=False)
    known = ~np.isnan(truth)
    same = fit_calibration("temperature", score=expit(logits)[known], positive=truth[known] == 1)
    assert found is not None
    assert same is not None
    assert found.temperature == pytest.approx(same.temperature, rel=1e-6)
    held = found.apply(expit(logits), exclusive=False)
    np.testing.assert_allclose(held, expit(logits / found.temperature), atol=1e-12)


@given(st.floats(0.1, 10), st.floats(0, 1))
def test_scores_stay_probabilities(temperature: float, score: float) -> None:
    told = Calibration(method="temperature", temperature=temperature)
    [held] = told.of_scores(np.array([score]))
    assert 0 <= held <= 1
    assert (held > 0.5) == (score > 0.5) or abs(score - 0.5) < 1e-9
    assert Calibration(method="temperature").of_scores(np.array([score]))[0] == pytest.approx(score, abs=1e-12)


def test_isotonic_is_the_min_max_formula() -> None:
    """Barlow et al. 1972: the value at i is the largest over j ≤ i of the smallest over k ≥ i of the mean of j … k."""
    score, truth = np.sort(RNG.random(40)), RNG.random(40) < 0.5
    found = fit_isotonic(score, positive=truth)
    held = found.of_scores(score)
    for i in range(40):
        means = [[truth[j : k + 1].mean() for k in range(i, 40)] for j in range(i + 1)]
        assert held[i] == pytest.approx(max(min(row) for row in means), abs=1e-12)
    assert found.of_scores(np.array([0.0, 1.0])) == pytest.approx([held[0], held[-1]])
    assert held.mean() == pytest.approx(truth.mean())


def test_the_held_out_brier_score_falls_where_the_detector_was_too_sure() -> None:
    other = np.random.default_rng(1)
    odds = other.normal(-1, 2, 4000)
    truth = other.random(4000) < expit(odds / 2.5)
    before = brier_score_loss(truth, expit(odds))
    for method in ("temperature", "isotonic"):
        told = fit_calibration(method, score=expit(ODDS), positive=TRUTH)  # type: ignore[arg-type]
        assert told is not None
        assert brier_score_loss(truth, told.of_scores(expit(odds))) < before - 0.01


def test_separated_classes_have_no_temperature() -> None:
    assert fit_calibration("temperature", score=np.linspace(0, 1, 40), positive=np.arange(40) >= 20) is None


def test_it_is_written_and_read_again() -> None:
    for method in ("temperature", "isotonic"):
        told = fit_calibration(method, score=expit(ODDS), positive=TRUTH, fitted_on={"films": 300})  # type: ignore[arg-type]
        assert told is not None
        assert from_mapping(Calibration, to_mapping(told), where="it") == told


def test_what_cannot_be_applied_is_refused() -> None:
    with pytest.raises(ScoresError, match="the temperature is 0"):
        Calibration(method="temperature", temperature=0)
    with pytest.raises(ScoresError, match="no rising values"):
        Calibration(method="isotonic", scores=(0.1, 0.5), values=(0.6, 0.2))
    with pytest.raises(ScoresError, match=r"of two classes, and there are 3.*by temperature"):
        fit_isotonic(expit(ODDS), positive=TRUTH).apply(np.full((2, 3), 1 / 3))
    assert too_few("temperature", positives=10, negatives=200) is None
    assert "9 positive and 200 negative patients; by temperature at least 10" in str(
        too_few("temperature", positives=9, negatives=200)
    )
