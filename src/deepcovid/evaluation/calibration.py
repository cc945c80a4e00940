"""Calibration: whether films with a score of 0.3 are positive in 30 of 100 cases, as a diagram and in numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcovid.evaluation.accuracy import accuracy
from deepcovid.evaluation.bootstrap import few_cluster_levels, multiplicities, percentile_interval
from deepcovid.evaluation.intervals import IMAGE, PATIENT, Interval
from deepcovid.evaluation.logistic import calibration_intercept, calibration_slope
from deepcovid.evaluation.scores import Scores

MOST_BINS, FILMS_A_BIN = 10, 20


@dataclass(frozen=True)
class Bins:
    """Equal shares of the films by rising score; films of one score stand in one bin.

    Attributes:
        place: int (N,), the bin of each film, from 0.
        count: films in each bin (M,).
        score: their mean score (M,).
        observed: the share of positives among them (M,).
    """

    place: np.ndarray
    count: np.ndarray
    score: np.ndarray
    observed: np.ndarray

    @property
    def gap(self) -> np.ndarray:
        """Observed share less mean score (M,)."""
        found: np.ndarray = self.observed - self.score
        return found


def bins_of(positive: np.ndarray, *, score: np.ndarray, most: int = MOST_BINS) -> Bins:
    """At most `most` bins of about as many films each, at least 20 in the mean; fewer where many scores are equal."""
    n = len(score)
    wanted = int(np.clip(n // FILMS_A_BIN, 1, most))
    cuts = np.unique(np.quantile(score, np.arange(1, wanted) / wanted, method="higher"))
    place = np.unique(np.searchsorted(cuts, score, side="right"), return_inverse=True)[1]
    count = np.bincount(place)
    return Bins(
        place,
        count,
        np.bincount(place, weights=score) / count,
        np.bincount(place, weights=positive.astype(float)) / count,
    )


def expected_calibration_error(bins: Bins) -> float:
    """ECE: the mean distance of observed share and mean score, each bin counting by its films (Naeini et al., AAAI 2015)."""
    return float(np.sum(bins.count * np.abs(bins.gap)) / bins.count.sum())


def calibration_figures(scores: Scores, *, draws: int = 2000, seed: int = 0) -> dict[str, Any]:
    """Brier score, intercept, slope, calibration error and the reliability diagram of scores, JSON-safe.

    ECE is too large by what chance adds: `ece_by_chance` is what perfectly calibrated scores would be expected to show with
    so many films. `rms_error` is the root of the mean squared error with that taken off (Kumar, Liang & Ma, NeurIPS 2019,
    definition 3.3), its interval a bootstrap over patients turned at its value; ECE is never above it.

    Args:
        scores: films of both classes.
        draws, seed: of the bootstrap.
    """
    bins = bins_of(scores.positive, score=scores.score)
    sums = _cluster_sums(scores, bins)
    sampled = _sampled(sums, scores=scores, draws=draws, seed=seed)
    intercept, slope = calibration_intercept(scores), calibration_slope(scores)
    prevalence = scores.n_positive / len(scores)
    return {
        "brier": _brier(scores, sampled).to_dict(),
        "brier_of_prevalence": prevalence * (1 - prevalence),
        "intercept": None if intercept is None else intercept.to_dict(),
        "slope": None if slope is None else slope.to_dict(),
        "ece": expected_calibration_error(bins),
        "ece_by_chance": _by_chance(scores, bins),
        "rms_error": _rms(scores, bins, sums, sampled).to_dict(),
        "bins": _described(scores, bins, draws=draws),
    }


@dataclass(frozen=True)
class _Sums:
    """By patient (C,): films, squared errors; by patient and bin (C, M): films, and score less truth."""

    films: np.ndarray
    squares: np.ndarray
    counts: np.ndarray
    errors: np.ndarray


def _cluster_sums(scores: Scores, bins: Bins) -> _Sums:
    codes = np.unique(scores.patient, return_inverse=True)[1]
    error = scores.positive - scores.score
    size, width = int(codes.max()) + 1, len(bins.count)
    cell = codes * width + bins.place
    counts, errors = (np.bincount(cell, weights=w, minlength=size * width) for w in (np.ones(len(error)), error))
    films, squares = (np.bincount(codes, weights=w) for w in (np.ones(len(error)), error**2))
    return _Sums(films, squares, counts.reshape(size, width), errors.reshape(size, width))


def _sampled(sums: _Sums, *, scores: Scores, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Brier score and squared calibration error, each (B,), of draws of patients, whatever they contribute.

    Not within strata: how many positives there are is a part of what calibration says.
    """
    briers, errors = [], []
    everybody = [np.arange(len(sums.films))]
    for times in multiplicities(everybody, films=len(scores), draws=draws, seed=seed):
        total = times @ sums.films
        briers.append((times @ sums.squares) / total)
        errors.append(((times @ sums.errors) ** 2 / np.maximum(times @ sums.counts, 1.0)).sum(axis=1) / total)
    return np.concatenate(briers), np.concatenate(errors)


