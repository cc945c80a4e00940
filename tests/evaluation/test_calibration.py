"""Calibration figures: scikit-learn's, published estimators on their own data, laws, and intervals that are counted."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from deepcovid.evaluation.calibration import bins_of, calibration_figures, expected_calibration_error
from tests.evaluation.scored import scores_of


def drawn(rng: np.random.Generator, n: int, *, slope: float = 1.0, films: int = 1) -> tuple[np.ndarray, ...]:
    odds = rng.normal(-1, 1.5, n)
    positive = rng.random(n) < expit(slope * odds)
    return np.repeat(positive, films), np.repeat(expit(odds), films), np.repeat(np.arange(n), films)


def test_brier_and_bins_are_scikit_learns() -> None:
    positive, score, patient = drawn(np.random.default_rng(0), 400)
    found = calibration_figures(scores_of(positive, score, patient), draws=50)
    assert found["brier"]["value"] == pytest.approx(brier_score_loss(positive, score), abs=1e-12)
    observed, mean = calibration_curve(positive, score, n_bins=10, strategy="quantile")
    assert [row["observed"]["value"] for row in found["bins"]] == pytest.approx(observed, abs=1e-12)
    assert [row["score"] for row in found["bins"]] == pytest.approx(mean, abs=1e-12)
    assert sum(row["films"] for row in found["bins"]) == 400
    assert found["brier_of_prevalence"] == pytest.approx(brier_score_loss(positive, np.full(400, positive.mean())))
    json.dumps(found, allow_nan=False)


def test_errors_are_those_of_the_published_estimators() -> None:
    """Kumar, Liang and Ma's own code (uncertainty-calibration 0.1.4, unbiased_square_ce and plugin_ce) on these films."""
    score = np.repeat([0.1, 0.25, 0.4, 0.6, 0.9], 40)
    positive = (np.arange(200) * 37 % 100) < 100 * np.repeat([0.05, 0.3, 0.5, 0.45, 0.8], 40)
    found = calibration_figures(scores_of(positive, score), draws=50)
    assert len(found["bins"]) == 5
    assert found["ece"] == pytest.approx(0.095, abs=1e-12)
    assert found["rms_error"]["value"] ** 2 == pytest.approx(0.006230769230769232, abs=1e-12)


def test_films_of_one_score_stand_in_one_bin() -> None:
    score = np.repeat([0.2, 0.3, 0.9], [70, 25, 5])
    bins = bins_of(np.arange(100) % 2 == 0, score=score)
    assert len(np.unique(bins.place)) == len(bins.count)
    for value in (0.2, 0.3, 0.9):
        assert len(np.unique(bins.place[score == value])) == 1
    assert len(bins_of(np.arange(30) > 15, score=np.full(30, 0.4)).count) == 1


def test_what_chance_adds_to_the_error_is_what_it_adds() -> None:
    """Scores that are calibrated by construction: the mean error over 60 tables is what one of them says of itself."""
    for films in (1, 3):
        plain, chance, debiased = [], [], []
        for seed in range(60):
            positive, score, patient = drawn(np.random.default_rng(seed), 200, films=films)
            found = calibration_figures(scores_of(positive, score, patient), draws=20)
            plain.append(found["ece"])
            chance.append(found["ece_by_chance"])
            debiased.append(found["rms_error"]["value"])
        assert np.mean(chance) == pytest.approx(np.mean(plain), rel=0.08)
        assert np.mean(plain) > 0.05  # the truth is 0
        assert np.mean(debiased) < np.mean(plain) / 2
        assert np.median(debiased) < 0.02


@pytest.mark.parametrize(("slope", "films"), [(1.0, 1), (0.5, 1), (0.5, 3)])
def test_intervals_hold_the_truth(slope: float, films: int) -> None:
    many = np.random.default_rng(99).normal(-1, 1.5, 400_000)
    score, truth = expit(many), expit(slope * many)
    brier = np.mean(truth * (1 - truth) + (truth - score) ** 2)
    tenths = np.array_split(np.argsort(score), 10)
    error = np.sqrt(np.mean([(truth[rows].mean() - score[rows].mean()) ** 2 for rows in tenths]))
    held = np.zeros(2)
    for seed in range(100):
        scores = scores_of(*drawn(np.random.default_rng(seed), 200, slope=slope, films=films))
        found = calibration_figures(scores, draws=200, seed=seed)
        for place, (name, value) in enumerate((("brier", brier), ("rms_error", error))):
            held[place] += found[name]["low"] <= value <= found[name]["high"]
    assert 0.87 <= held[0] / 100 <= 0.99
    assert held[1] / 100 >= 0.9


def test_equal_films_of_a_patient_add_nothing() -> None:
    positive, score, patient = drawn(np.random.default_rng(3), 150)
    one = calibration_figures(scores_of(positive, score, patient))
    four = calibration_figures(scores_of(np.repeat(positive, 4), np.repeat(score, 4), np.repeat(patient, 4)))
    for name in ("brier", "slope", "intercept"):
        widths = [found[name]["high"] - found[name]["low"] for found in (one, four)]
        assert widths[1] == pytest.approx(widths[0], rel=0.1)
        assert four[name]["value"] == pytest.approx(one[name]["value"])
    assert (four["brier"]["n"], four["brier"]["unit"]) == (150, "patient")


def test_one_patient_of_a_class_gives_values_without_narrow_limits() -> None:
    found = calibration_figures(scores_of(np.arange(30) == 0, np.linspace(0.9, 0.1, 30)), draws=20)
    assert (found["brier"]["low"], found["brier"]["high"]) == (0.0, 1.0)
    assert found["slope"] is None
    json.dumps(found, allow_nan=False)


def test_error_counts_bins_by_films() -> None:
    bins = bins_of(np.repeat([True, False], [30, 90]), score=np.repeat([0.8, 0.1], [30, 90]))
    assert expected_calibration_error(bins) == pytest.approx(0.25 * 0.2 + 0.75 * 0.1)
