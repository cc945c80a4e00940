"""Logistic recalibration: does a score's log odds say too much or too little, and are all of them too high or too low?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deepcovid.evaluation.intervals import CONFIDENCE, IMAGE, PATIENT, Interval

if TYPE_CHECKING:
    from deepcovid.evaluation.scores import Scores

FLOOR = 1e-7  # a score of 0 or 1 has no log odds; a float32 softmax cannot tell less apart
STEEPEST = 1e3  # a slope beyond this is that of scores which separate the classes
SEPARATED = 1e-4  # of the slope: no sample gives so narrow a half-interval, separated classes do
_STEPS, _SAME = 100, 1e-12


@dataclass(frozen=True)
class LogisticFit:
    """A logistic regression: coefficients (K,) and their covariance (K, K), robust to films of one patient being alike."""

    coefficients: np.ndarray
    covariance: np.ndarray
    clusters: int


def log_odds(score: np.ndarray) -> np.ndarray:
    """log(p/(1 − p)) of scores (N,) in [0, 1], which are cut at 1e-7 from either end."""
    cut = np.clip(score, FLOOR, 1 - FLOOR)
    odds: np.ndarray = np.log(cut) - np.log1p(-cut)
    return odds


def fit_logistic(
    positive: np.ndarray, *, design: np.ndarray, offset: np.ndarray, cluster: np.ndarray
) -> LogisticFit | None:
    """Maximum likelihood by Newton's method, with the sandwich covariance of clusters (Liang & Zeger, Biometrika 73:13, 1986).

    Args:
        positive: bool (N,), the truth.
        design: float (N, K).
        offset: float (N,), added to the linear predictor with the coefficient 1.
        cluster: int (N,), the patient of each film.

    Returns:
        The fit; None where there is none, as when the classes are separated.
    """
    y, beta = positive.astype(float), np.zeros(design.shape[1])
    loss = _loss(y, offset)
    for _ in range(_STEPS):
        p = _expit(offset + design @ beta)
        information = design.T @ (design * (p * (1 - p))[:, None])
        try:
            step = np.linalg.solve(information, design.T @ (y - p))
        except np.linalg.LinAlgError:
            return None
        while (now := _loss(y, offset + design @ (beta + step))) > loss + _SAME * abs(loss) and np.abs(
            step
        ).max() > _SAME:
            step = step / 2
        beta, loss = beta + step, now
        if np.abs(beta).max() > STEEPEST:
            return None
        if np.abs(step).max() < 1e-10:
            return _with_covariance(y, design, offset, beta, cluster)
    return None


def _with_covariance(
    y: np.ndarray, design: np.ndarray, offset: np.ndarray, beta: np.ndarray, cluster: np.ndarray
) -> LogisticFit | None:
    p = _expit(offset + design @ beta)
    codes = np.unique(cluster, return_inverse=True)[1]
    count = int(codes.max()) + 1
    pull = design * (y - p)[:, None]
    sums = np.stack([np.bincount(codes, weights=column, minlength=count) for column in pull.T], axis=1)
    try:
        bread = np.linalg.inv(design.T @ (design * (p * (1 - p))[:, None]))
    except np.linalg.LinAlgError:
        return None
    return LogisticFit(beta, bread @ (sums.T @ sums) @ bread * count / max(count - 1, 1), count)


def calibration_intercept(scores: Scores) -> Interval | None:
    """By how much the log odds of all scores are too low: 0 is calibrated in the large (Cox, Biometrika 45:562, 1958)."""
    odds = log_odds(scores.score)
    fit = fit_logistic(scores.positive, design=np.ones((len(scores), 1)), offset=odds, cluster=scores.patient)
    return None if fit is None else _interval(scores, fit, place=0)


def calibration_slope(scores: Scores) -> Interval | None:
    """The slope of the true log odds on the score's: 1 is calibrated, below 1 the scores are too extreme.

    None where the scores separate the classes, or do not differ.
    """
    odds = log_odds(scores.score)
    design = np.stack([np.ones(len(scores)), odds], axis=1)
    fit = fit_logistic(scores.positive, design=design, offset=np.zeros(len(scores)), cluster=scores.patient)
    return None if fit is None else _interval(scores, fit, place=1)


def _interval(scores: Scores, fit: LogisticFit, *, place: int) -> Interval | None:
    """Coefficient ± t·SE, Student's with one degree of freedom fewer than the smaller class has patients."""
    from scipy.special import stdtrit

    smaller = min(scores.patients_of(films) for films in (scores.positive, ~scores.positive))
    value, variance = float(fit.coefficients[place]), float(fit.covariance[place, place])
    # below 0, or next to it, by rounding: a slope so steep that every film is certain, as where scores separate the classes
    if smaller < 2 or not 0 <= variance < math.inf:
        return None
    half = -float(stdtrit(smaller - 1, (1 - CONFIDENCE) / 2)) * math.sqrt(variance)
    if half < SEPARATED * abs(value):
        return None
    unit = IMAGE if scores.n_patients is None else PATIENT
    return Interval(value=value, low=value - half, high=value + half, method="sandwich, t", n=fit.clusters, unit=unit)


def _expit(x: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    p: np.ndarray = expit(x)
    return p


def _loss(y: np.ndarray, x: np.ndarray) -> float:
    """Minus the log likelihood, without overflow."""
    return float(np.sum(np.logaddexp(0.0, x) - y * x))
