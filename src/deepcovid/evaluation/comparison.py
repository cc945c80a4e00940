"""Two detectors on the same films: the difference of their AUCs and of their calls, with intervals and paired tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcovid.evaluation.bootstrap import Draws, bootstrap, percentile_interval
from deepcovid.evaluation.delong import AucDifference, delong_difference
from deepcovid.evaluation.intervals import PATIENT, Interval
from deepcovid.evaluation.matching import Matched
from deepcovid.evaluation.mcnemar import PairedCounts, holm, mcnemar_exact, paired_counts, paired_difference
from deepcovid.evaluation.newcombe import newcombe_interval

METHOD = "paired patient bootstrap"


@dataclass(frozen=True, kw_only=True)
class ComparedPoint:
    """An operating point by name, with the threshold of either detector."""

    name: str
    first: float
    second: float


def compare_pair(
    films: Matched, *, points: Sequence[ComparedPoint] = (), draws: int = 2000, seed: int = 0
) -> list[dict[str, Any]]:
    """The differences of two detectors, first minus second, the AUC's before the others.

    Where every film is a patient of its own (or patients are unknown) an AUC's difference has DeLong's interval and
    test, and a share's Newcombe's paired interval and McNemar's exact test. Where patients have several films the
    intervals are of a bootstrap that draws patients, with all their films, for both detectors alike; the p-value is
    that bootstrap's, of calls the larger of it and McNemar's, which takes films as independent.

    Args:
        films: their common test films.
        points: where calls are compared: of each the sensitivity, the specificity and the accuracy.
        draws, seed: of the bootstrap.

    Returns:
        JSON-safe entries: `what`, `point`, `difference` (Interval), `first`, `second` (values), `p`, `p_method`, and for
        calls `counts` and `mcnemar_p`.
    """
    samples = _Samples.of(films, points=points, draws=draws, seed=seed) if films.repeated else None
    entries = [_area(films, samples)]
    for place, point in enumerate(points):
        entries += _calls(films, point, samples, place)
    return entries


def adjust(families: Sequence[Sequence[dict[str, Any]]]) -> tuple[list[list[dict[str, Any]]], int]:
    """The entries of all pairs with `p_holm`, adjusted over all their tests together; and how many tests there are."""
    flat = [entry for entries in families for entry in entries]
    adjusted = iter(holm([entry["p"] for entry in flat]))
    tests = sum(entry["p"] is not None for entry in flat)
    return [[entry | {"p_holm": next(adjusted)} for entry in entries] for entries in families], tests


@dataclass(frozen=True)
class _Samples:
    """The same draws of patients for both detectors."""

    first: Draws
    second: Draws
    clusters: int
    positive_clusters: int
    negative_clusters: int

    @classmethod
    def of(cls, films: Matched, *, points: Sequence[ComparedPoint], draws: int, seed: int) -> _Samples:
        # the draws depend on truth, patients and seed alone, so that both are of the same patients
        options: dict[str, Any] = {"cluster": films.patient, "draws": draws, "seed": seed}
        cuts = (np.array([point.first for point in points]), np.array([point.second for point in points]))
        return cls(
            bootstrap(films.positive, score=films.first, thresholds=cuts[0], **options),
            bootstrap(films.positive, score=films.second, thresholds=cuts[1], **options),
            len(np.unique(films.patient)),
            len(np.unique(films.patient[films.positive])),
            len(np.unique(films.patient[~films.positive])),
        )


def _area(films: Matched, samples: _Samples | None) -> dict[str, Any]:
    tested = delong_difference(films.positive, first=films.first, second=films.second)
    difference, p, how = tested.difference, tested.p, "DeLong, paired"
    if samples is not None:
        clusters = min(samples.positive_clusters, samples.negative_clusters)
        apart = samples.first.auc - samples.second.auc
        difference = percentile_interval(
            apart,
            value=tested.first - tested.second,
            clusters=clusters,
            n=samples.clusters,
            fallback=_of_limits(tested, samples),
            method=METHOD,
        )
        p, how = bootstrap_p(apart, clusters=clusters), METHOD
    return {
        "what": "AUC",
        "point": None,
        "difference": difference.to_dict(),
        "first": tested.first,
        "second": tested.second,
        "p": p,
        "p_method": how,
    }


def _of_limits(tested: AucDifference, samples: _Samples) -> Interval:
    """The difference between the outermost limits of Newcombe's intervals of both AUCs, over patients."""
    sizes = {"n_positive": samples.positive_clusters, "n_negative": samples.negative_clusters, "n": samples.clusters}
    one, other = (newcombe_interval(value, **sizes, unit=PATIENT) for value in (tested.first, tested.second))
    return Interval(
        value=tested.first - tested.second,
        low=one.low - other.high,
        high=one.high - other.low,
        method="limits of the two intervals",
        n=samples.clusters,
        unit=PATIENT,
    )


