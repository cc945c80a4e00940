"""Test 12: is there a kind of positive films that the detector misses?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcovid.audit.detector.areas import words
from deepcovid.audit.detector.detector_test import AuditResult, Case, Verdict, detector_test
from deepcovid.audit.detector.picture import Films
from deepcovid.audit.detector.shown import film_shown
from deepcovid.audit.detector.within import area_within
from deepcovid.evaluation.intervals import PATIENT, Interval, wilson

CLUSTERS = (2, 6)  # fewest and most
DIMENSIONS = 16  # principal components that clusters are sought in
PATIENTS, OF_CLUSTER = 60, 20  # positive patients, in all and in a cluster, under which nothing is said
DRAWS = 399
MARGIN = 0.10  # by which the worst cluster's AUC must lie below the pooled one
LEVEL = 0.99  # of the limits that a FAIL hangs on, over all clusters together
RARE, USUAL = 0.005, 0.05
SHOWN = 6
RULE = (
    "Patients with tested positive films are put into 2 to 6 clusters (k-means, the number by the silhouette) by the principal "
    f"components of their features; of clusters with {OF_CLUSTER} patients or more the one with the lowest AUC against all "
    f"negatives is looked at. FAIL: its upper limit, at 99 % for all clusters together, is more than {MARGIN:.2f} below the "
    f"pooled AUC's lower limit, and at most {RARE:.1%} of samples of one population (a normal one with the spreads and "
    "correlations of features and score) have a cluster so far below. PASS: its lower limit, at 95 % for all clusters "
    f"together, is above 0.5, and more than {USUAL:.0%} of such samples have one so far below, or it lies at most {MARGIN:.2f} "
    f"below. Else CANNOT TELL; also for fewer than {PATIENTS} positive patients."
)


@dataclass(frozen=True, eq=False)
class People:
    """Patients with tested films of one class: mean features, float (P, D), and mean score, float (P,)."""

    features: np.ndarray
    score: np.ndarray
    patient: np.ndarray


@dataclass(frozen=True, eq=False)
class Strata:
    """What was found.

    Attributes:
        cluster: int (P,), of each positive patient; the worst is 0.
        silhouette: of the clustering, −1 to 1.
        pooled: AUC of all positive patients against the negative ones.
        worst, strict: of the worst cluster, with limits for all clusters together at 95 % and at 99 %.
        areas: AUC of each large cluster, the worst first, with its own 95 % limits.
        p: the share of samples of one population that have a cluster so far below.
    """

    cluster: np.ndarray
    silhouette: float
    pooled: Interval
    worst: Interval
    strict: Interval
    areas: list[Interval]
    p: float

    @property
    def gap(self) -> float:
        """By how much the worst cluster's AUC lies below the pooled one."""
        return (self.pooled.value or 0.0) - (self.worst.value or 0.0)

    @property
    def verdict(self) -> Verdict:
        """By `RULE`."""
        if self.strict.high < self.pooled.low - MARGIN and self.p <= RARE:
            return "FAIL"
        usual = self.p > USUAL or self.gap <= MARGIN
        return "PASS" if self.worst.low > 0.5 and usual else "CANNOT TELL"


@detector_test(
    name="hidden-strata",
    number=12,
    question="Is there a kind of positive films that the detector misses?",
    rule=RULE,
)
def hidden_strata(case: Case) -> AuditResult:
    """The worst cluster of positives against what clusters of one population show."""
    positives, negatives = people_of(case, positive=True), people_of(case, positive=False)
    if len(positives.score) < PATIENTS or len(negatives.score) < OF_CLUSTER:
        sentence = (
            f"{len(positives.score)} positive and {len(negatives.score)} negative patients are too few to look for kinds of "
            f"positives; {PATIENTS} and {OF_CLUSTER} would do."
        )
        return AuditResult("CANNOT TELL", sentence, {"patients": len(positives.score)})
    found = strata_of(positives, negatives, seed=case.seed)
    if found is None:
        sentence = f"No two clusters of positives have {OF_CLUSTER} patients or more."
        return AuditResult("CANNOT TELL", sentence, {"patients": len(positives.score)})
    figures = {
        "patients": len(positives.score),
        "clusters": int(found.cluster.max()) + 1,
        "silhouette": round(found.silhouette, 3),
        "pooled": found.pooled.to_dict(),
        "worst": found.worst.to_dict(),
        "strict": found.strict.to_dict(),
        "areas": [area.to_dict() for area in found.areas],
        "sensitivity": _sensitivity(case, positives, found),
        "p": found.p,
        "draws": DRAWS,
    }
    return AuditResult(
        found.verdict,
        _sentence(found),
        figures,
        kinds=("hidden stratum",) if found.verdict == "FAIL" else (),
        notes=("a patient's films count once, by their mean features and score; clusters are made without the score",),
        picture=Films(tuple((caption, film_shown(case, row)) for caption, row in _typical(case, positives, found))),
    )


