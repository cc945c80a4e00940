"""How the AUC grows with the films: an inverse power law through repeated draws, and what it says of more films than there are.

The law is AUC(n) = 1 − E(n) with E(n) = e + (½ − e)·(1 + n/d)^(−c): without films it is chance; e stays for good, d films
lead out of the stretch of guessing, and c is how steeply the error falls behind it. Of Figueroa et al., "Predicting sample size
required for classification performance", BMC Med. Inform. Decis. Mak. 12:8 (2012), shifted as in Viering & Loog, "The shape of
learning curves: a review", IEEE TPAMI 45:7799 (2023); for networks see Hestness et al., arXiv 1712.00409 (2017).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcovid.errors import ScoresError
from deepcovid.evaluation.intervals import PATIENT, Interval, normal_quantile
from deepcovid.evaluation.newcombe import auc_variance

SHARES = np.linspace(0.0, 1.0, 41)  # e as a share of the error at the largest number; 1: more films change nothing
POWERS = np.linspace(0.1, 2.0, 20)  # c
LEVELS = np.linspace(-5.0, 5.0, 81)  # the AUC at the largest number, in standard errors from the one that was seen
CHANCE = 0.5  # the error without any film
NEGLIGIBLE = 1e-7  # weights below this share of the largest are left out
FARTHEST = 64  # times the films at hand; beyond, nothing is said
METHOD = "inverse power law, weighed curves"


@dataclass(frozen=True, kw_only=True)
class Point:
    """What was measured at one number of positives.

    Attributes:
        n: positive films trained on.
        auc: mean over draws and folds, in [0, 1].
        spread: standard deviation of one training's AUC over draws, on the same held-out films; None where there is
            one draw only.
        fits: trainings behind the mean.
        share: of the positives that could be drawn, how many were: 1 where all draws are the same.
    """

    n: int
    auc: float
    spread: float | None
    fits: int
    share: float


@dataclass(frozen=True, kw_only=True)
class Held:
    """On what the AUCs were measured: positive and negative units, in how many folds."""

    n_positive: int
    n_negative: int
    folds: int
    unit: str = PATIENT

    def error(self, auc: float) -> float:
        """The standard error of an AUC averaged over the folds, from the number of units alone."""
        sizes = {"n_positive": self.n_positive / self.folds, "n_negative": self.n_negative / self.folds}
        return math.sqrt(auc_variance(auc, **sizes) / self.folds)


@dataclass(frozen=True, kw_only=True)
class Needed:
    """How many positives a target needs.

    Attributes:
        target: the AUC asked for.
        low, middle, high: 10th, 50th and 90th percentile over the curves; None: more than `farthest`, or never.
        never: the share of the curves, by weight, that stay below the target for good.
        farthest: beyond this number nothing is said.
    """

    target: float
    low: int | None
    middle: int | None
    high: int | None
    never: float
    farthest: int

    @property
    def sentence(self) -> str:
        """The answer in words."""
        if self.low is None:
            return f"An AUC of {self.target:.2f} is not reachable within {self.farthest} positives, by this curve."
        if self.middle is None:
            return (
                f"Whether an AUC of {self.target:.2f} can be reached cannot be told: at the earliest with "
                f"{self.low} positives, and in half of the curves not within {self.farthest}."
            )
        last = f"{self.high}" if self.high is not None else f"more than {self.farthest}, or never"
        return f"An AUC of {self.target:.2f} needs about {self.middle} positives (80 % interval {self.low} to {last})."

    def to_dict(self) -> dict[str, Any]:
        """All entries and the sentence, JSON-safe."""
        keys = ("target", "low", "middle", "high", "never", "farthest", "sentence")
        return {key: getattr(self, key) for key in keys}


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Curves of the family with their weights, all that the measured points leave believable.

    Attributes:
        points: measured, by rising n.
        held: on what.
        limit, scale, power: e, d and c of each curve (M,).
        weight: of each curve (M,), sums to 1.
    """

    points: tuple[Point, ...]
    held: Held
    limit: np.ndarray
    scale: np.ndarray
    power: np.ndarray
    weight: np.ndarray

    def curves(self, n: float) -> np.ndarray:
        """The AUC of every curve at n positives (M,)."""
        return _auc_at(n, limit=self.limit, scale=self.scale, power=self.power)

    def measured(self, point: Point, *, confidence: float = 0.95) -> Interval:
        """A point with its interval: of its draws and of the held-out units, on the logit scale."""
        place = self.points.index(point)
        seen = _clipped(point.auc, self.held)
        error = math.sqrt(
            _covariance(self.points, np.array([_clipped(p.auc, self.held) for p in self.points]), self.held)[
                place, place
            ]
        )
        middle, half = float(_logit(np.array(seen))), normal_quantile(confidence) * error
        method = f"normal on the logit scale, {point.fits} trainings"
        n = self.held.n_positive + self.held.n_negative
        return Interval(
            value=point.auc,
            low=_expit(middle - half),
            high=_expit(middle + half),
            method=method,
            n=n,
            unit=self.held.unit,
        )

    def expected(self, n: float, *, confidence: float = 0.95) -> Interval:
        """The mean AUC of trainings on n positives, on films without end."""
        return self._interval(n, confidence=confidence, spread=0.0, what="curve")

    def predicted(self, n: float, *, confidence: float = 0.80) -> Interval:
        """The AUC of one training on n new positives, on films without end: the curve and one draw's distance from it."""
        return self._interval(n, confidence=confidence, spread=self._spread(n), what="one draw")

    def films_needed(self, target: float) -> Needed:
        """How many positives until the curve reaches an AUC of `target`, in (0.5, 1)."""
        if not 0.5 < target < 1:
            raise ScoresError(f"the target AUC is {target}", mend="give a number between 0.5 and 1")
        farthest = FARTHEST * self.points[-1].n
        above = (1 - target) - self.limit
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            wanted = self.scale * (((CHANCE - self.limit) / above) ** (1 / self.power) - 1)
        wanted = np.where(above <= 0, np.inf, np.maximum(wanted, 1))
        order = np.argsort(wanted, kind="stable")
        summed = np.cumsum(self.weight[order])
        found = [wanted[order][min(int(np.searchsorted(summed, level)), len(order) - 1)] for level in (0.1, 0.5, 0.9)]
        low, middle, high = (None if value > farthest else math.ceil(value) for value in found)
        never = float(self.weight[above <= 0].sum())
        return Needed(target=target, low=low, middle=middle, high=high, never=never, farthest=farthest)

    def films_for_width(self, width: float) -> int | None:
        """Positives (with negatives in today's proportion) whose AUC has a 95 % interval no wider than `width`.

        The interval is Newcombe's variance at the AUC that the curve expects there. None: more than `farthest`.
        """
        if not 0 < width < 1:
            raise ScoresError(f"the target width is {width}", mend="give a number between 0 and 1")
        ratio = self.held.n_negative / self.held.n_positive
        for n in np.unique(np.geomspace(4, FARTHEST * self.points[-1].n, 400).astype(int)):
            expected = float(self.expected(n).value or 0.5)
            sizes = {"n_positive": float(n), "n_negative": max(float(n) * ratio, 2.0)}
            if 2 * normal_quantile() * math.sqrt(auc_variance(min(max(expected, 0.5), 0.9999), **sizes)) <= width:
                return int(n)
        return None

    def _spread(self, n: float) -> float:
        """Standard deviation of one training's AUC, on the logit scale: measured where draws hardly overlap, falling as 1/√n."""
        free = [point for point in self.points if point.spread is not None and point.share <= 0.6]
        if not free:
            return 0.0
        last = free[-2:]
        squares = [(_on_logit(point.spread or 0.0, _clipped(point.auc, self.held))) ** 2 * point.n for point in last]
        return math.sqrt(float(np.mean(squares)) / n)

    def _interval(self, n: float, *, confidence: float, spread: float, what: str) -> Interval:
        middles = _logit(self.curves(n))
        tails = (0.5 - confidence / 2, 0.5, 0.5 + confidence / 2)
        low, value, high = (_expit(_quantile(middles, self.weight, spread, level)) for level in tails)
        method = f"{METHOD}, {100 * confidence:g} % for {what}"
        n_units = self.held.n_positive + self.held.n_negative
        return Interval(value=value, low=low, high=high, method=method, n=n_units, unit=self.held.unit)