def _units(scores: Scores) -> dict[str, Any]:
    everyone = scores.patients_of(np.ones(len(scores), dtype=bool))
    return {"n": everyone, "unit": IMAGE if scores.n_patients is None else PATIENT}


def _smaller(scores: Scores) -> int:
    return min(scores.patients_of(films) for films in (scores.positive, ~scores.positive))


def _brier(scores: Scores, sampled: tuple[np.ndarray, np.ndarray]) -> Interval:
    """The mean squared distance of score and truth (Brier, Mon. Weather Rev. 78:1, 1950)."""
    value, units = float(np.mean((scores.score - scores.positive) ** 2)), _units(scores)
    unknown = Interval(value=value, low=0.0, high=1.0, method="no interval: too few patients", **units)
    return percentile_interval(
        sampled[0],
        value=value,
        clusters=_smaller(scores),
        fallback=unknown,
        method=f"{units['unit']} bootstrap",
        **units,
    )


def _by_chance(scores: Scores, bins: Bins) -> float:
    """The ECE expected of perfectly calibrated scores: a sum of half-normal means, a patient's films being wholly alike."""
    spread = scores.score * (1 - scores.score)
    repeats = len(scores) / scores.patients_of(np.ones(len(scores), dtype=bool))
    deviation = np.sqrt(np.bincount(bins.place, weights=spread) * repeats)  # of n·gap
    return float(np.sum(deviation) * np.sqrt(2 / np.pi) / len(scores))


def _rms(scores: Scores, bins: Bins, sums: _Sums, sampled: tuple[np.ndarray, np.ndarray]) -> Interval:
    """Root of the mean squared distance of observed share and mean score, without what chance adds to it."""
    n, units, smaller = len(scores), _units(scores), _smaller(scores)
    plain = float(np.sum(bins.count * bins.gap**2) / n)
    # the variance of each bin's gap over the patients in it
    patients = np.count_nonzero(sums.counts, axis=0)
    spread = np.sum((sums.errors - sums.counts * bins.gap) ** 2, axis=0)
    variance = spread / bins.count**2 * patients / np.maximum(patients - 1, 1)
    bias = float(np.sum(bins.count * variance) / n)
    value = math.sqrt(max(plain - bias, 0.0))
    if smaller < 2:
        return Interval(value=value, low=0.0, high=1.0, method="no interval: too few patients", **units)
    below, above = np.quantile(sampled[1], few_cluster_levels(smaller))
    # turned at the value, or the percentile itself less its bias where that is higher: the spread grows with the error
    low, high = max(2 * plain - above, below - 2 * bias), max(2 * plain - below, above - 2 * bias)
    low, high = (math.sqrt(max(float(end), 0.0)) for end in (low, high))
    method = f"{units['unit']} bootstrap, turned"
    return Interval(value=value, low=min(low, value), high=max(high, value), method=method, **units)


def _described(scores: Scores, bins: Bins, *, draws: int) -> list[dict[str, Any]]:
    patient = None if scores.n_patients is None else scores.patient
    rows = []
    for place in range(len(bins.count)):
        films = bins.place == place
        rows.append(
            {
                "lowest": float(scores.score[films].min()),
                "highest": float(scores.score[films].max()),
                "score": float(bins.score[place]),
                "films": int(bins.count[place]),
                "positive": int(np.count_nonzero(scores.positive[films])),
                "observed": accuracy(
                    scores.positive[films], patient=None if patient is None else patient[films], draws=draws
                ).to_dict(),
            }
        )
    return rows
