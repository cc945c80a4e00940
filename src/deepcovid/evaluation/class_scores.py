"""Scores of several classes a film, ours or anyone's: columns `score_<class>` beside the truth, checked and in one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from deepcovid.errors import ScoresError
from deepcovid.evaluation.findings import SEPARATORS, findings_of
from deepcovid.evaluation.labels import labels_as_text
from deepcovid.evaluation.scores import OTHER, POSITIVE, Scores, people_of, scores_as_numbers

SeveralTask = Literal["multi-class", "multi-label"]
PREFIX = "score_"


@dataclass(frozen=True, eq=False)
class ClassScores:
    """Films with a known truth and a score for every class, in an order that does not depend on the order of the rows.

    Attributes:
        task: "multi-class": one class a film; "multi-label": any number.
        classes: the K names.
        score: float (N, K) in [0, 1].
        truth: float (N, K): 1 of the class, 0 not, NaN unknown (multi-label).
        split: str (N,), as in `Scores`.
        patient: int (N,), as in `Scores`.
        patient_known: bool (N,).
        notes: what was left out.
    """

    task: SeveralTask
    classes: tuple[str, ...]
    score: np.ndarray
    truth: np.ndarray
    split: np.ndarray
    patient: np.ndarray
    patient_known: np.ndarray
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.score)

    @property
    def n_patients(self) -> int | None:
        """Patients, a film without an id counting as one; None where no film has an id."""
        return len(np.unique(self.patient)) if self.patient_known.any() else None

    @property
    def called(self) -> np.ndarray:
        """Which classes a film is called: bool (N, K); the highest score (the first of equals), or those from 0.5 on."""
        if self.task == "multi-label":
            return np.asarray(self.score >= 0.5)
        return np.asarray(self.score.argmax(axis=1)[:, None] == np.arange(len(self.classes)))

    def pick(self, rows: np.ndarray) -> ClassScores:
        """The films of a bool (N,) mask, in the same order."""
        names = ("score", "truth", "split", "patient", "patient_known")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def against_rest(self, place: int, *, score: np.ndarray | None = None) -> Scores:
        """One class against the rest, over the films where it is known.

        Args:
            place: of the class.
            score: float (N,) in place of the class's own.
        """
        known = ~np.isnan(self.truth[:, place])
        positive = self.truth[known, place] == 1
        blank = np.full(len(positive), "", dtype="U1")
        return Scores(
            positive=positive,
            score=(self.score[:, place] if score is None else score)[known],
            group=np.where(positive, POSITIVE, OTHER),
            split=self.split[known],
            source=blank,
            patient=self.patient[known],
            patient_known=self.patient_known[known],
            n_dropped=0,
        )


def several_classes(
    frame: pd.DataFrame, *, positive: str, label_column: str, classes: Sequence[str] = ()
) -> tuple[str, ...]:
    """The classes that a table of scores has a column for; none where it has two sides only.

    Without `classes` these are the names after `score_`, if the positive class is among them, at least one other of them
    is a label or a column of the table, and they are not just the positive class and what is not it.

    Raises:
        ScoresError: the positive class is none of `classes`.
    """
    if classes:
        if positive not in classes:
            raise ScoresError(
                f"the positive class {positive!r} is none of the classes {', '.join(classes)}",
                mend="name one of them with --positive",
            )
        return tuple(classes)
    names = tuple(str(name)[len(PREFIX) :] for name in frame.columns if str(name).startswith(PREFIX))
    if positive not in names or set(names) <= {positive, f"not {positive}"}:
        return ()
    words = {word.strip() for label in _labels(frame, label_column) for word in SEPARATORS.split(label)}
    known = [name for name in names if name in words or name in frame]
    return names if len(known) > 1 else ()


def task_of(frame: pd.DataFrame, *, classes: Sequence[str], label_column: str) -> SeveralTask:
    """Multi-label where every class is a column, or a label names several; else multi-class."""
    if all(name in frame for name in classes):
        return "multi-label"
    labels = _labels(frame, label_column)
    several = any(SEPARATORS.search(label) for label in labels - set(classes))
    return "multi-label" if several else "multi-class"


def _labels(frame: pd.DataFrame, label_column: str) -> set[str]:
    return set(labels_as_text(frame[label_column]).dropna()) if label_column in frame else set()


def read_class_scores(
    frame: pd.DataFrame, *, classes: Sequence[str], task: SeveralTask, label_column: str, normal: str | None = None
) -> ClassScores:
    """Check the scores of every class and bring the films into order.

    Args:
        frame: columns `score_<class>` for each class, the truth as `findings_of` reads it (multi-label) or a label that
            is one of the classes; films of other labels are left out and counted. `split`, `source`, `patient` are used.
        classes: their names.
        task: whether a film has one class or any number.
        label_column: where the label is.
        normal: multi-label: one more word for a film without findings.

    Raises:
        ScoresError: a column is absent, a score is no number in [0, 1], or no film is left.
    """
    absent = [f"{PREFIX}{name}" for name in classes if f"{PREFIX}{name}" not in frame]
    if absent:
        there = [str(name) for name in frame.columns if str(name).startswith(PREFIX)]
        raise ScoresError(
            f"the table has no column {', '.join(map(repr, absent))}; those of scores are: {', '.join(there) or 'none'}",
            mend="name the classes as the columns do (--classes)",
        )
    score = np.column_stack([scores_as_numbers(frame[f"{PREFIX}{name}"], name=f"{PREFIX}{name}") for name in classes])
    truth, notes = _truth(frame, classes=classes, task=task, label_column=label_column, normal=normal)
    kept = ~np.isnan(score).any(axis=1) & ~np.isnan(truth).all(axis=1)
    if not kept.any():
        raise ScoresError(
            "no film has both a class and its scores", mend="check that the table is the one with the scores"
        )
    split, patient, known, order = people_of(
        frame.loc[kept], ties=(*score[kept].T, *np.nan_to_num(truth[kept], nan=-1).T)
    )
    score, truth = score[kept][order], truth[kept][order]
    if task == "multi-class" and (np.abs(score.sum(axis=1) - 1) > 0.01).any():
        odd = int((np.abs(score.sum(axis=1) - 1) > 0.01).sum())
        notes.append(f"The scores of {odd} films do not add up to 1; a film is called by the highest all the same.")
    return ClassScores(task, tuple(classes), score, truth, split, patient, known, tuple(notes))


def _truth(
    frame: pd.DataFrame, *, classes: Sequence[str], task: SeveralTask, label_column: str, normal: str | None
) -> tuple[np.ndarray, list[str]]:
    if task == "multi-label":
        found = findings_of(frame, classes=classes, label_column=label_column, normal=normal, error=ScoresError)
        return found.known.astype(float), list(found.notes)
    labels = labels_as_text(frame[label_column])
    truth = np.array([[label == name for name in classes] for label in labels.tolist()], dtype=float)
    other = labels.notna() & ~labels.isin(list(classes))
    truth[~labels.isin(list(classes)).to_numpy()] = np.nan
    if not other.any():
        return truth, []
    told = ", ".join(f"{name} ({count})" for name, count in labels[other].value_counts().items())
    return truth, [f"Films of labels that are none of the classes are left out of their figures: {told}."]