def fit_learning_curve(points: Sequence[Point], *, held: Held) -> LearningCurve:
    """Weigh every curve of a grid by how well it goes with the points.

    The points err in two ways: each by its draws, and all together by the held-out units, of which there is one set. On
    the logit scale, with d the distances, a curve's weight is exp(−d'S⁻¹d/2), where S has the variance of each mean in
    its diagonal and the held-out units' variance everywhere, less of it where the AUC is nearer to chance. Before that all
    curves weigh the same: their AUC at the largest number (even on the logit scale), what of that error stays for good (0 to
    1 of it) and powers from 0.1 to 2; curves that fall, or begin elsewhere than at chance, are not in the family. No
    random number is drawn. Weighing whole curves is after Domhan, Springenberg & Hutter, IJCAI 2015, who draw
    them by Markov chains.

    Args:
        points: at least two different n.
        held: the units that the AUCs were measured on.

    Raises:
        ScoresError: fewer than two points.
    """
    points = tuple(sorted(points, key=lambda point: point.n))
    if len({point.n for point in points}) < 2:
        raise ScoresError(
            "a learning curve needs AUCs at two numbers of positives at least", mend="give films of more patients"
        )
    seen = np.array([_clipped(point.auc, held) for point in points])
    covariance = _covariance(points, seen, held)
    level, error = float(_logit(seen[-1])), math.sqrt(covariance[-1, -1])
    limit, scale, power = _family(level, error, n=points[-1].n)
    curves = np.stack([_auc_at(point.n, limit=limit, scale=scale, power=power) for point in points], axis=1)
    distance = _logit(curves) - _logit(seen)
    inverse = np.linalg.inv(covariance)
    fitness = -0.5 * np.einsum("mi,ij,mj->m", distance, inverse, distance)
    weight = np.exp(fitness - fitness.max())
    there = weight > NEGLIGIBLE
    weight = weight[there] / weight[there].sum()
    return LearningCurve(points, held, limit[there], scale[there], power[there], weight)


