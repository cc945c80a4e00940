"""A share or an AUC of films of which some are of one patient, by how many independent films they are worth; and differences.

In place of draws: a figure's variance over patients (its influence function summed within each) against its variance over films
gives the design effect, and the score intervals that hold near 0 and 1 (Wilson's, Newcombe's) are taken of so many fewer films.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from deepcovid.evaluation.delong import structural_components
from deepcovid.evaluation.intervals import CONFIDENCE, IMAGE, PATIENT, Interval, normal_quantile, wilson
from deepcovid.evaluation.newcombe import newcombe_interval

SUREST = 1 - 1e-15  # confidence with a finite quantile (8)


@dataclass(frozen=True)
class Clustered:
    """A figure with its interval, and what each patient adds to its error: float (C,), the patients of a whole table."""

    interval: Interval
    influence: np.ndarray

    @property
    def value(self) -> float:
        """The figure."""
        return float(self.interval.value or 0.0)


def clustered_share(right: np.ndarray, *, patient: np.ndarray, patients: int, known: bool = True) -> Clustered:
    """The share of True among films.

    Args:
        right: bool (N,), at least one film.
        patient: int (N,), the patient of each film, from 0.
        patients: of the whole table; `influence` has so many places.
        known: whether patients are known; the unit that is told.
    """
    value = float(np.mean(right))
    influence = (right - value) / len(right)
    sums, worth = _sums(influence, patient, patients), _worth(influence, patient, patients)
    interval = wilson(value * worth.films, n=worth.films, confidence=worth.confidence)
    return Clustered(_told(interval, patient, worth=worth, known=known), sums)


def clustered_auc(
    positive: np.ndarray, *, score: np.ndarray, patient: np.ndarray, patients: int, known: bool = True
) -> Clustered:
    """The AUC of films of both classes; `positive` bool (N,), `score` float (N,), the rest as for `clustered_share`.

    The influence of a film is its structural component less the AUC (Obuchowski, Biometrics 53:567, 1997).
    """
    n1 = int(np.count_nonzero(positive))
    n0 = len(positive) - n1
    above, below = structural_components(positive, scores=score[None])
    value = float(above.mean())
    influence = np.empty(len(positive))
    influence[positive], influence[~positive] = (above[0] - value) / n1, (below[0] - value) / n0
    sums, worth = _sums(influence, patient, patients), _worth(influence, patient, patients)
    effect = len(positive) / worth.films
    interval = newcombe_interval(
        value, n_positive=n1 / effect, n_negative=n0 / effect, n=len(positive), confidence=worth.confidence
    )
    return Clustered(_told(interval, patient, worth=worth, known=known), sums)


def difference(one: Clustered, *, other: Clustered, n: int) -> Interval:
    """`one` less `other`, by MOVER with the correlation that patients in both make (Zou & Donner, Stat. Med. 27:1693, 2008).

    Args:
        one, other: of one table.
        n: units of both together.
    """
    value, r = one.value - other.value, _correlation(one.influence, other.influence)
    first, second = one.interval, other.interval
    down = _length(one.value - first.low, second.high - other.value, r)
    up = _length(first.high - one.value, other.value - second.low, r)
    low, high = max(value - down, -1.0), min(value + up, 1.0)
    return Interval(value=value, low=low, high=high, method=f"MOVER of {first.method}", n=n, unit=first.unit)


def p_of_difference(interval: Interval) -> float:
    """The two-sided p of "no difference" that fits the interval: below 0.05 where zero is outside."""
    from scipy.special import ndtr

    value = float(interval.value or 0.0)
    half = value - interval.low if value > 0 else interval.high - value
    return 1.0 if value == 0 or half <= 0 else float(2 * ndtr(-abs(value) * normal_quantile() / half))


@dataclass(frozen=True)
class _Worth:
    """How many independent films the films are worth, and the confidence that makes a normal quantile Student's."""

    films: float
    confidence: float
    alone: bool


def _worth(influence: np.ndarray, patient: np.ndarray, patients: int) -> _Worth:
    count = len(np.unique(patient))
    if count == len(influence):
        return _Worth(float(count), CONFIDENCE, alone=True)
    over_films = float(np.sum(influence**2))
    most = len(influence) / count
    effect = most
    if over_films > 0 and count > 1:
        over_patients = float(np.sum(_sums(influence, patient, patients) ** 2)) * count / (count - 1)
        effect = float(np.clip(over_patients / over_films, 1.0, max(most, 1.0) * 2))
    return _Worth(len(influence) / effect, _students(count), alone=False)


def _students(count: int) -> float:
    from scipy.special import ndtr, stdtrit

    # of two patients it would be 1 to the last digit, whose quantile is infinite
    return min(float(1 - 2 * ndtr(stdtrit(max(count - 1, 1), (1 - CONFIDENCE) / 2))), SUREST)


def _sums(influence: np.ndarray, patient: np.ndarray, patients: int) -> np.ndarray:
    return np.bincount(patient, weights=influence, minlength=patients)


def _told(interval: Interval, patient: np.ndarray, *, worth: _Worth, known: bool) -> Interval:
    method = interval.method if worth.alone else f"{interval.method}, for patients"
    unit = PATIENT if known else IMAGE
    return replace(interval, method=method, n=len(np.unique(patient)), unit=unit)


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    spread = math.sqrt(float(one @ one) * float(other @ other))
    return 0.0 if spread == 0 else float(one @ other) / spread


def _length(a: float, b: float, r: float) -> float:
    return math.sqrt(max(a * a + b * b - 2 * r * a * b, 0.0))