def _calls(films: Matched, point: ComparedPoint, samples: _Samples | None, place: int) -> list[dict[str, Any]]:
    right = [
        (score >= cut) == films.positive for score, cut in ((films.first, point.first), (films.second, point.second))
    ]
    everything = np.ones(len(films), dtype=bool)
    sides = {"sensitivity": films.positive, "specificity": ~films.positive, "accuracy": everything}
    entries = []
    for name, rows in sides.items():
        counts = paired_counts(right[0][rows], second_right=right[1][rows])
        apart = None if samples is None else _apart(samples, name, place)
        entries.append(_share(name, point.name, counts, apart, samples))
    return entries


def _apart(samples: _Samples, name: str, place: int) -> np.ndarray:
    one, other = (_shares(draws, name)[:, place] for draws in (samples.first, samples.second))
    apart: np.ndarray = one - other
    return apart


def _shares(draws: Draws, name: str) -> np.ndarray:
    if name != "accuracy":
        shares: np.ndarray = getattr(draws, name)
        return shares
    n1, n0 = draws.n_positive[:, None], draws.n_negative[:, None]
    right: np.ndarray = (draws.tp + n0 - draws.fp) / (n1 + n0)
    return right


def _share(
    name: str, point: str, counts: PairedCounts, apart: np.ndarray | None, samples: _Samples | None
) -> dict[str, Any]:
    over_films, exact = paired_difference(counts), mcnemar_exact(counts)
    difference, p, how = over_films, exact, "McNemar, exact"
    if apart is not None and samples is not None:
        clusters = {"sensitivity": samples.positive_clusters, "specificity": samples.negative_clusters}.get(
            name, samples.clusters
        )
        difference = percentile_interval(
            apart,
            value=over_films.value or 0.0,
            clusters=clusters,
            n=clusters,
            fallback=paired_difference(counts, independent=clusters, unit=PATIENT),
            method=METHOD,
        )
        resampled = bootstrap_p(apart, clusters=clusters)
        p, how = (exact, how) if exact >= resampled else (resampled, METHOD)
    return {
        "what": name,
        "point": point,
        "difference": difference.to_dict(),
        "first": (counts.both + counts.first_only) / counts.n,
        "second": (counts.both + counts.second_only) / counts.n,
        "p": p,
        "p_method": how,
        "counts": counts.to_dict(),
        "mcnemar_p": exact,
    }


def bootstrap_p(apart: np.ndarray, *, clusters: int) -> float:
    """The two-sided p of a difference's draws (B,), from data of so many clusters; never below 2/(B + 1).

    It is the level at which the interval of `percentile_interval` would just touch zero.
    """
    from scipy.special import ndtri, stdtr

    beyond = min(np.count_nonzero(apart <= 0), np.count_nonzero(apart >= 0)) + 1
    tail = min(beyond / (len(apart) + 1), 0.5)
    if clusters < 2:
        return 1.0
    return min(1.0, 2 * float(stdtr(clusters - 1, ndtri(tail) * math.sqrt((clusters - 1) / clusters))))
