"""Means of AUCs and their differences on the same films, with intervals over patients, by draws that are alike for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcovid.evaluation.bootstrap import bootstrap, percentile_interval
from deepcovid.evaluation.comparison import METHOD, bootstrap_p
from deepcovid.evaluation.intervals import PATIENT, Interval
from deepcovid.evaluation.metrics import auc

DRAWS = 2000


@dataclass(frozen=True, eq=False)
class Drawn:
    """A figure, what it is in each draw of patients (B,), and of how many patients: all, and of the rarer class."""

    value: float
    samples: np.ndarray
    patients: int
    rarer: int
    method: str = METHOD

    def __sub__(self, other: Drawn) -> Drawn:
        return Drawn(self.value - other.value, self.samples - other.samples, self.patients, self.rarer, self.method)

    def interval(self) -> dict[str, Any]:
        """The figure with its interval."""
        same = Interval(
            value=self.value, low=self.value, high=self.value, method="all draws alike", n=self.patients, unit=PATIENT
        )
        return percentile_interval(
            self.samples, value=self.value, clusters=self.rarer, n=self.patients, fallback=same, method=self.method
        ).to_dict()

    def difference(self) -> dict[str, Any]:
        """The figure, a difference, with its interval and its p."""
        return {
            "difference": self.interval(),
            "p": bootstrap_p(self.samples, clusters=self.rarer),
            "p_method": self.method,
        }


def drawn(
    positive: np.ndarray, *, score: np.ndarray, patient: np.ndarray, draws: int | None = None, seed: int = 0
) -> Drawn:
    """An AUC; the draws depend on answers, patients and seed alone, so that those of two scores are of the same patients."""
    samples = bootstrap(positive, score=score, cluster=patient, draws=draws or DRAWS, seed=seed).auc
    people = [len(np.unique(patient[side])) for side in (positive, ~positive)]
    return Drawn(auc(positive, score=score), samples, len(np.unique(patient)), min(people))


def mean_of(areas: Sequence[Drawn]) -> Drawn:
    """The mean of figures on the same films."""
    value, samples = np.mean([one.value for one in areas]), np.mean([one.samples for one in areas], axis=0)
    return Drawn(float(value), samples, areas[0].patients, areas[0].rarer, areas[0].method)
