"""The patient-cluster bootstrap: patients are drawn with all their films, within strata of what they contribute."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from deepcovid.evaluation.intervals import CONFIDENCE, PATIENT, Interval

_CELLS = 1_500_000  # draws × films held at once: about 12 MB an array
_SAME = 1e-12


@dataclass(frozen=True)
class Draws:
    """What B draws gave, at T thresholds.

    Attributes:
        auc: float (B,).
        average_precision: float (B,).
        tp: positives called, with multiplicity (B, T).
        fp: negatives called (B, T).
        n_positive: positives drawn (B,).
        n_negative: negatives drawn (B,).
    """

    auc: np.ndarray
    average_precision: np.ndarray
    tp: np.ndarray
    fp: np.ndarray
    n_positive: np.ndarray
    n_negative: np.ndarray

    @property
    def sensitivity(self) -> np.ndarray:
        """(B, T)."""
        return self.tp / self.n_positive[:, None]

    @property
    def specificity(self) -> np.ndarray:
        """(B, T)."""
        return 1 - self.fp / self.n_negative[:, None]

    @property
    def f1(self) -> np.ndarray:
        """(B, T)."""
        return 2 * self.tp / (self.n_positive[:, None] + self.tp + self.fp)


def bootstrap(
    positive: np.ndarray,
    *,
    score: np.ndarray,
    cluster: np.ndarray | None = None,
    thresholds: np.ndarray | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Draws:
    """Draw clusters with replacement and evaluate every draw.

    The strata are clusters with positives only, with negatives only, and with both, so that each draw has both
    classes and as many patients of each kind as the data.

    Args:
        positive: bool (N,), the truth.
        score: float (N,).
        cluster: int (N,), the patient of each film; None draws films.
        thresholds: float (T,), called positive from the threshold on.
        draws: how many.
        seed: of the generator; the same seed and order of films give the same draws.
    """
    codes = np.arange(len(score)) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    film = RankedFilms.of(positive, score=score, codes=codes, thresholds=thresholds)
    strata = strata_of(positive, codes=codes)
    parts = [film.evaluate(times) for times in multiplicities(strata, films=len(score), draws=draws, seed=seed)]
    return Draws(*(np.concatenate(column) for column in zip(*parts, strict=True)))


@dataclass(frozen=True)
class RankedFilms:
    """Films by falling score, and where groups of equal scores end: what a draw is evaluated on."""

    cluster: np.ndarray
    positive: np.ndarray
    ends: np.ndarray
    called: np.ndarray

    @classmethod
    def of(
        cls, positive: np.ndarray, *, score: np.ndarray, codes: np.ndarray, thresholds: np.ndarray | None = None
    ) -> RankedFilms:
        """Films (N,) with the cluster of each, int from 0, in falling order of their scores."""
        order = np.argsort(-score, kind="stable")
        cuts = np.empty(0) if thresholds is None else np.asarray(thresholds, dtype=float)
        return cls(
            cluster=codes[order],
            positive=positive[order],
            ends=np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1),
            called=np.searchsorted(-score[order], -cuts, side="right"),
        )

    def evaluate(self, times: np.ndarray) -> tuple[np.ndarray, ...]:
        """The columns of `Draws` for multiplicities (B, clusters); areas are NaN in a draw without one of the classes."""
        weight = times[:, self.cluster]  # (B, N)
        tp = np.cumsum(np.where(self.positive, weight, 0.0), axis=1)
        fp = np.cumsum(weight, axis=1) - tp
        n1, n0 = tp[:, -1], fp[:, -1]
        zero = np.zeros((len(times), 1))
        tp_at, fp_at = (np.hstack([zero, c])[:, self.called] for c in (tp, fp))
        tp, fp = tp[:, self.ends], fp[:, self.ends]
        gained = np.diff(tp, axis=1, prepend=0.0)
        passed = np.diff(fp, axis=1, prepend=0.0)
        precision = tp / np.maximum(tp + fp, 1.0)
        with np.errstate(invalid="ignore"):
            area = (gained * (n0[:, None] - fp + passed / 2)).sum(axis=1) / (n1 * n0)
            average = (gained * precision).sum(axis=1) / n1
        return area, average, tp_at, fp_at, n1, n0


def strata_of(positive: np.ndarray, *, codes: np.ndarray) -> list[np.ndarray]:
    """The cluster codes in each stratum."""
    size = int(codes.max()) + 1
    has_positive = np.bincount(codes[positive], minlength=size) > 0
    has_negative = np.bincount(codes[~positive], minlength=size) > 0
    kind = has_positive + 2 * has_negative
    return [np.flatnonzero(kind == k) for k in (1, 2, 3) if np.any(kind == k)]


def multiplicities(strata: list[np.ndarray], *, films: int, draws: int, seed: int) -> Iterator[np.ndarray]:
    """How often each cluster is drawn, within its stratum: arrays (b, clusters) that add up to `draws` rows."""
    rng = np.random.default_rng(seed)
    size = sum(len(members) for members in strata)
    step = max(1, _CELLS // films)
    for start in range(0, draws, step):
        rows = min(step, draws - start)
        times = np.zeros((rows, size))
        for members in strata:
            k = len(members)
            picked = rng.integers(0, k, size=(rows, k)) + k * np.arange(rows)[:, None]
            times[:, members] = np.bincount(picked.ravel(), minlength=rows * k).reshape(rows, k)
        yield times


def percentile_interval(
    samples: np.ndarray,
    *,
    value: float,
    clusters: int,
    n: int,
    fallback: Interval,
    method: str = "patient bootstrap",
    unit: str = PATIENT,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Percentiles of the draws, widened for few clusters (the "expanded percentile" of Hesterberg, Am. Stat. 69:371, 2015).

    Args:
        samples: float (B,).
        value: the figure on the data itself.
        clusters: clusters of the smaller class that the figure rests on; the levels are those of Student's t.
        n: all clusters, as the result shall state them.
        fallback: the interval to give where the draws cannot tell: one cluster, or every draw alike.
        method: the name that the result carries.
        unit: "patient" or "image".
        confidence: coverage aimed at.
    """
    if clusters < 2 or float(np.ptp(samples)) < _SAME:
        return fallback
    low, high = np.quantile(samples, few_cluster_levels(clusters, confidence=confidence))
    return Interval(
        value=value, low=min(float(low), value), high=max(float(high), value), method=method, n=n, unit=unit
    )


def few_cluster_levels(clusters: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The two levels of the percentiles: those of Student's t for so many clusters (at least 2), as fractions."""
    from scipy.special import ndtr, stdtrit

    tail = float(ndtr(math.sqrt(clusters / (clusters - 1)) * stdtrit(clusters - 1, (1 - confidence) / 2)))
    return tail, 1 - tail
