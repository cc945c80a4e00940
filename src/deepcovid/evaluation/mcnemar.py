"""Two detectors' calls of the same films: McNemar's exact test, and the interval of the difference of two paired shares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from deepcovid.evaluation.intervals import CONFIDENCE, IMAGE, Interval, wilson


@dataclass(frozen=True, kw_only=True)
class PairedCounts:
    """Films that both detectors, only the first, only the second, or neither called rightly."""

    both: int
    first_only: int
    second_only: int
    neither: int

    @property
    def n(self) -> int:
        """All films."""
        return self.both + self.first_only + self.second_only + self.neither

    def to_dict(self) -> dict[str, Any]:
        """The four counts."""
        return asdict(self)


def paired_counts(first_right: np.ndarray, *, second_right: np.ndarray) -> PairedCounts:
    """The four counts from two bool (N,) of the same films."""
    return PairedCounts(
        both=int(np.count_nonzero(first_right & second_right)),
        first_only=int(np.count_nonzero(first_right & ~second_right)),
        second_only=int(np.count_nonzero(~first_right & second_right)),
        neither=int(np.count_nonzero(~first_right & ~second_right)),
    )


def mcnemar_exact(counts: PairedCounts) -> float:
    """Two-sided p-value of "both are right equally often" (McNemar, Psychometrika 12:153, 1947), by the binomial.

    Only films on which the detectors differ count; where there are none it is 1. Films are taken as independent.
    """
    from scipy.stats import binomtest

    differing = counts.first_only + counts.second_only
    return float(binomtest(counts.first_only, differing, 0.5).pvalue) if differing else 1.0


def paired_difference(
    counts: PairedCounts, *, confidence: float = CONFIDENCE, independent: int | None = None, unit: str = IMAGE
) -> Interval:
    """The difference of the two shares of right calls, first minus second (Newcombe, Stat. Med. 17:2635, 1998, method 10).

    It is put together from Wilson's intervals of the two shares and their correlation, corrected for continuity; it
    neither collapses nor passes −1 and 1.

    Args:
        counts: of films.
        confidence: coverage aimed at.
        independent: how many units the films are worth, where that is fewer than films; the shares stay.
        unit: what an independent unit is.

    Raises:
        ValueError: no film.
    """
    if counts.n == 0:
        raise ValueError("a difference of shares needs a film")
    n = independent or counts.n
    a, b, c, d = (
        count * n / counts.n for count in (counts.both, counts.first_only, counts.second_only, counts.neither)
    )
    one, other = (wilson(min(k, n), n=n, confidence=confidence) for k in (a + b, a + c))
    p1, p2 = one.value or 0.0, other.value or 0.0
    phi = _correlation(a, b, c, d)
    down = _length(p1 - one.low, other.high - p2, phi=phi)
    up = _length(one.high - p1, p2 - other.low, phi=phi)
    value = (counts.first_only - counts.second_only) / counts.n
    low, high = max(value - down, -1.0), min(value + up, 1.0)
    return Interval(value=value, low=low, high=high, method="Newcombe, paired", n=n, unit=unit)


def _length(a: float, b: float, *, phi: float) -> float:
    return math.sqrt(max(a * a - 2 * phi * a * b + b * b, 0.0))


def _correlation(a: float, b: float, c: float, d: float) -> float:
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins <= 0:
        return 0.0
    product = a * d - b * c
    return (max(product - (a + b + c + d) / 2, 0.0) if product > 0 else product) / math.sqrt(margins)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """p-values adjusted for their number (Holm, Scand. J. Stat. 6:65, 1979); those that are None are no test and stay so."""
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, place) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * p))
        adjusted[place] = highest
    return adjusted
