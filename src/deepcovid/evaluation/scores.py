"""Scores of films, ours or anyone's: a table with a label and a score a row, checked and put in one order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from deepcovid.errors import ScoresError, did_you_mean
from deepcovid.evaluation.facets import facets_of
from deepcovid.evaluation.labels import cell_text, labels_as_text, listed

POSITIVE, NORMAL, OTHER = "positive", "normal", "other"
_FIRST_ROW = 2  # as a spreadsheet counts: the header is row 1
_ROUNDING = 1e-6  # a float32 softmax may end at 1.0000001
_SPLITS = {
    "test": "test",
    "testing": "test",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "train": "train",
    "training": "train",
}


@dataclass(frozen=True)
class Scores:
    """Films with a known label and a score, in an order that does not depend on the order of the rows.

    Attributes:
        positive: bool (N,), is the film of the positive class?
        score: float (N,) in [0, 1], the probability of the positive class.
        group: str (N,), "positive", "normal" or "other".
        split: str (N,), "train", "val", "test", another word of the table, or "" where unknown.
        source: str (N,), "" where unknown.
        patient: int (N,), equal for films of one patient of one source; a film without a patient id has its own.
        patient_known: bool (N,), does the film have a patient id?
        n_dropped: rows left out because label or score is empty.
        facets: what else is known: "sex", "age band", "view", "source" → str (N,), "" where unknown; absent where of no film.
    """

    positive: np.ndarray
    score: np.ndarray
    group: np.ndarray
    split: np.ndarray
    source: np.ndarray
    patient: np.ndarray
    patient_known: np.ndarray
    n_dropped: int
    facets: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.score)

    @property
    def n_positive(self) -> int:
        """Films of the positive class."""
        return int(np.count_nonzero(self.positive))

    @property
    def n_negative(self) -> int:
        """Films of any other class."""
        return len(self) - self.n_positive

    def pick(self, rows: np.ndarray) -> Scores:
        """The films of a bool (N,) mask, in the same order."""
        names = ("positive", "score", "group", "split", "source", "patient", "patient_known")
        facets = {name: words[rows] for name, words in self.facets.items()}
        return replace(self, **{name: getattr(self, name)[rows] for name in names}, facets=facets)

    @property
    def n_patients(self) -> int | None:
        """Patients, a film without an id counting as one; None where no film has an id."""
        return len(np.unique(self.patient)) if self.patient_known.any() else None

    def patients_of(self, films: np.ndarray) -> int:
        """Patients among the films of a bool (N,) mask."""
        return len(np.unique(self.patient[films]))


def read_scores(
    frame: pd.DataFrame,
    *,
    positive: str,
    label_column: str = "label",
    score_column: str = "score",
    normal: str | None = None,
) -> Scores:
    """Check a scores table and bring it into order.

    Labels may be text, 0/1 or true/false (positive is then "1"). Rows without a label or a score are left out and
    counted. Where there is no column `score` but one named `score_<positive>`, that one is read.

    Args:
        frame: columns label and score; `split`, `source` and `patient` are used when present.
        positive: the label of the positive class.
        label_column: where the labels are.
        score_column: where the scores are.
        normal: the label of normal films, for the histogram.

    Raises:
        ScoresError: a column that is absent, every score that is no number in [0, 1] with its row, a positive class that
            no row has, or only one class.
    """
    score_column = _score_column(frame, positive=positive, score_column=score_column)
    _check_columns(frame, needed=[label_column, score_column])
    labels = labels_as_text(frame[label_column])
    values = scores_as_numbers(frame[score_column], name=score_column)
    kept = labels.notna().to_numpy() & ~np.isnan(values)
    if not kept.any():
        raise ScoresError(
            f"no row has both a label (column {label_column!r}) and a score (column {score_column!r})",
            mend="check that the table is the one with the scores",
        )
    text = labels[kept].to_numpy(dtype=str)
    group = group_of(text, positive=positive, normal=normal)
    _check_classes(text, group=group, positive=positive, label_column=label_column)
    return _in_order(frame.loc[kept], score=values[kept], group=group, n_dropped=int(np.count_nonzero(~kept)))


def group_of(labels: np.ndarray, *, positive: str, normal: str | None = None) -> np.ndarray:
    """ "positive", "normal" or "other" for each label (N,); without `normal` all negatives are "other".

    Args:
        labels: str (N,), or 0/1 or bool.
        positive: the positive class; "1" and "true" both name true in 0/1 and bool labels.
        normal: the class of normal films.
    """
    text = labels_as_text(pd.Series(np.asarray(labels))).to_numpy(dtype=str)
    group = np.full(len(text), OTHER, dtype="U8")
    if normal is not None:
        group[text == _name_in(text, normal)] = NORMAL
    group[text == _name_in(text, positive)] = POSITIVE
    return group


def _name_in(text: np.ndarray, name: str) -> str:
    plain = str(name).strip()
    truth = {"true": "1", "false": "0", "1.0": "1", "0.0": "0"}.get(plain.lower())
    return truth if truth is not None and not np.any(text == plain) else plain


def _score_column(frame: pd.DataFrame, *, positive: str, score_column: str) -> str:
    of_class = f"score_{positive}"
    return of_class if score_column == "score" and "score" not in frame and of_class in frame else score_column


def _check_columns(frame: pd.DataFrame, *, needed: list[str]) -> None:
    columns = [str(c) for c in frame.columns]
    for name in needed:
        if columns.count(name) > 1:
            raise ScoresError(f"the column {name!r} stands {columns.count(name)} times in the table", mend="keep one")
    absent = [name for name in needed if name not in columns]
    if absent:
        there = ", ".join(columns) or "none"
        raise ScoresError(
            f"the table has no column {' and no column '.join(map(repr, absent))}; its columns are: {there}",
            mend=f"{did_you_mean(absent[0], columns)}rename the columns to `label` and `score`, or say which ones to read "
            "(--label-column, --score-column)",
        )


def scores_as_numbers(column: pd.Series, *, name: str) -> np.ndarray:
    """Scores as floats in [0, 1], NaN where a cell is empty.

    Raises:
        ScoresError: every cell that is no such number, with its row.
    """
    cells = [cell_text(v) for v in column.tolist()]
    numbers = pd.to_numeric(pd.Series(cells, dtype="object"), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    problems = []
    for row, (cell, number) in enumerate(zip(cells, numbers, strict=True), start=_FIRST_ROW):
        if cell is not None and cell.lower() != "nan" and np.isnan(number):
            problems.append(f"row {row}: {cell!r} is not a number")
        elif number < -_ROUNDING or number > 1 + _ROUNDING:
            problems.append(f"row {row}: {number:g} is outside 0 to 1")
    if problems:
        raise ScoresError(
            listed(f"{len(problems)} values of column {name!r} are not scores", problems=problems), mend=_MEND
        )
    return np.clip(numbers, 0.0, 1.0)


_MEND = (
    "a score is the probability of the positive class, 0 to 1: divide per cents by 100, "
    "put logits through the logistic function, leave unknown ones empty"
)


def _check_classes(labels: np.ndarray, *, group: np.ndarray, positive: str, label_column: str) -> None:
    there = ", ".join(f"{name} ({count})" for name, count in zip(*np.unique(labels, return_counts=True), strict=True))
    if not np.any(group == POSITIVE):
        guess = did_you_mean(positive, np.unique(labels).tolist())
        raise ScoresError(
            f"no scored row is labelled {str(positive)!r} in column {label_column!r}; the labels there are: {there}",
            mend=f"{guess}name the positive class (--positive)",
        )
    if np.all(group == POSITIVE):
        raise ScoresError(
            f"every scored row is labelled {str(positive)!r}: with one class there is nothing to tell apart",
            mend="add scored films of another class",
        )


def _text_column(frame: pd.DataFrame, name: str) -> np.ndarray:
    if name not in frame:
        return np.full(len(frame), "", dtype="U1")
    return np.array([cell_text(v) or "" for v in frame[name].tolist()], dtype=str)


def _in_order(frame: pd.DataFrame, *, score: np.ndarray, group: np.ndarray, n_dropped: int) -> Scores:
    split, patient, known, order = people_of(frame, ties=(score, group))
    return Scores(
        positive=(group == POSITIVE)[order],
        score=score[order],
        group=group[order],
        split=split,
        source=_text_column(frame, "source")[order],
        patient=patient,
        patient_known=known,
        n_dropped=n_dropped,
        facets={name: words[order] for name, words in facets_of(frame).items()},
    )


def people_of(
    frame: pd.DataFrame, *, ties: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Films in the one order of all evaluations: split, patient and whether it is known, each (N,) in that order; the order.

    Patients by source and name, then films without a patient, each by the last of `ties` first: no two orders of the
    rows differ.
    """
    patient, source, raw_split, person = (
        _text_column(frame, name) for name in ("patient", "source", "split", "person")
    )
    place = np.where(person == "", source, "\x1fperson")  # a person stands above sources
    patient = np.where(person == "", patient, person)
    split = np.array([_SPLITS.get(s.lower(), s) for s in raw_split], dtype=str)
    unknown = patient == ""
    order = np.lexsort((*ties, split, source, patient, np.where(unknown, "", place), unknown))
    ids = _cluster_codes(patient[order], source=place[order])
    return split[order], ids, ~unknown[order], order


def _cluster_codes(patient: np.ndarray, *, source: np.ndarray) -> np.ndarray:
    """Integer (N,): equal for equal (source, patient); every film without a patient gets its own."""
    keys: Iterable[object] = (
        (s, p) if p else ("", "", row) for row, (s, p) in enumerate(zip(source.tolist(), patient.tolist(), strict=True))
    )
    codes: dict[object, int] = {}
    return np.array([codes.setdefault(key, len(codes)) for key in keys], dtype=np.int64)
