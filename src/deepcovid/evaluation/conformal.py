"""Conformal sets: which classes a film may be of, wrong for at most a given share of each class; and when not to say.

Split conformal prediction, a class at a time (Vovk, Gammerman & Shafer 2005, 4.6; Angelopoulos & Bates, arXiv 2107.07511, 4.2): a
class stands in a film's set where its probability is not among the lowest of the validation films of that class.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from deepcovid.errors import ScoresError
from deepcovid.evaluation.thresholds import with_room

ALPHA = 0.1


@dataclass(frozen=True, kw_only=True)
class Conformal:
    """What a class's probability has to reach so that the class stands in a film's set.

    Attributes:
        alpha: the share of each class's films whose set may lack it, in (0, 1).
        lowest: of each class, in their order; 0: it stands in every set.
        patients: of each class among the films that this was fitted on; with fewer than 1/alpha − 1 no set can lack it.
        fitted_on: what else is known of those films.
    """

    alpha: float
    lowest: tuple[float, ...]
    patients: tuple[int, ...]
    fitted_on: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (
            not 0 < self.alpha < 1
            or len(self.lowest) != len(self.patients)
            or not all(0 <= t <= 1 for t in self.lowest)
        ):
            raise ScoresError(
                f"a conformal rule with alpha {self.alpha:g} and the probabilities {self.lowest}",
                mend="give alpha between 0 and 1, and a probability from 0 to 1 for each class",
            )

    def sets(self, probabilities: np.ndarray) -> np.ndarray:
        """Which classes stand in the sets of films: bool (N, K), from probabilities (N, K)."""
        held: np.ndarray = probabilities >= np.array(self.lowest)
        return held

    @property
    def can_decide(self) -> bool:
        """Whether every class has patients enough that a set can lack it."""
        return all(int(np.floor(self.alpha * (count + 1) + 1e-9)) > 0 for count in self.patients)

    def expected(self, place: int) -> tuple[float, float]:
        """Between what the share of a class's future films whose set holds it lies, in 95 of 100 fittings on so many patients."""
        from scipy.special import betaincinv

        n = self.patients[place]
        left_out = int(np.floor(self.alpha * (n + 1) + 1e-9))
        if left_out == 0:
            return 1.0, 1.0
        low, high = betaincinv(n + 1 - left_out, left_out, [0.025, 0.975])
        return float(low), float(high)


def fit_conformal(
    probabilities: np.ndarray,
    *,
    truth: np.ndarray,
    patient: np.ndarray,
    alpha: float = ALPHA,
    fitted_on: dict | None = None,
) -> Conformal:
    """The rule from films that were not trained on.

    With one film a patient, a new film of class k has k in its set with a probability of at least 1 − alpha, and at most
    1/(n + 1) more, whatever the detector, as long as it is drawn as those n were. Of a patient with several films each counts
    by its share (Dunn, Wasserman & Ramdas, JASA 118:2491, 2023, pooling), which holds that about.

    Args:
        probabilities: float (N, K).
        truth: int (N,), the class of each film.
        patient: int (N,).
        alpha: in (0, 1).
        fitted_on: what is written down with it.
    """
    lowest, patients = [], []
    for place in range(probabilities.shape[1]):
        films = truth == place
        score, codes = probabilities[films, place], np.unique(patient[films], return_inverse=True)[1]
        count = int(codes.max()) + 1 if len(codes) else 0
        lowest.append(_lowest(score, codes, left_out=int(np.floor(alpha * (count + 1) + 1e-9))))
        patients.append(count)
    return Conformal(alpha=alpha, lowest=tuple(lowest), patients=tuple(patients), fitted_on=fitted_on or {})


def _lowest(score: np.ndarray, codes: np.ndarray, *, left_out: int) -> float:
    """The lowest score with films worth `left_out` patients below or at it, and a little room below; 0 for none."""
    if left_out == 0:
        return 0.0
    order = np.argsort(score, kind="stable")
    weight = np.cumsum((1 / np.bincount(codes))[codes[order]])
    # n/(n + 1) changes nothing where every patient has one film; where films share a patient their sum would jump past
    share = left_out * (codes.max() + 1) / (codes.max() + 2)
    chosen = float(score[order][np.searchsorted(weight, share - 1e-9)])
    return max(with_room(chosen, score=score), 0.0)
