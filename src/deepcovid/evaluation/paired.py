"""Two detectors on the same films: the difference of their AUCs with its interval, and McNemar's exact test of their calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepcovid.evaluation.bootstrap import bootstrap
from deepcovid.evaluation.intervals import CONFIDENCE, Interval
from deepcovid.evaluation.metrics import auc


@dataclass(frozen=True)
class CallDifference:
    """Calls that differ: `only_first` right by the first alone, `only_second` by the second alone; McNemar's exact p."""

    only_first: int
    only_second: int
    p: float


def auc_difference(
    positive: np.ndarray,
    *,
    first: np.ndarray,
    second: np.ndarray,
    cluster: np.ndarray | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Interval:
    """AUC of the first less that of the second, with the interval of paired draws of patients.

    Both are evaluated on each draw, so that what they have in common cancels. The limits are percentiles.

    Args:
        positive: bool (N,), the truth.
        first, second: scores (N,) of the same films.
        cluster: (N,) whose film each is; None draws films.
        draws, seed: of the bootstrap.
    """
    positive = np.asarray(positive, dtype=bool)
    options = {"cluster": cluster, "draws": draws, "seed": seed}
    samples = bootstrap(positive, score=first, **options).auc - bootstrap(positive, score=second, **options).auc  # type: ignore[arg-type]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(samples, [tail, 1 - tail])
    value = float(auc(positive, score=first) - auc(positive, score=second))
    patients = len(positive) if cluster is None else len(np.unique(cluster))
    return Interval(
        value=value,
        low=float(min(low, value)),
        high=float(max(high, value)),
        method="paired bootstrap",
        n=patients,
        unit="image" if cluster is None else "patient",
    )


def mcnemar(truth: np.ndarray, *, first: np.ndarray, second: np.ndarray) -> CallDifference:
    """McNemar's exact test (Psychometrika 12:153, 1947): are calls that only one gets right equally often either's?

    Args:
        truth: bool (N,).
        first, second: bool (N,), the calls of the same films.
    """
    from scipy.stats import binomtest

    right_first, right_second = first == truth, second == truth
    one, other = int((right_first & ~right_second).sum()), int((right_second & ~right_first).sum())
    p = float(binomtest(one, one + other, 0.5).pvalue) if one + other else 1.0
    return CallDifference(one, other, p)
