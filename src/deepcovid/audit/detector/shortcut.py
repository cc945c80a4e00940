"""The rule for shortcuts that can be put on a film: they tell the label in the data, and put on, they move the score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.audit.detector.areas import enough, unit_words, words
from deepcovid.audit.detector.detector_test import Case, Verdict
from deepcovid.audit.detector.drawn import drawn_rows
from deepcovid.audit.detector.looks import PLAIN, Alteration, Need
from deepcovid.audit.detector.style_measure import PARTS, STYLE
from deepcovid.audit.detector.within import STRICT, area_within
from deepcovid.audit.prediction import Learner, by_logistic, out_of_fold
from deepcovid.evaluation.intervals import Interval

LIMIT = 0.60
MEASURED = 250  # films of either class whose attributes are learnt from
BASE = 120  # tested films that are altered, of one class
GROUP = 0.25  # share of a class whose films stand for its habit
LEAST_GROUP = 8
RULE = (
    f"FAIL for a kind needs both: (a) in the data, what is measured of it outside the lungs tells the label with an AUC whose "
    f"lower limit is above {LIMIT:.2f} (learnt across patients); (b) the same tested films, altered once as the positives have "
    "it and once as the negatives have it, are told apart by the score with an AUC whose lower 99 % limit is above "
    f"{LIMIT:.2f}. PASS for a kind: (a) or (b) has an upper limit of at most {LIMIT:.2f}. Else CANNOT TELL."
)


@dataclass(frozen=True, eq=False)
class Sides:
    """Films, and what is done to each to give it the positives' and the negatives' habit.

    Attributes:
        rows: of the case; tested films of one class.
        positive, negative: the alterations.
        told: how they differ, in words.
    """

    rows: np.ndarray
    positive: Alteration
    negative: Alteration
    told: str


@dataclass(frozen=True, eq=False)
class Habits:
    """What the data say of one kind.

    Attributes:
        kind: in the words of `kinds`.
        data: AUC with which its attributes tell the label.
        positive, negative: row numbers of the films that stand for either class's habit.
        values: float (n, D), attributes of `rows`.
        rows: row numbers of the films measured.
    """

    kind: str
    data: Interval
    positive: np.ndarray
    negative: np.ndarray
    values: np.ndarray
    rows: np.ndarray

    def of(self, rows: np.ndarray) -> np.ndarray:
        """Attributes of some of the rows, float (n, D)."""
        return self.values[np.searchsorted(self.rows, rows)]


Alter = Callable[[Case, Habits], Sides]


@dataclass(frozen=True, eq=False)
class Judged:
    """A kind with its two sides and its verdict."""

    kind: str
    data: Interval
    detector: Interval
    strict: Interval
    told: str

    @property
    def verdict(self) -> Verdict:
        """By `RULE`."""
        if self.data.low > LIMIT and self.strict.low > LIMIT:
            return "FAIL"
        return "PASS" if min(self.data.high, self.detector.high) <= LIMIT else "CANNOT TELL"

    def to_dict(self) -> dict[str, Any]:
        """In JSON's types."""
        told = {name: getattr(self, name).to_dict() for name in ("data", "detector", "strict")}
        return {"kind": self.kind, "verdict": self.verdict, **told, "altered": self.told}

    @property
    def words(self) -> str:
        """One clause for a reader."""
        data, detector = words(self.data), words(self.detector)
        if self.verdict == "FAIL":
            given = f"given to the same films ({unit_words(self.detector)}) as either class has it"
            return f"{self.kind} tells the label (AUC {data}) and, {given}, moves the score (AUC {detector})"
        return f"{self.kind}: AUC {data} for the label; of the score, given to the same films, {detector}"

    @property
    def note(self) -> str:
        """What a PASS or CANNOT TELL leaves to say; empty where there is nothing."""
        if self.verdict != "FAIL" and self.detector.low > LIMIT:
            return f"sensitive to {self.kind} ({self.told}), which does not tell the label here beyond doubt"
        if self.verdict == "PASS" and self.data.low > LIMIT:
            return f"the data hold {self.kind} and the detector hardly uses it ({self.told})"
        return ""


def measured_rows(case: Case) -> np.ndarray:
    """Rows whose attributes are learnt from: tested films and, where they are known, those trained on."""
    return drawn_rows(case, each=MEASURED, among=case.tested | case.trained)


def measuring(case: Case) -> Need:
    """Their attributes."""
    return Need(measured_rows(case), (STYLE,))


def base_rows(case: Case, *, positive: bool) -> np.ndarray:
    """Tested films of one class that are altered."""
    rows = drawn_rows(case, each=BASE)
    return rows[case.positive[rows] == positive]


def can_be_asked(case: Case) -> bool:
    """Whether there are enough patients of either class among measured and tested films."""
    tested, measured = drawn_rows(case, each=BASE), measured_rows(case)
    return all(enough(case.positive[rows], case.patient[rows]) for rows in (tested, measured))


def habits(case: Case, kind: str, *, learn: Learner = by_logistic) -> Habits:
    """How far a kind tells the label, and which films show either class's habit best."""
    case.looks.ensure([measuring(case)])
    rows = measured_rows(case)
    values = case.looks.measured(rows, STYLE)[:, PARTS[kind]].astype(float)
    positive = case.positive[rows]
    frame = pd.DataFrame({name: case.column(name).iloc[rows].to_numpy() for name in ("patient", "person", "source")})
    frame = frame.assign(image=np.arange(len(rows)).astype(str), _class=np.where(positive, "positive", "negative"))
    odds = out_of_fold(values, positive.astype(int), frame=frame, learn=learn, seed=case.seed)[:, 1]
    data = area_within(positive, score=odds, patient=case.patient[rows])
    return Habits(kind, data, rows[_most(odds, positive)], rows[_most(-odds, ~positive)], values, rows)


def needs_of(sides: Sequence[Sides]) -> list[Need]:
    """What must be looked at."""
    return [Need(one.rows, (PLAIN, one.positive, one.negative)) for one in sides]


def judged(case: Case, found: Habits, sides: Sides) -> Judged:
    """Hold the scores of the same films under both habits against each other."""
    n = len(sides.rows)
    first, second = (case.looks.scores(sides.rows, side) for side in (sides.positive, sides.negative))
    if np.array_equal(first, second):
        same = Interval(value=0.5, low=0.5, high=0.5, method="the same score for both", n=n)
        return Judged(found.kind, found.data, same, same, sides.told)
    outcome, patient = np.arange(2 * n) < n, np.tile(case.patient[sides.rows], 2)
    detector, strict = (
        area_within(outcome, score=np.append(first, second), patient=patient, confidence=level)
        for level in (0.95, STRICT)
    )
    return Judged(found.kind, found.data, detector, strict, sides.told)


def _most(odds: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Positions in order of the films of a side with the highest odds: a quarter of them, at least `LEAST_GROUP`."""
    mine = np.flatnonzero(side)
    count = min(len(mine), max(LEAST_GROUP, round(GROUP * len(mine))))
    return np.sort(mine[np.argsort(-odds[mine], kind="stable")[:count]])
