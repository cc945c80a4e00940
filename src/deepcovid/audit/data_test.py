"""What a test of data is: a question, a rule with its limit, and a pure function from a table's rows to a verdict."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from deepcovid.datasets.columns import text_column
from deepcovid.datasets.duplicates import Pair, Pairs
from deepcovid.datasets.film_facts import Films
from deepcovid.registry import Registry

Verdict = Literal["PASS", "CANNOT TELL", "WARN", "FAIL"]
GRAVITY: tuple[Verdict, ...] = get_args(Verdict)  # from the best to the worst


@dataclass(frozen=True, eq=False)
class Subject:
    """What is tested.

    Attributes:
        frame: one row a film, index 0 … N - 1; known columns as text, `age` in years where it is a number.
        rows: the row numbers that a spreadsheet shows, (N,).
        label_column: the column that holds the class.
        films: what is known of each file.
        pairs: films that may be one.
        positives: the classes asked for; empty: every class with enough films.
        problems: what is wrong with cells of the table, sentences.
        seed: of everything random.
    """

    frame: pd.DataFrame
    rows: np.ndarray
    films: Films
    pairs: Pairs
    label_column: str = "label"
    positives: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    seed: int = 0

    @property
    def labels(self) -> pd.Series:
        """The class of each film; missing where it is unknown."""
        return text_column(self.frame, self.label_column)

    def column(self, name: str) -> pd.Series:
        """A column, or one of missing values."""
        return text_column(self.frame, name)

    def row(self, position: int) -> int:
        """The row number that a spreadsheet shows."""
        return int(self.rows[position])

    def film(self, position: int) -> dict[str, Any]:
        """A film as the report names it: row, image, patient, source, label, split."""
        names = {name: name for name in ("image", "patient", "source", "split")} | {"label": self.label_column}
        cells = {ours: self.frame[name].iloc[position] for ours, name in names.items() if name in self.frame.columns}
        told = {ours: None if pd.isna(cell := cells.get(ours)) else str(cell) for ours in names}
        return {"row": self.row(position), **told}


@dataclass(frozen=True, eq=False)
class DataResult:
    """What a test of data found.

    Attributes:
        verdict: by the test's rule.
        sentence: the finding for a reader, with its figures.
        figures: the same in JSON's types; an AUC is an interval with method, n and unit.
        findings: one sentence a thing to mend or look at, all of them.
        notes: how the figures were made and what was left out.
    """

    verdict: Verdict
    sentence: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.verdict not in GRAVITY:
            raise ValueError(f"a verdict is one of {', '.join(GRAVITY)}, not {self.verdict!r}")

    def to_dict(self) -> dict[str, Any]:
        """The result in JSON's types."""
        return {
            "verdict": self.verdict,
            "sentence": self.sentence,
            "figures": dict(self.figures),
            "findings": list(self.findings),
            "notes": list(self.notes),
        }


Test = Callable[[Subject], DataResult]


@dataclass(frozen=True)
class DataTest:
    """A registered test: name, question and rule as the report and the documentation say them."""

    name: str
    question: str
    rule: str
    place: int
    run: Test

    def __call__(self, subject: Subject) -> tuple[DataTest, DataResult]:
        return self, self.run(subject)


DATA_TESTS = Registry[DataTest]("data test")


def data_test(*, name: str, question: str, rule: str, place: int) -> Callable[[Test], Test]:
    """A decorator that enters a test.

    Args:
        name: in small letters with hyphens; the file's name with underscores.
        question: what the test answers.
        rule: when the verdict is FAIL, WARN, PASS and CANNOT TELL.
        place: where it stands in the report; lower comes first.
    """

    def enter(run: Test) -> Test:
        DATA_TESTS.add(name, DataTest(name, question, rule, place, run))
        return run

    return enter


@functools.cache
def data_tests() -> tuple[DataTest, ...]:
    """Every test of the package `audit`, in the order of the report: each file there that registers one is found."""
    import deepcovid.audit

    for module in pkgutil.iter_modules(deepcovid.audit.__path__):
        importlib.import_module(f"deepcovid.audit.{module.name}")
    return tuple(sorted((DATA_TESTS[name] for name in DATA_TESTS), key=lambda test: (test.place, test.name)))


def gravest(verdicts: list[Verdict]) -> Verdict:
    """The worst of some verdicts."""
    return max(verdicts, key=GRAVITY.index, default="PASS")


def is_between_patients(pair: Pair, groups: np.ndarray, split: np.ndarray) -> bool:
    """Whether a pair stands under two patients (a film without one counts as its own), or on two sides of the split."""
    sides = {split[pair.a], split[pair.b]}
    torn = len(sides) == 2 and not any(pd.isna(side) for side in sides)
    return bool(groups[pair.a] != groups[pair.b] or torn)
