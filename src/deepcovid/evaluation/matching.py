"""The same films under two detectors: test films matched by image, and a sentence where they cannot be."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from deepcovid.evaluation.labels import labels_as_text
from deepcovid.evaluation.scores import POSITIVE, group_of, people_of, scores_as_numbers

FEWEST = 2  # films of either class
NOTHING_COMMON = "no test film is common to both"


@dataclass(frozen=True, kw_only=True)
class JudgedFilms:
    """What a detector was judged on.

    Attributes:
        image: str (N,), a film's name.
        positive: bool (N,), the truth.
        score: float (N,) in [0, 1].
        patient: int (N,), equal for films of one patient.
        patient_known: bool (N,), whether the film has a patient's name.
    """

    image: np.ndarray
    positive: np.ndarray
    score: np.ndarray
    patient: np.ndarray
    patient_known: np.ndarray

    def __len__(self) -> int:
        return len(self.image)

    def pick(self, rows: np.ndarray) -> JudgedFilms:
        """The films of a mask or of row numbers."""
        names = ("image", "positive", "score", "patient", "patient_known")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})


@dataclass(frozen=True, kw_only=True)
class Matched:
    """Films of two detectors in one order: the truth, whose they are, and both scores, each (N,)."""

    positive: np.ndarray
    patient: np.ndarray
    patient_known: np.ndarray
    first: np.ndarray
    second: np.ndarray

    def __len__(self) -> int:
        return len(self.positive)

    @property
    def repeated(self) -> bool:
        """Whether a patient has several films."""
        return len(np.unique(self.patient)) < len(self)


def judged_films(
    frame: pd.DataFrame, *, images: np.ndarray, positive: str, label_column: str, score_column: str, split: str | None
) -> JudgedFilms:
    """The films that were evaluated, in the order of patients and images.

    Args:
        frame: the scores table.
        images: str (rows,), each row's film by name.
        positive: the positive label.
        label_column, score_column: what to read.
        split: the side that was evaluated; None: all rows.
    """
    labels = labels_as_text(frame[label_column])
    scores = scores_as_numbers(frame[score_column], name=score_column)
    kept = labels.notna().to_numpy() & ~np.isnan(scores)
    frame, images, scores = frame.loc[kept], images[kept], scores[kept]
    group = group_of(labels[kept].to_numpy(dtype=str), positive=positive)
    sides, patient, known, order = people_of(frame, ties=[images])
    films = JudgedFilms(
        image=images[order],
        positive=(group == POSITIVE)[order],
        score=scores[order],
        patient=patient,
        patient_known=known,
    )
    return films if split is None else films.pick(sides == split)


def match(first: JudgedFilms, second: JudgedFilms) -> tuple[Matched | None, str]:
    """The films that both have, in the first's order; and what must be said, or why they cannot be matched."""
    for films in (first, second):
        if len(np.unique(films.image)) < len(films):
            return None, "an image stands in several rows of the test films"
    _, here, there = np.intersect1d(first.image, second.image, assume_unique=True, return_indices=True)
    if len(here) == 0:
        return None, NOTHING_COMMON
    order = np.argsort(here)
    one, other = first.pick(here[order]), second.pick(there[order])
    differing = int(np.count_nonzero(one.positive != other.positive))
    if differing:
        return None, f"{differing} of {len(one)} common test films are positive for one and negative for the other"
    n1 = int(np.count_nonzero(one.positive))
    if min(n1, len(one) - n1) < FEWEST:
        return None, f"the common test films are {n1} positive and {len(one) - n1} other ones, too few for a test"
    matched = Matched(
        positive=one.positive,
        patient=np.unique(one.patient, return_inverse=True)[1],
        patient_known=one.patient_known,
        first=one.score,
        second=other.score,
    )
    if len(one) == len(first) == len(second):
        return matched, ""
    return matched, (
        f"only {len(one)} test films are common to both ({len(first)} and {len(second)}): the tests are on those alone"
    )
