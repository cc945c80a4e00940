"""How many films a study needs: the fewest with which a sensitivity, a specificity or an AUC is known to ± so much."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from deepcovid.errors import ScoresError
from deepcovid.evaluation.intervals import CONFIDENCE, normal_quantile, paper_coverage, paper_halfwidth
from deepcovid.evaluation.newcombe import newcombe_interval

Method = Literal["wilson", "clopper-pearson", "paper"]
ASSURANCE = 0.9
FINEST = 0.005  # a half-width below this asks for more than 38,000 films


@dataclass(frozen=True, kw_only=True)
class Clustering:
    """Several films a patient: `films_per_patient` of them, as alike as `icc`, their intraclass correlation in [0, 1].

    A patient's films say less than as many patients': the design effect 1 + (m − 1)·ICC (Kish, Survey Sampling, 1965)
    is how many films stand for one independent film.
    """

    films_per_patient: float = 1.0
    icc: float = 1.0

    def __post_init__(self) -> None:
        if not self.films_per_patient >= 1 or not 0 <= self.icc <= 1:
            raise ScoresError(
                f"{self.films_per_patient:g} films a patient and an intraclass correlation of {self.icc:g}",
                mend="give at least 1 film a patient, and a correlation between 0 and 1",
            )

    @property
    def design_effect(self) -> float:
        """Films for each independent film."""
        return 1 + (self.films_per_patient - 1) * self.icc

    def of(self, independent: int) -> dict[str, int]:
        """How many films of how many patients are worth so many independent films."""
        films = math.ceil(independent * self.design_effect - 1e-9)
        return {
            "independent": independent,
            "films": films,
            "patients": math.ceil(films / self.films_per_patient - 1e-9),
        }


@dataclass(frozen=True, kw_only=True)
class Need:
    """The fewest films of one class for a share, by three readings of "known to ± halfwidth".

    Attributes:
        share: the sensitivity or specificity that is expected.
        halfwidth: what half the interval may be at most.
        method: how the interval is made.
        expected: films from which on the half-width is at most that in the mean of all outcomes.
        assured: films from which on it is so with a probability of 90 %.
        whatever_comes: films from which on it is so for every outcome, the worst being one half.
        halfwidth_there: the half-width with `expected` films: the mean of all outcomes, or the paper's at the share itself.
        paper: what Deep-COVID's Eq. 3 asks for, its half-width there, and how often such an interval holds the share.
    """

    share: float
    halfwidth: float
    method: Method
    expected: dict[str, int]
    assured: dict[str, int]
    whatever_comes: dict[str, int]
    halfwidth_there: float
    paper: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """All entries, JSON-safe."""
        return asdict(self)


def films_needed(
    share: float,
    *,
    halfwidth: float,
    method: Method = "wilson",
    confidence: float = CONFIDENCE,
    clustering: Clustering | None = None,
) -> Need:
    """The fewest films of the positive class for a sensitivity (of the negative class: for a specificity).

    Args:
        share: the sensitivity or specificity that is expected, a fraction in [0, 1].
        halfwidth: half of the interval that is wanted, a fraction in [0.005, 0.5).
        method: "wilson", "clopper-pearson", or "paper" (Wald; Deep-COVID Eq. 3, taken at `share` itself as it does).
        confidence: coverage aimed at.
        clustering: several films a patient; None: one.

    Raises:
        ScoresError: a number out of its range.
    """
    _check(share, halfwidth=halfwidth)
    clustering = clustering or Clustering()
    z = normal_quantile(confidence)
    n = np.arange(1, math.ceil(1.1 * (z / (2 * halfwidth)) ** 2 + 2 / halfwidth) + 20)
    half = _Halfwidth(method=method, confidence=confidence)
    worst = _from_on(half(n // 2, n) <= halfwidth)
    expected = max(1, math.ceil(z * z * share * (1 - share) / halfwidth**2 - 1e-9))
    paper = _paper(share, films=expected, z=z)
    if method != "paper":
        expected = _first(lambda films: half.mean(share, films=films) <= halfwidth, most=worst)
    return Need(
        share=share,
        halfwidth=halfwidth,
        method=method,
        expected=clustering.of(expected),
        assured=clustering.of(_from_on(_probability(share, n=n, half=half, halfwidth=halfwidth) >= ASSURANCE)),
        whatever_comes=clustering.of(worst),
        halfwidth_there=paper["halfwidth"] if method == "paper" else half.mean(share, films=expected),
        paper=paper,
    )


def mean_halfwidth(share: float, *, films: int, method: Method = "wilson", confidence: float = CONFIDENCE) -> float:
    """Half the interval's length in the mean over all outcomes of `films` films, were `share` the truth."""
    return _Halfwidth(method=method, confidence=confidence).mean(share, films=films)


@dataclass(frozen=True)
class _Halfwidth:
    """Half-widths for arrays of outcomes k of n; they fall from k = n/2 to either end."""

    method: Method
    confidence: float

    def __call__(self, k: np.ndarray, n: np.ndarray) -> np.ndarray:
        if self.method == "clopper-pearson":
            return _exact_halfwidth(k, n, tail=(1 - self.confidence) / 2)
        z2, p = normal_quantile(self.confidence) ** 2, k / n
        if self.method == "paper":
            return np.sqrt(z2 * p * (1 - p) / n)
        return np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)

    def mean(self, share: float, *, films: int) -> float:
        from scipy.stats import binom

        outcomes = np.arange(films + 1)
        return float(binom.pmf(outcomes, films, share) @ self(outcomes, np.full(films + 1, films)))


