"""What a detector got right: counts at a threshold, curves over all thresholds, and the areas under them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Confusion:
    """Films by truth and call; a film is called positive when its score is at least the threshold."""

    tp: int
    fp: int
    tn: int
    fn: int

    @property
    def sensitivity(self) -> float:
        """Share of the positives that were called."""
        return self.tp / (self.tp + self.fn)

    @property
    def specificity(self) -> float:
        """Share of the negatives that were not called."""
        return self.tn / (self.tn + self.fp)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and sensitivity; 0 when no positive was found."""
        return 2 * self.tp / (2 * self.tp + self.fp + self.fn)


def confusion(positive: np.ndarray, *, score: np.ndarray, threshold: float) -> Confusion:
    """Counts at one threshold.

    Args:
        positive: bool (N,), the truth.
        score: float (N,).
        threshold: a film is called positive when score ≥ threshold.
    """
    called = score >= threshold
    tp = int(np.count_nonzero(called & positive))
    fp = int(np.count_nonzero(called)) - tp
    n_positive = int(np.count_nonzero(positive))
    return Confusion(tp=tp, fp=fp, tn=len(positive) - n_positive - fp, fn=n_positive - tp)


def rates(positive: np.ndarray, *, score: np.ndarray, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sensitivity and specificity, each (T,), at every threshold of (T,), called positive from the threshold on."""
    above = np.sort(score[positive])
    below = np.sort(score[~positive])
    sensitivity = 1 - np.searchsorted(above, thresholds, side="left") / len(above)
    specificity = np.searchsorted(below, thresholds, side="left") / len(below)
    return sensitivity, specificity


def auc(positive: np.ndarray, *, score: np.ndarray) -> float:
    """Area under the ROC curve: how often a positive outscores a negative, ties counting half."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(positive, score))


def average_precision(positive: np.ndarray, *, score: np.ndarray) -> float:
    """Mean precision over the steps of recall, without interpolation (scikit-learn's definition)."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(positive, score))


def roc_curve(positive: np.ndarray, *, score: np.ndarray) -> dict[str, list[Any]]:
    """The corners of the ROC curve: equally long lists fpr, tpr, threshold; the first threshold (none called) is None."""
    from sklearn.metrics import roc_curve as corners

    fpr, tpr, threshold = corners(positive, score, drop_intermediate=True)
    return {"fpr": fpr.tolist(), "tpr": tpr.tolist(), "threshold": [None, *threshold[1:].tolist()]}


def precision_recall_curve(positive: np.ndarray, *, score: np.ndarray) -> dict[str, list[Any]]:
    """The precision–recall curve by rising threshold: equally long lists; the last point (none called) has threshold None."""
    from sklearn.metrics import precision_recall_curve as corners

    precision, recall, threshold = corners(positive, score, drop_intermediate=True)
    return {"recall": recall.tolist(), "precision": precision.tolist(), "threshold": [*threshold.tolist(), None]}


def threshold_curve(positive: np.ndarray, *, score: np.ndarray, points: int = 101) -> dict[str, list[float]]:
    """Sensitivity and specificity over thresholds: an even grid on [0, 1] and as many quantiles of the scores."""
    grid = np.linspace(0, 1, points)
    thresholds = np.unique(np.concatenate([grid, np.quantile(score, grid, method="nearest")]))
    sensitivity, specificity = rates(positive, score=score, thresholds=thresholds)
    return {
        "threshold": thresholds.tolist(),
        "sensitivity": sensitivity.tolist(),
        "specificity": specificity.tolist(),
    }


def histogram(score: np.ndarray, *, group: np.ndarray, bins: int = 20) -> dict[str, list[Any]]:
    """Counts of scores in equal bins on [0, 1] for the groups positive, normal and other (as Deep-COVID shows them)."""
    edges = np.linspace(0, 1, bins + 1)
    counts: dict[str, list[Any]] = {"edges": edges.tolist()}
    for name in ("positive", "normal", "other"):
        counts[name] = np.histogram(score[group == name], bins=edges)[0].tolist()
    return counts
