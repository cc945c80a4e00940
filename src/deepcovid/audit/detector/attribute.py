"""Something beside the disease that a film carries (its view, the patient's age): what it tells, and who follows it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.audit.detector.areas import area, enough, words
from deepcovid.audit.detector.detector_test import Case, Verdict
from deepcovid.audit.detector.within import area_within, patients_within
from deepcovid.audit.prediction import ENOUGH_FILMS, ENOUGH_PATIENTS, by_share, out_of_fold
from deepcovid.evaluation.intervals import Interval

LIMIT = 0.60  # AUC up to which it tells too little to matter, as for the source
BOUND = 0.90  # AUC above which a class without films of the other kind cannot be told from it
FEWEST = 8  # patients of either kind, within a label, under which it is not asked whether scores follow


@dataclass(frozen=True, eq=False)
class Attribute:
    """A property of films.

    Attributes:
        name: as sentences say it.
        kind: what a detector reads that follows it.
        groups: int (N,), equal for films that are alike in it; −1 where it is unknown.
        names: of the groups, in their order.
    """

    name: str
    kind: str
    groups: np.ndarray
    names: tuple[str, ...]

    @property
    def known(self) -> np.ndarray:
        """bool (N,)."""
        return self.groups >= 0

    @property
    def constant(self) -> bool:
        """Whether it is known of all films, and they are alike."""
        return bool(self.known.all()) and len(np.unique(self.groups)) == 1


@dataclass(frozen=True, eq=False)
class Followed:
    """What an attribute tells of the label, and whether the detector's scores follow it.

    Attributes:
        attribute: which.
        n_known: labelled films that have it.
        alone: AUC of the attribute for the label, out of fold by patient; None where films are too few.
        pooled, matched: the detector's AUC on the tested films that have it, and among films that are alike in it.
        follows: within a label, AUC of the detector's score for what the attribute takes for positive, on tested films; None
            where no label has enough films of both kinds.
    """

    attribute: Attribute
    n_known: int
    alone: Interval | None = None
    pooled: Interval | None = None
    matched: Interval | None = None
    follows: Interval | None = None

    @property
    def inseparable(self) -> bool:
        """Whether it all but gives the label, and no label has films of both kinds."""
        return self.alone is not None and self.alone.low > BOUND and self.follows is None

    @property
    def verdict(self) -> Verdict:
        """By the rule of `view_age_sex`."""
        if self.attribute.constant:
            return "PASS"
        if self.alone is None:
            return "CANNOT TELL"
        if self.alone.low > LIMIT and (self.inseparable or (self.follows is not None and self.follows.low > LIMIT)):
            return "FAIL"
        deaf = self.follows is not None and self.follows.high <= LIMIT
        return "PASS" if self.alone.high <= LIMIT or deaf else "CANNOT TELL"

    @property
    def words(self) -> str:
        """One sentence with its figures."""
        name = self.attribute.name
        if self.attribute.constant:
            return f"{name} is the same in all films"
        if self.alone is None:
            return f"{name} is unknown, or known of too few films"
        told = f"{name} alone tells the label with AUC {words(self.alone)}"
        if self.alone.high <= LIMIT:
            return told
        if self.inseparable:
            return f"{told}, and no label has films of both kinds, so that disease and {name} cannot be separated"
        if self.follows is None:
            return f"{told}, and too few films of one label differ in it to see whether scores follow it"
        verb = {"FAIL": "follow it", "PASS": "do not follow it"}.get(self.verdict, "may follow it")
        return f"{told}, and within a label the detector's scores {verb} (AUC {words(self.follows)})"

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe."""
        figures = {name: getattr(self, name) for name in ("alone", "pooled", "matched", "follows")}
        told = {name: figure.to_dict() if figure is not None else None for name, figure in figures.items()}
        return {
            "attribute": self.attribute.name,
            "kind": self.attribute.kind,
            "verdict": self.verdict,
            "known_films": self.n_known,
            "groups": list(self.attribute.names),
            **told,
        }


def grouped(name: str, *, kind: str, cells: pd.Series) -> Attribute:
    """An attribute of words; missing cells are unknown."""
    groups, names = pd.factorize(cells, sort=True)
    return Attribute(name, kind, groups, tuple(str(one) for one in names))


def banded(name: str, *, kind: str, values: np.ndarray, edges: tuple[float, ...], unit: str = "") -> Attribute:
    """An attribute of numbers, float (N,), cut at `edges` into bands [a, b); NaN is unknown."""
    groups = np.where(np.isfinite(values), np.digitize(values, edges), -1)
    ends = [f"below {edges[0]:g}", *(f"{a:g} to {b:g}" for a, b in pairwise(edges))]
    names = tuple(f"{end}{unit}" for end in [*ends, f"{edges[-1]:g} and more"])
    return Attribute(name, kind, groups, names)


def followed(case: Case, attribute: Attribute) -> Followed:
    """Ask what an attribute tells in all films that have it, and whether scores follow it in the tested ones."""
    rows = np.flatnonzero(attribute.known)
    if attribute.constant or not _enough(case, rows):
        return Followed(attribute, len(rows))
    odds = np.zeros(len(case))
    odds[rows] = _odds(case, attribute, rows)
    alone = area(
        case.positive[rows],
        score=odds[rows],
        patient=case.patient[rows],
        known=case.patient_known[rows],
        seed=case.seed,
    )
    tested = rows[case.tested[rows]]
    positive, patient, score = case.positive[tested], case.patient[tested], case.looks.scores(tested)
    pooled = matched = None
    if enough(positive, patient):
        pooled = area_within(positive, score=score, patient=patient)
        matched = area_within(positive, score=score, patient=patient, stratum=attribute.groups[tested])
    follows = _follows(odds[tested] > 0, positive, score, patient)
    return Followed(attribute, len(rows), alone, pooled, matched, follows)


def _enough(case: Case, rows: np.ndarray) -> bool:
    sides = [rows[case.positive[rows]], rows[~case.positive[rows]]]
    return all(len(side) >= ENOUGH_FILMS and len(np.unique(case.patient[side])) >= ENOUGH_PATIENTS for side in sides)


def _odds(case: Case, attribute: Attribute, rows: np.ndarray) -> np.ndarray:
    """Log odds of the positive class above its share, from the share of positives among other patients' films alike."""
    frame = case.frame.iloc[rows].reset_index(drop=True)
    frame = frame.assign(_class=np.where(case.positive[rows], "positive", "negative"))
    target = case.positive[rows].astype(int)
    groups = attribute.groups[rows].astype(float)[:, None]
    return out_of_fold(groups, target, frame=frame, learn=by_share, seed=case.seed)[:, 1]


def _follows(says: np.ndarray, positive: np.ndarray, score: np.ndarray, patient: np.ndarray) -> Interval | None:
    """AUC, within a label, of the score for what the attribute takes for positive; None for few films."""
    label = positive.astype(int)
    if not len(says) or patients_within(says, patient=patient, stratum=label) < FEWEST:
        return None
    return area_within(says, score=score, patient=patient, stratum=label)
