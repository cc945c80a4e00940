"""A check of a table: every film read once, every test of data asked, and what they found as one JSON value."""

from __future__ import annotations

import os.path
import posixpath
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.audit.data_test import DataResult, DataTest, Subject, Verdict, data_tests, gravest
from deepcovid.audit.file_facts import file_facts, film_pairs
from deepcovid.audit.near_duplicates import pairs_to_show
from deepcovid.datasets.columns import FILE_COLUMNS
from deepcovid.datasets.film_facts import Judge
from deepcovid.datasets.table import Cells, read_cells
from deepcovid.datasets.validation import linked_files, shown, table_problems
from deepcovid.errors import DeepCovidError, TableError
from deepcovid.models.engine import cores
from deepcovid.progress import Progress, Silent

FORMAT = 1
SENTENCES: dict[Verdict, str] = {
    "FAIL": "This table must not be trained on as it is.",
    "WARN": "This table can be read, but what a model learns from it may not be disease; see the warnings.",
    "CANNOT TELL": "Nothing wrong was found; some questions cannot be answered from these films.",
    "PASS": "Nothing wrong was found.",
}


@dataclass(frozen=True, eq=False)
class Examined:
    """A table and what is known of its films.

    Attributes:
        path: the table's file.
        cells: as they stand in it; the index holds row numbers.
        subject: what tests are asked of.
        notes: how it was read.
    """

    path: Path
    cells: Cells
    subject: Subject
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Checked:
    """What a check found.

    Attributes:
        examined: the table.
        results: each test with its result, in the report's order.
        report: the whole as JSON.
    """

    examined: Examined
    results: tuple[tuple[DataTest, DataResult], ...]
    report: dict[str, Any]

    @property
    def verdict(self) -> Verdict:
        """The gravest of the tests' verdicts."""
        return gravest([result.verdict for _, result in self.results])


def check_table(
    path: Path | str,
    *,
    label_column: str = "label",
    positives: Sequence[str] = (),
    allow_outside: bool = False,
    gate: bool = True,
    seed: int = 0,
    progress: Progress | None = None,
) -> Checked:
    """Ask every test of data about a table.

    Args:
        path: the table.
        label_column: the column that holds the class.
        positives: classes to ask about; none: every class with enough films.
        allow_outside: whether films may lie outside the table's folder.
        gate: whether the gate looks at every film.
        seed: of folds and draws.
        progress: told of films and comparisons.

    Raises:
        TableError: the file is no table, has no image or label column, no rows, or paths out of its folder.
    """
    began = time.monotonic()
    examined = examine(
        path,
        label_column=label_column,
        positives=positives,
        allow_outside=allow_outside,
        gate=gate,
        seed=seed,
        progress=progress,
    )
    tests = data_tests()
    tracked = (progress or Silent()).track(tests, description="asking questions", total=len(tests))
    results = tuple(test(examined.subject) for test in tracked)
    return Checked(examined, results, _report(examined, results, seconds=time.monotonic() - began))


def examine(
    path: Path | str,
    *,
    label_column: str = "label",
    positives: Sequence[str] = (),
    allow_outside: bool = False,
    gate: bool = True,
    seed: int = 0,
    progress: Progress | None = None,
) -> Examined:
    """Read a table without refusing what can be reported, look at each of its films, and compare them; as `check_table`."""
    teller, path = progress or Silent(), Path(path)
    cells = read_cells(path, label_column=label_column)
    frame = cells.frame
    _refuse_what_cannot_be_checked(path, cells, label_column, allow_outside)
    _refuse_unknown_positives(path, frame[label_column], positives)
    judge, notes = _gate() if gate else (None, ["the gate was not asked (--no-gate)"])
    paths = [path.parent / ("" if pd.isna(image) else image) for image in frame["image"]]
    films = file_facts(paths, gate=judge, workers=cores(), progress=teller)
    subject = Subject(
        frame=_typed(frame),
        rows=frame.index.to_numpy(),
        films=films,
        pairs=film_pairs(films, progress=teller),
        label_column=label_column,
        positives=tuple(positives),
        problems=tuple(_cell_problems(frame, path.parent, label_column, allow_outside)),
        seed=seed,
    )
    return Examined(path, cells, subject, (*cells.notes, *notes))


