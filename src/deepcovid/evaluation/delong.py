"""DeLong's variance of an AUC, its interval, and the paired test of two AUCs on the same films."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from deepcovid.errors import ScoresError
from deepcovid.evaluation.intervals import CONFIDENCE, Interval, normal_quantile
from deepcovid.evaluation.newcombe import newcombe_interval

_NO_VARIANCE = 1e-18

Scale = Literal["plain", "logit"]


@dataclass(frozen=True)
class AucDifference:
    """Two AUCs of the same films and their difference (first minus second).

    Attributes:
        difference: the difference with its interval; its limits lie in [−1, 1].
        first: AUC of the first scores.
        second: AUC of the second scores.
        z: the difference over its standard error; None where that is zero and the difference is not.
        p: two-sided p-value of "no difference"; None where z is.
    """

    difference: Interval
    first: float
    second: float
    z: float | None
    p: float | None

    def to_dict(self) -> dict[str, Any]:
        """All entries, JSON-safe."""
        return asdict(self)


def structural_components(positive: np.ndarray, *, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For every positive the share of negatives below it, for every negative the share of positives above it.

    Ties count half. By midranks, in O(N log N) (Sun & Xu, IEEE Signal Process. Lett. 21:1389, 2014).

    Args:
        positive: bool (N,), the truth.
        scores: float (K, N), K detectors on the same films.

    Returns:
        (K, positives) and (K, negatives); the mean of either is the AUC.
    """
    from scipy.stats import rankdata

    n1 = int(np.count_nonzero(positive))
    n0 = len(positive) - n1
    rank = rankdata(scores, axis=1)
    above = (rank[:, positive] - rankdata(scores[:, positive], axis=1)) / n0
    below = 1 - (rank[:, ~positive] - rankdata(scores[:, ~positive], axis=1)) / n1
    return above, below


def delong_covariance(positive: np.ndarray, *, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """AUCs and their covariance (DeLong, DeLong & Clarke-Pearson, Biometrics 44:837, 1988).

    Args:
        positive: bool (N,), the truth.
        scores: float (N,) or (K, N).

    Returns:
        AUCs (K,) and covariance (K, K).

    Raises:
        ScoresError: fewer than two films of either class, where the variance is not defined.
    """
    n1 = int(np.count_nonzero(positive))
    n0 = len(positive) - n1
    if min(n1, n0) < 2:
        raise ScoresError(
            f"DeLong's variance needs two films of each class; there are {n1} positive and {n0} negative",
            mend="add films of the smaller class",
        )
    above, below = structural_components(positive, scores=np.atleast_2d(scores))
    covariance = np.atleast_2d(np.cov(above)) / n1 + np.atleast_2d(np.cov(below)) / n0
    return above.mean(axis=1), covariance


def delong_interval(
    positive: np.ndarray, *, score: np.ndarray, confidence: float = CONFIDENCE, scale: Scale = "plain"
) -> Interval:
    """AUC with DeLong's interval.

    On the plain scale AUC ± z·SE cut at 0 and 1, as the article and R's pROC give it; on the logit scale it keeps
    inside (0, 1) by itself and covers better near 1 (Pepe 2003). Where DeLong's variance is zero or
    undefined (perfect separation, all scores equal, a class of one film) the interval is Newcombe's and says so.

    Args:
        positive: bool (N,), the truth.
        score: float (N,).
        confidence: coverage aimed at.
        scale: "plain" or "logit".
    """
    value, variance = _auc_and_variance(positive, score=score)
    if variance <= _NO_VARIANCE:
        n1 = int(np.count_nonzero(positive))
        n0 = len(positive) - n1
        return newcombe_interval(value, n_positive=n1, n_negative=n0, n=n1 + n0, confidence=confidence)
    half = normal_quantile(confidence) * math.sqrt(variance)
    if scale == "plain":
        return Interval(
            value=value, low=max(value - half, 0.0), high=min(value + half, 1.0), method="DeLong", n=len(score)
        )
    centre, half = math.log(value / (1 - value)), half / (value * (1 - value))
    low, high = (1 / (1 + math.exp(-(centre + side))) for side in (-half, half))
    return Interval(value=value, low=low, high=high, method="DeLong (logit)", n=len(score))


def _auc_and_variance(positive: np.ndarray, *, score: np.ndarray) -> tuple[float, float]:
    n1 = int(np.count_nonzero(positive))
    if min(n1, len(positive) - n1) < 2:
        above, _ = structural_components(positive, scores=score[None])
        return float(above.mean()), 0.0
    aucs, covariance = delong_covariance(positive, scores=score)
    return float(aucs[0]), float(covariance[0, 0])


def delong_difference(
    positive: np.ndarray, *, first: np.ndarray, second: np.ndarray, confidence: float = CONFIDENCE
) -> AucDifference:
    """The difference of two AUCs on the same films, paired (DeLong et al. 1988).

    Where the difference has no variance its limits come from the two single intervals, taken at their worst.

    Args:
        positive: bool (N,), the truth.
        first: float (N,).
        second: float (N,), of the same films.
        confidence: coverage aimed at.
    """
    from scipy.special import ndtr

    aucs, covariance = delong_covariance(positive, scores=np.stack([first, second]))
    a, b = (float(v) for v in aucs)
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    if variance <= _NO_VARIANCE:
        return _difference_without_variance(positive, first=first, second=second, confidence=confidence)
    error = math.sqrt(variance)
    half = normal_quantile(confidence) * error
    low, high = max(a - b - half, -1.0), min(a - b + half, 1.0)
    difference = Interval(value=a - b, low=low, high=high, method="DeLong, paired", n=len(positive))
    z = (a - b) / error
    return AucDifference(difference=difference, first=a, second=b, z=z, p=float(2 * ndtr(-abs(z))))


def _difference_without_variance(
    positive: np.ndarray, *, first: np.ndarray, second: np.ndarray, confidence: float
) -> AucDifference:
    one, other = (delong_interval(positive, score=s, confidence=confidence) for s in (first, second))
    a, b = float(one.value or 0.0), float(other.value or 0.0)
    method = "limits of the two intervals"
    difference = Interval(value=a - b, low=one.low - other.high, high=one.high - other.low, method=method, n=len(first))
    same = a == b
    return AucDifference(difference=difference, first=a, second=b, z=0.0 if same else None, p=1.0 if same else None)