def people_of(case: Case, *, positive: bool) -> People:
    """Each patient's tested films of one class, in the mean."""
    rows = case.rows[case.positive[case.rows] == positive]
    patient, codes = np.unique(case.patient[rows], return_inverse=True)
    films = np.bincount(codes)
    features, score = case.looks.features(rows).astype(float), case.looks.scores(rows)
    sums = np.zeros((len(patient), features.shape[1]))
    np.add.at(sums, codes, features)
    return People(sums / films[:, None], np.bincount(codes, score) / films, patient)


def strata_of(positives: People, negatives: People, *, seed: int) -> Strata | None:
    """Clusters of positive patients, the worst first; None where fewer than two are large enough."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):  # threads that wait for each other on busy cores
        return _strata(positives, negatives, seed)


def _strata(positives: People, negatives: People, seed: int) -> Strata | None:
    z = components(positives.features)
    cluster, silhouette = clustered(z, seed=seed)
    k = int(cluster.max()) + 1
    order = _worst_first(cluster, positives.score, negatives.score)
    if len(order) < 2:
        return None
    small = [one for one in range(k) if one not in order]
    renamed = np.argsort(np.array([*order, *small]))[cluster]
    each = 1 / len(order)
    pooled = _area(positives.score, negatives.score, confidence=0.95)
    mine = positives.score[renamed == 0]
    worst, strict = (_area(mine, negatives.score, confidence=1 - (1 - level) * each) for level in (0.95, LEVEL))
    areas = [_area(positives.score[renamed == one], negatives.score, confidence=0.95) for one in range(len(order))]
    gap = (pooled.value or 0.0) - (worst.value or 0.0)
    null = null_gaps(z, positives.score, negatives.score, clusters=k, seed=seed)
    p = float((1 + (null >= gap - 1e-12).sum()) / (1 + len(null)))
    return Strata(renamed, silhouette, pooled, worst, strict, areas, p)


def components(features: np.ndarray) -> np.ndarray:
    """Principal components, float (P, d), of standardised features (P, D); at most one for every ten patients."""
    scaled = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-6)
    u, s, _ = np.linalg.svd(scaled, full_matrices=False)
    d = min(DIMENSIONS, len(features) // 10, len(s))
    return u[:, :d] * s[:d]


def clustered(z: np.ndarray, *, seed: int) -> tuple[np.ndarray, float]:
    """The cluster of each row by k-means, their number by the mean silhouette (Rousseeuw 1987); and that."""
    from sklearn.metrics import silhouette_score

    tried = [_k_means(z, k, seed) for k in range(CLUSTERS[0], CLUSTERS[1] + 1)]
    widths = [float(silhouette_score(z, one)) for one in tried]
    best = int(np.argmax(widths))
    return tried[best], widths[best]


def null_gaps(z: np.ndarray, score: np.ndarray, negatives: np.ndarray, *, clusters: int, seed: int) -> np.ndarray:
    """How far the worst cluster lies below the pooled AUC in samples of one population: float (draws,).

    The population is normal in components and score, as in SigClust (Liu et al., J. Am. Stat. Assoc. 103:1281, 2008), with
    the correlations seen, so that clusters may differ in score as far as one direction of a single cloud makes them. The
    scores seen are dealt by rank, so that their distribution is kept.
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    n = len(score)
    normal = ndtri((rankdata(score) - 0.5) / n)
    joint = np.cov(np.column_stack([z, normal]), rowvar=False)
    rng, ranked, gaps = np.random.default_rng(seed), np.sort(score), []
    for _ in range(DRAWS):
        sample = rng.multivariate_normal(np.zeros(len(joint)), joint, size=n, method="eigh")
        dealt = ranked[np.argsort(np.argsort(sample[:, -1]))]
        cluster = _k_means(sample[:, :-1], clusters, int(rng.integers(2**31)), tries=1)
        order = _worst_first(cluster, dealt, negatives)
        if order:
            worst = _plain_area(dealt[cluster == order[0]], negatives)
            gaps.append(_plain_area(dealt, negatives) - worst)
    return np.array(gaps)