def _refuse_what_cannot_be_checked(path: Path, cells: Cells, label_column: str, allow_outside: bool) -> None:
    """Raise for columns that are not there and paths that must not be followed; the rest is reported."""
    probe = cells.frame.drop(columns=["split", "age"], errors="ignore")
    if "image" in probe.columns:
        probe = probe[probe["image"].notna()]
        probe = probe[~probe["image"].map(posixpath.normpath).duplicated()]
        probe = cells.frame.iloc[:0] if cells.frame.empty else probe
    if label_column in probe.columns:
        probe = probe.assign(**{label_column: "known"})  # films without a label have much that can be asked, too
    problems = [*cells.problems]
    problems += table_problems(
        probe, folder=path.parent, label_column=label_column, check_files=False, allow_outside=allow_outside
    )
    if not problems and not allow_outside:
        films = [cells.frame[column].dropna() for column in FILE_COLUMNS if column in cells.frame.columns]
        problems += [problem for paths in films for problem in linked_files(paths, folder=path.parent)]
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise TableError(f"the table cannot be checked: {count}", path=path, problems=problems)


def _refuse_unknown_positives(path: Path, labels: pd.Series, positives: Sequence[str]) -> None:
    absent = [label for label in positives if label not in set(labels.dropna())]
    if absent:
        known = ", ".join(f"{shown(str(name))} ({count})" for name, count in labels.value_counts()[:20].items())
        raise TableError(
            f"no film is labelled {absent[0]!r}; the labels are: {known}",
            path=path,
            mend="name one of these with --positive, or another column with --label-column",
        )


def _cell_problems(frame: pd.DataFrame, folder: Path, label_column: str, allow_outside: bool) -> list[str]:
    """What else `load_table` would refuse, but for patients on two sides and missing films, which tests ask about."""
    rest = frame.drop(columns=["patient", "person"], errors="ignore")
    found = table_problems(
        rest,
        folder=folder,
        label_column=label_column,
        required_labels=False,
        check_files=False,
        allow_outside=allow_outside,
    )
    for column in FILE_COLUMNS[1:]:
        if column in frame.columns:
            cells = frame[column].dropna()
            found += [
                f"row {row}: there is no {column} file {shown(cell)}"
                for row, cell in cells.items()
                if not os.path.isfile(os.path.join(folder, cell))
            ]
    return found


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows from 0 on, ages as numbers; an age that is none is missing."""
    typed = frame.reset_index(drop=True)
    if "age" in typed.columns:
        typed["age"] = pd.to_numeric(typed["age"], errors="coerce").astype("float64")
    return typed


def _gate() -> tuple[tuple[Judge, str] | None, list[str]]:
    """The gate as a function of pixels with its hash; or a note that says why there is none."""
    from deepcovid.models.gate import Gate

    try:
        gate = Gate.load()
    except DeepCovidError as error:
        return None, [f"the gate could not be asked ({error.problem})"]

    def judge(pixels: np.ndarray) -> Mapping[str, Any]:
        said = gate.judge(pixels)
        return {"passes": said.passes, "reason": said.reason, "confidence": round(float(said.confidence), 4)}

    return (judge, gate.hash), []


def _report(examined: Examined, results: Sequence[tuple[DataTest, DataResult]], *, seconds: float) -> dict[str, Any]:
    subject = examined.subject
    verdict = gravest([result.verdict for _, result in results])
    return {
        "format": FORMAT,
        "deepcovid": metadata.version("deepcovid"),
        "table": str(examined.path),
        "films": len(subject.frame),
        "labels": {str(label): int(count) for label, count in subject.labels.value_counts().items()},
        "label_column": subject.label_column,
        "positives": list(subject.positives),
        "verdict": verdict,
        "sentence": SENTENCES[verdict],
        "tests": [
            {"test": test.name, "question": test.question, **result.to_dict(), "rule": test.rule}
            for test, result in results
        ],
        "pairs": pairs_to_show(subject),
        "notes": list(examined.notes),
        "films_read_now": subject.films.computed,
        "seconds": round(seconds, 1),
    }
