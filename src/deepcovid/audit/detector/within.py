"""AUCs within strata, and their differences, over patients in closed form: for rules that need other levels than 95 %."""

from __future__ import annotations

import math

import numpy as np

from deepcovid.evaluation.delong import structural_components
from deepcovid.evaluation.intervals import CONFIDENCE, IMAGE, PATIENT, Interval
from deepcovid.evaluation.newcombe import newcombe_interval

STRICT = (
    0.99  # two-sided; a FAIL that hangs on one of its limits is wrong in 0.5 % where the truth lies at the rule's edge
)
METHOD, CLUSTERED = "DeLong", "DeLong over patients"
_NO_VARIANCE = 1e-18


def area_within(
    outcome: np.ndarray,
    *,
    score: np.ndarray,
    patient: np.ndarray,
    stratum: np.ndarray | None = None,
    confidence: float = CONFIDENCE,
) -> Interval:
    """The AUC of a score for an outcome where only films of one stratum are held against each other.

    The mean over strata, each weighed by positives · negatives / films; its variance from DeLong's components summed over
    patients (Obuchowski, Biometrics 53:567, 1997), with Student's t for few patients. Without strata and with one film a
    patient it is DeLong's variance.

    Args:
        outcome: bool (N,), what the score shall tell. score: float (N,).
        patient: int (N,). stratum: int (N,); None: one for all.
        confidence: coverage aimed at.

    Returns:
        An interval without a value where no stratum has both outcomes.
    """
    used, stratum = _comparable(outcome, stratum)
    if not used.any():
        return _unknown()
    outcome, patient = outcome[used], patient[used]
    value, share = _influence(outcome, score[used], stratum)
    return _interval(value, share, outcome, patient, confidence)


def difference_within(
    outcome: np.ndarray,
    *,
    first: np.ndarray,
    second: np.ndarray,
    patient: np.ndarray,
    stratum: np.ndarray | None = None,
    confidence: float = CONFIDENCE,
) -> Interval:
    """AUC of `first` minus AUC of `second` on the same films, as `area_within`; paired."""
    used, stratum = _comparable(outcome, stratum)
    if not used.any():
        return _unknown()
    outcome, patient = outcome[used], patient[used]
    one, of_one = _influence(outcome, first[used], stratum)
    other, of_other = _influence(outcome, second[used], stratum)
    half, method, n, unit = _half(of_one - of_other, outcome, patient, confidence)
    if half is None:
        limits = [
            _interval(value, share, outcome, patient, confidence) for value, share in ((one, of_one), (other, of_other))
        ]
        low, high = limits[0].low - limits[1].high, limits[0].high - limits[1].low
        return Interval(value=one - other, low=low, high=high, method="limits of the two intervals", n=n, unit=unit)
    low, high = max(one - other - half, -1.0), min(one - other + half, 1.0)
    return Interval(value=one - other, low=low, high=high, method=f"{method}, paired", n=n, unit=unit)


def patients_within(outcome: np.ndarray, *, patient: np.ndarray, stratum: np.ndarray) -> int:
    """The fewest patients of either outcome, over the strata that have both."""
    used, _ = _comparable(outcome, stratum)
    return min(len(np.unique(patient[used & side])) for side in (outcome, ~outcome))


def _influence(outcome: np.ndarray, score: np.ndarray, stratum: np.ndarray) -> tuple[float, np.ndarray]:
    """The AUC, and what each film adds to its error, float (N,); every stratum has both outcomes."""
    share = np.zeros(len(outcome))
    parts, weights = [], []
    for one in np.unique(stratum):
        rows = np.flatnonzero(stratum == one)
        mine = outcome[rows]
        n1, n0 = int(mine.sum()), int((~mine).sum())
        above, below = structural_components(mine, scores=score[rows][None])
        area, weight = float(above.mean()), n1 * n0 / (n1 + n0)
        share[rows[mine]] = weight * (above[0] - area) / n1 * math.sqrt(n1 / max(n1 - 1, 1))
        share[rows[~mine]] = weight * (below[0] - area) / n0 * math.sqrt(n0 / max(n0 - 1, 1))
        parts.append(area * weight)
        weights.append(weight)
    return sum(parts) / sum(weights), share / sum(weights)


def _interval(value: float, share: np.ndarray, outcome: np.ndarray, patient: np.ndarray, confidence: float) -> Interval:
    half, method, n, unit = _half(share, outcome, patient, confidence)
    if half is None:
        n1, n0 = (len(np.unique(patient[side])) for side in (outcome, ~outcome))
        return newcombe_interval(value, n_positive=n1, n_negative=n0, n=n, confidence=confidence, unit=unit)
    low, high = max(value - half, 0.0), min(value + half, 1.0)
    return Interval(value=value, low=low, high=high, method=method, n=n, unit=unit)


def _half(
    share: np.ndarray, outcome: np.ndarray, patient: np.ndarray, confidence: float
) -> tuple[float | None, str, int, str]:
    """Half the interval's length (None without variance), its method, how many units and what they are."""
    from scipy.special import stdtrit

    codes = np.unique(patient, return_inverse=True)[1]
    n = int(codes.max()) + 1
    repeated = n < len(patient)
    method, unit = (CLUSTERED, PATIENT) if repeated else (METHOD, IMAGE)
    variance = float((np.bincount(codes, share) ** 2).sum())
    fewest = min(len(np.unique(codes[side])) for side in (outcome, ~outcome))
    if variance <= _NO_VARIANCE or fewest < 2:
        return None, method, n, unit
    return float(stdtrit(fewest - 1, 0.5 + confidence / 2)) * math.sqrt(variance), method, n, unit


def _comparable(outcome: np.ndarray, stratum: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """bool (N,), films whose stratum has both outcomes; the strata of those."""
    stratum = np.zeros(len(outcome), dtype=int) if stratum is None else stratum
    used = np.isin(stratum, np.intersect1d(stratum[outcome], stratum[~outcome]))
    return used, stratum[used]


def _unknown() -> Interval:
    return Interval(value=None, low=0.0, high=1.0, method="no stratum has both", n=0)