def _auc_at(n: float, *, limit: np.ndarray, scale: np.ndarray, power: np.ndarray) -> np.ndarray:
    auc: np.ndarray = 1 - (limit + (CHANCE - limit) * (1 + n / scale) ** -power)
    return auc


def _family(level: float, error: float, *, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """e, d and c of all curves above chance whose logit at `n` lies around `level`; where none is, of chance itself."""
    last, share, power = (
        axis.ravel() for axis in np.meshgrid(1 - _expits(level + error * LEVELS), SHARES, POWERS, indexing="ij")
    )
    better = last < CHANCE
    if not better.any():
        return np.array([CHANCE - 2e-6]), np.array([1.0]), np.array([1.0])
    last, share, power = last[better], share[better], power[better]
    limit = np.minimum(share, 1 - 1e-6) * last
    fallen = (last - limit) / (CHANCE - limit)
    with np.errstate(over="ignore"):
        scale = n / (fallen ** (-1 / power) - 1)
    return limit, np.maximum(scale, 1e-12), power


def _covariance(points: Sequence[Point], seen: np.ndarray, held: Held) -> np.ndarray:
    """Of the means on the logit scale: their draws', and the held-out units' in all of them."""
    # weak detectors of many draws err in many directions, strong ones all alike: the error grows with the logit
    last = float(seen[-1])
    strength = np.clip(_logit(seen) / max(float(_logit(np.array(last))), 1e-3), 0.0, 1.0)
    common = strength * _on_logit(held.error(last), last)
    spreads = [point.spread for point in points if point.spread is not None]
    alike, own = [], []
    for point, auc in zip(points, seen, strict=True):
        spread = point.spread if point.spread is not None else (spreads[-1] if spreads else held.error(last))
        spread = _on_logit(spread, float(auc))
        # all draws are of the same films: what those films happen to teach is in every mean, the more the larger the share
        alike.append(spread * math.sqrt(point.share))
        # and in its own way at each number: counted twice, since how alike two of them are is not known
        own.append(spread**2 * (point.share + (1 - point.share) / point.fits) + 1e-6)
    covariance: np.ndarray = np.outer(common, common) + np.outer(alike, alike) + np.diag(own)
    return covariance


def _clipped(auc: float, held: Held) -> float:
    """Inside (0, 1) by half a unit of the rarer class, so that perfect separation has a logit and an error."""
    edge = 0.5 / min(held.n_positive, held.n_negative)
    return min(max(auc, edge), 1 - edge)


def _on_logit(error: float, auc: float) -> float:
    return error / (auc * (1 - auc))


def _logit(auc: np.ndarray) -> np.ndarray:
    from scipy.special import logit

    found: np.ndarray = logit(auc)
    return found


def _expits(values: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    found: np.ndarray = expit(values)
    return found


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def _quantile(middles: np.ndarray, weight: np.ndarray, spread: float, level: float) -> float:
    """A quantile of normal distributions of one spread around `middles`, weighed."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    if spread == 0.0:
        order = np.argsort(middles, kind="stable")
        place = int(np.searchsorted(np.cumsum(weight[order]), level))
        return float(middles[order][min(place, len(order) - 1)])

    def excess(value: float) -> float:
        return float(weight @ ndtr((value - middles) / spread)) - level

    return float(brentq(excess, middles.min() - 9 * spread, middles.max() + 9 * spread, xtol=1e-6))
