"""Intervals for proportions: Wilson's, Clopper and Pearson's, and the papers' own, which is Wald's."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

IMAGE = "image"
PATIENT = "patient"
CONFIDENCE = 0.95
PAPER_Z = 1.96  # Deep-COVID Eq. 3, for 95 %


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A figure that does not travel alone.

    Attributes:
        value: the figure, a fraction in [0, 1]; None where it is not defined (precision when nothing was called positive).
        low: lower limit, a fraction.
        high: upper limit, a fraction.
        method: how the limits were found, in words.
        n: how many units the figure rests on.
        unit: what was taken as independent, "image" or "patient".
    """

    value: float | None
    low: float
    high: float
    method: str
    n: int
    unit: str = IMAGE

    def to_dict(self) -> dict[str, Any]:
        """The six entries, JSON-safe."""
        return asdict(self)


def normal_quantile(confidence: float = CONFIDENCE) -> float:
    """The two-sided standard normal quantile: 1.959964 for 0.95."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + confidence / 2))


def wilson(successes: float, *, n: float, confidence: float = CONFIDENCE, unit: str = IMAGE) -> Interval:
    """Wilson's score interval of a proportion (J. Am. Stat. Assoc. 22:209, 1927).

    Args:
        successes: count of successes, 0 … n.
        n: count of trials, or how many independent trials they are worth; with none the value is None and the interval [0, 1].
        confidence: coverage aimed at, in (0, 1).
        unit: what a trial is.

    Raises:
        ValueError: `successes` outside 0 … n.
    """
    _check_counts(successes, n=n)
    if n == 0:
        return Interval(value=None, low=0.0, high=1.0, method="Wilson", n=0, unit=unit)
    z2 = normal_quantile(confidence) ** 2
    p = successes / n
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2) / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    low = 0.0 if successes == 0 else min(max(centre - half, 0.0), p)
    high = 1.0 if successes == n else max(min(centre + half, 1.0), p)
    return Interval(value=p, low=low, high=high, method="Wilson", n=round(n), unit=unit)


def clopper_pearson(
    successes: float, *, n: int, confidence: float = CONFIDENCE, unit: str = IMAGE, method: str = "Clopper–Pearson"
) -> Interval:
    """The exact interval of a proportion (Biometrika 26:404, 1934), by quantiles of the beta distribution.

    Args:
        successes: count of successes; a mean of several films a patient may make it a fraction.
        n: count of trials; with none the value is None and the interval is [0, 1].
        confidence: least coverage, in (0, 1).
        unit: what a trial is.
        method: the name that the result carries.

    Raises:
        ValueError: `successes` outside 0 … n.
    """
    from scipy.special import betaincinv

    _check_counts(successes, n=n)
    if n == 0:
        return Interval(value=None, low=0.0, high=1.0, method=method, n=0, unit=unit)
    tail = (1 - confidence) / 2
    low = 0.0 if successes <= 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes >= n else float(betaincinv(successes + 1, n - successes, 1 - tail))
    return Interval(value=successes / n, low=low, high=high, method=method, n=n, unit=unit)


def paper_halfwidth(p: float, *, n: int, z: float = PAPER_Z) -> float:
    """Deep-COVID Eq. 3: r = z·sqrt(p·(1 − p)/N), for a sensitivity or specificity `p` from `n` films.

    It is Wald's interval: it is zero at p = 1 and passes 100 % near it. Use it to compare with the papers only.
    """
    return z * math.sqrt(p * (1 - p) / n)


def paper_interval(p: float, *, n: int, z: float = PAPER_Z) -> dict[str, float]:
    """The papers' interval p ± r, as they print it: fractions, not cut at 0 and 1 (98 of 100 gives 0.953 to 1.007)."""
    half = paper_halfwidth(p, n=n, z=z)
    return {"value": p, "halfwidth": half, "low": p - half, "high": p + half}


def paper_coverage(p: float, *, n: int, z: float = PAPER_Z) -> float | None:
    """How often the papers' interval would hold a true proportion `p`: exact, over all outcomes of `n` films.

    Returns None for p = 0 and p = 1, where the interval has no width and the question no answer.
    """
    from scipy.stats import binom

    if not 0 < p < 1:
        return None
    outcomes = np.arange(n + 1)
    seen = outcomes / n
    holds = np.abs(seen - p) <= z * np.sqrt(seen * (1 - seen) / n)
    return float(binom.pmf(outcomes[holds], n, p).sum())


def _check_counts(successes: float, *, n: float) -> None:
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes out of {n} trials: expected 0 to {n}")
