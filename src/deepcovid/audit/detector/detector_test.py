"""What a test of a detector is: a question, a rule with its limits, what it must look at, and a function to a verdict."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from deepcovid.audit.detector.looks import PLAIN, Looks, Need
from deepcovid.audit.detector.picture import Picture
from deepcovid.datasets.columns import text_column
from deepcovid.registry import Registry

Verdict = Literal["PASS", "CANNOT TELL", "FAIL"]
GRAVITY: tuple[Verdict, ...] = get_args(Verdict)  # from the best to the worst


@dataclass(frozen=True, eq=False)
class AuditFilms:
    """The films that a detector is audited on, and their sides.

    Attributes:
        frame: labelled films, index 0 … N − 1, with the table's known columns as text and `age` as a number.
        positive: bool (N,), is the film of the detector's positive class?
        patient: int (N,), equal for films of one patient; a film without a patient has its own.
        patient_known: bool (N,).
        tested: bool (N,), films that the detector was not trained on and that chose nothing: the test side, or all films of
            a stranger's table.
        trained: bool (N,), films that it was trained on; all False where that is not known.
    """

    frame: pd.DataFrame
    positive: np.ndarray
    patient: np.ndarray
    patient_known: np.ndarray
    tested: np.ndarray
    trained: np.ndarray


@dataclass(frozen=True, eq=False)
class Case(AuditFilms):
    """A detector and the readable films that it is audited on.

    Attributes:
        looks: its scores and features.
        has_segmenter: whether films have lungs.
        source_column: what counts as source.
        seed: of everything random.
        extra: facts for single tests, such as the run's recipe.
    """

    looks: Looks
    has_segmenter: bool = False
    source_column: str = "source"
    seed: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def rows(self) -> np.ndarray:
        """Row numbers of the tested films."""
        return np.flatnonzero(self.tested)

    def column(self, name: str) -> pd.Series:
        """A column as text, or one of missing values."""
        return text_column(self.frame, name)

    @property
    def source(self) -> pd.Series:
        """The source of each film; missing where unknown."""
        return self.column(self.source_column)


@dataclass(frozen=True, eq=False)
class AuditResult:
    """What a test of a detector found.

    Attributes:
        verdict: by the test's rule.
        sentence: the finding for a reader, with its figures.
        figures: the same in JSON's types; whatever is estimated is an interval with method, n and unit.
        kinds: what the detector reads by this test ("laterality marker", "border" …), on a FAIL.
        notes: how the figures were made and what was left out.
        picture: what a reader would look at.
    """

    verdict: Verdict
    sentence: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    picture: Picture | None = None

    def __post_init__(self) -> None:
        if self.verdict not in GRAVITY:
            raise ValueError(f"a verdict is one of {', '.join(GRAVITY)}, not {self.verdict!r}")

    def to_dict(self) -> dict[str, Any]:
        """The result in JSON's types, without the picture."""
        return {
            "verdict": self.verdict,
            "sentence": self.sentence,
            "figures": dict(self.figures),
            "kinds": list(self.kinds),
            "notes": list(self.notes),
        }


Run = Callable[[Case], AuditResult]
Needs = Callable[[Case], Sequence[Need]]


def plain_scores(case: Case) -> Sequence[Need]:
    """The tested films as they are: what most tests need."""
    return [Need(case.rows, (PLAIN,))]


@dataclass(frozen=True)
class DetectorTest:
    """A registered test.

    Attributes:
        name: in small letters with hyphens; its file's name with underscores.
        number: its number in the audit, 1 to 12.
        question, rule: as the report and the documentation say them.
        run: from a case to a result.
        needs: what must be looked at, so that all tests' films are decoded once.
        bars: whether a FAIL bars the word "detects".
        uses_lungs: whether it needs a segmenter.
    """

    name: str
    number: int
    question: str
    rule: str
    run: Run
    needs: Needs = plain_scores
    bars: bool = False
    uses_lungs: bool = False


DETECTOR_TESTS = Registry[DetectorTest]("test of a detector")


def detector_test(
    *,
    name: str,
    number: int,
    question: str,
    rule: str,
    needs: Needs = plain_scores,
    bars: bool = False,
    uses_lungs: bool = False,
) -> Callable[[Run], Run]:
    """A decorator that enters a test; see `DetectorTest`."""

    def enter(run: Run) -> Run:
        DETECTOR_TESTS.add(name, DetectorTest(name, number, question, rule, run, needs, bars, uses_lungs))
        return run

    return enter


@functools.cache
def detector_tests() -> tuple[DetectorTest, ...]:
    """Every test of the package `audit.detector` in the order of their numbers: each file there that registers one is found."""
    import deepcovid.audit.detector

    for module in pkgutil.iter_modules(deepcovid.audit.detector.__path__):
        importlib.import_module(f"deepcovid.audit.detector.{module.name}")
    return tuple(sorted((DETECTOR_TESTS[name] for name in DETECTOR_TESTS), key=lambda test: (test.number, test.name)))


def gravest(verdicts: Sequence[Verdict]) -> Verdict:
    """The worst of some verdicts."""
    return max(verdicts, key=GRAVITY.index, default="PASS")