def _k_means(z: np.ndarray, k: int, seed: int, *, tries: int = 5) -> np.ndarray:
    from sklearn.cluster import KMeans

    labels: np.ndarray = KMeans(k, n_init=tries, random_state=seed).fit_predict(z)
    return labels


def _worst_first(cluster: np.ndarray, score: np.ndarray, negatives: np.ndarray) -> list[int]:
    """The clusters that are large enough, by rising AUC."""
    sizes = np.bincount(cluster)
    large = [one for one in range(len(sizes)) if sizes[one] >= OF_CLUSTER]
    return sorted(large, key=lambda one: _plain_area(score[cluster == one], negatives))


def _plain_area(positives: np.ndarray, negatives: np.ndarray) -> float:
    ordered = np.sort(negatives)
    below = np.searchsorted(ordered, positives, side="left") + np.searchsorted(ordered, positives, side="right")
    return float(below.mean() / (2 * len(ordered)))


def _area(positives: np.ndarray, negatives: np.ndarray, *, confidence: float) -> Interval:
    outcome = np.arange(len(positives) + len(negatives)) < len(positives)
    score = np.concatenate([positives, negatives])
    figure = area_within(outcome, score=score, patient=np.arange(len(score)), confidence=confidence)
    return Interval(**{**figure.to_dict(), "unit": PATIENT})


def _sensitivity(case: Case, positives: People, found: Strata) -> dict[str, Any] | None:
    """The share of patients called positive at the detector's threshold, in the worst cluster and in all."""
    threshold = case.looks.classifier.threshold
    if threshold is None:
        return None
    called, mine = positives.score >= threshold, found.cluster == 0
    worst = wilson(float(called[mine].sum()), n=int(mine.sum()), unit=PATIENT)
    everyone = wilson(float(called.sum()), n=len(called), unit=PATIENT)
    return {"threshold": threshold, "worst": worst.to_dict(), "all": everyone.to_dict()}


def _typical(case: Case, positives: People, found: Strata) -> list[tuple[str, int]]:
    """Rows of the films of the patients nearest to the worst cluster's centre."""
    z, mine = components(positives.features), np.flatnonzero(found.cluster == 0)
    away = np.linalg.norm(z[mine] - z[mine].mean(axis=0), axis=1)
    shown = []
    for one in mine[np.argsort(away, kind="stable")[:SHOWN]]:
        rows = np.flatnonzero((case.patient == positives.patient[one]) & case.tested & case.positive)
        shown.append((f"positive, score {positives.score[one]:.2f}", int(rows[0])))
    return shown


def _sentence(found: Strata) -> str:
    mine = int((found.cluster == 0).sum())
    told = f"AUC {words(found.worst)} in the worst of {len(found.areas)} clusters ({mine} patients), {words(found.pooled)} pooled"
    chance = f"{found.p:.1%} of samples of one population have one so far below"
    if found.verdict == "FAIL":
        return f"One kind of positive films is told worse than the others: {told}; {chance}."
    if found.verdict == "PASS":
        return f"No kind of positive films stands out as missed: {told}; {chance}."
    return f"Whether a kind of positive films is missed cannot be told: {told}; {chance}."