def _exact_halfwidth(k: np.ndarray, n: np.ndarray, *, tail: float) -> np.ndarray:
    from scipy.special import betaincinv

    low = np.where(k > 0, betaincinv(np.maximum(k, 1), n - k + 1, tail), 0.0)
    high = np.where(k < n, betaincinv(k + 1, np.maximum(n - k, 1), 1 - tail), 1.0)
    half: np.ndarray = (high - low) / 2
    return half


def _probability(share: float, *, n: np.ndarray, half: _Halfwidth, halfwidth: float) -> np.ndarray:
    """For each number of films the probability that the half-width comes out as wanted."""
    from scipy.stats import binom

    low, high = n // 2, n + 1  # the least k from n/2 on that is narrow enough lies in (low − 1, high]
    while np.any(low < high):
        middle = (low + high) // 2
        narrow = half(np.minimum(middle, n), n) <= halfwidth
        low, high = np.where(narrow | (low >= high), low, middle + 1), np.where(narrow, middle, high)
    wide = np.maximum(binom.cdf(low - 1, n, share) - binom.cdf(n - low, n, share), 0.0)
    return np.where(low > n, 0.0, 1 - wide)


def _from_on(holds: np.ndarray) -> int:
    """The count from which on all entries hold; entry 0 is for one film."""
    failing = np.flatnonzero(~holds)
    return int(failing[-1]) + 2 if len(failing) else 1


def _first(holds: Any, *, most: int) -> int:
    """The least count that holds, where counts hold from one on; `most` does."""
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return high


def _paper(share: float, *, films: int, z: float) -> dict[str, Any]:
    return {
        "films": films,
        "halfwidth": paper_halfwidth(share, n=films, z=z),
        "coverage": paper_coverage(share, n=films, z=z),
    }


def people_needed(prevalence: float, *, positives: int, negatives: int = 0, assurance: float = ASSURANCE) -> int:
    """People to enrol as they come, so that with a probability of `assurance` there are enough of both classes.

    Buderer (Acad. Emerg. Med. 3:895, 1996) divides by the prevalence, which falls short in every second study.

    Args:
        prevalence: share of positives among them, in (0, 1).
        positives: how many are needed.
        negatives: how many are needed.
        assurance: the probability wanted.

    Raises:
        ScoresError: a prevalence out of its range.
    """
    from scipy.stats import binom

    if not 0 < prevalence < 1:
        raise ScoresError(f"the prevalence is {prevalence:g}", mend="give a fraction between 0 and 1, such as 0.05")

    def enough(people: int) -> bool:
        few = binom.cdf(positives - 1, people, prevalence) + binom.sf(people - negatives, people, prevalence)
        return bool(few <= 1 - assurance)

    most = positives + negatives + 1
    while not enough(most):
        most *= 2
    return _first(enough, most=most)


def hanley_mcneil_error(auc: float, *, n_positive: int, n_negative: int) -> float:
    """The standard error of an AUC that is expected (Hanley & McNeil, Radiology 143:29, 1982), for exponential scores."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (n_positive - 1) * (q1 - auc**2) + (n_negative - 1) * (q2 - auc**2)
    return math.sqrt(max(spread, 0.0) / (n_positive * n_negative))


def films_for_auc(
    auc: float, *, halfwidth: float, negatives_per_positive: float = 1.0, confidence: float = CONFIDENCE
) -> dict[str, Any]:
    """The fewest positives for an AUC known to ± `halfwidth`, by Hanley and McNeil's formula and by Newcombe's interval.

    Both take the AUC that is expected as if it had been seen. Hanley and McNeil's interval is Wald's, too narrow near 1,
    and supposes exponential scores, so that the two classes weigh differently; Newcombe's is a score interval that
    weighs both alike. Neither is always the larger: plan by the larger one.

    Args:
        auc: what is expected, in (0.5, 1).
        halfwidth: half of the interval that is wanted, in [0.005, 0.5).
        negatives_per_positive: negatives for each positive, above 0.
        confidence: coverage aimed at.

    Raises:
        ScoresError: a number out of its range.
    """
    if not 0.5 < auc < 1 or not negatives_per_positive > 0:
        raise ScoresError(
            f"an AUC of {auc:g} with {negatives_per_positive:g} negatives for each positive",
            mend="give an AUC between 0.5 and 1 and a positive number of negatives",
        )
    _check(auc, halfwidth=halfwidth)
    z = normal_quantile(confidence)

    def negatives(positives: int) -> int:
        return max(1, math.ceil(positives * negatives_per_positive - 1e-9))

    def formula(positives: int) -> float:
        return z * hanley_mcneil_error(auc, n_positive=positives, n_negative=negatives(positives))

    def score(positives: int) -> float:
        n0 = negatives(positives)
        limits = newcombe_interval(auc, n_positive=positives, n_negative=n0, n=positives + n0, confidence=confidence)
        return (limits.high - limits.low) / 2

    found: dict[str, Any] = {"auc": auc, "halfwidth": halfwidth, "negatives_per_positive": negatives_per_positive}
    for name, half in (("hanley_mcneil", formula), ("newcombe", score)):
        most = 2
        while half(most) > halfwidth and most < 10**9:
            most *= 2
        positives = _first(lambda n, half=half: half(n) <= halfwidth, most=most)
        found[name] = {"positives": positives, "negatives": negatives(positives), "halfwidth": half(positives)}
    return found


def _check(share: float, *, halfwidth: float) -> None:
    if not 0 <= share <= 1:
        raise ScoresError(
            f"the share that is expected is {share:g}", mend="give a fraction between 0 and 1, such as 0.975"
        )
    if not FINEST <= halfwidth < 0.5:
        raise ScoresError(
            f"the half-width is {halfwidth:g}", mend=f"give a fraction from {FINEST:g} to below 0.5, such as 0.05"
        )
