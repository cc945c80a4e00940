"""Several findings a film: which it has, which it is known not to have, and which nobody has told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from deepcovid.errors import DeepCovidError, TableError
from deepcovid.evaluation.labels import cell_text, listed

NOTHING = ("no finding", "no findings", "none", "normal", "healthy")  # words for a film without any finding
_MARKS = {"1": 1.0, "0": 0.0, "-1": np.nan}  # CheXpert's: present, absent, uncertain
SEPARATORS = re.compile(r"[|;]")
_FIRST_ROW = 2  # as a spreadsheet counts: the header is row 1


@dataclass(frozen=True, eq=False)
class Findings:
    """The findings of films.

    Attributes:
        classes: the findings, in order.
        known: float32 (N, K): 1 present, 0 absent, NaN unknown; a film of which nothing is known has a row of NaN.
        notes: sentences about what was read.
    """

    classes: tuple[str, ...]
    known: np.ndarray
    notes: tuple[str, ...] = ()


def findings_of(
    frame: pd.DataFrame,
    *,
    classes: Sequence[str] = (),
    label_column: str = "label",
    normal: str | None = None,
    error: type[DeepCovidError] = TableError,
) -> Findings:
    """Read the findings of every film, from a column of lists or from a column for each finding.

    Where every one of `classes` is a column, its cells are 1 (present), 0 (absent), and -1 or empty (unknown), as CheXpert
    writes them. Else `label_column` holds words separated by `|` or `;`: a finding that is not named is absent, a word
    such as "No finding" (or `normal`) names none, and an empty cell is unknown throughout.

    Args:
        frame: N rows.
        classes: the findings in order; empty: all that `label_column` names, in alphabetical order.
        label_column: where lists stand.
        normal: one more word for a film without findings.
        error: what to raise.

    Raises:
        DeepCovidError: neither the columns nor the label column is there, or a cell holds something else.
    """
    names = tuple(classes)
    columns = [name for name in names if name in frame]
    if names and len(columns) == len(names):
        return Findings(names, _from_columns(frame, names, error))
    if label_column in frame:
        return _from_lists(frame[label_column], names, _nothing(names, normal))
    absent = [name for name in names if name not in frame]
    raise error(
        f"the table has no column {label_column!r}"
        + (f", and of the findings no column {', '.join(map(repr, absent))}" if names else ""),
        mend="name the column of findings with --label-column, or give a column of 0, 1 and -1 for each of --classes",
    )


def _nothing(names: Sequence[str], normal: str | None) -> set[str]:
    """Words for no finding, in small letters; one that is asked for as a class is none of them."""
    words = {*NOTHING, *([normal.strip().casefold()] if normal else [])}
    return words - {name.casefold() for name in names}


def _from_columns(frame: pd.DataFrame, names: Sequence[str], error: type[DeepCovidError]) -> np.ndarray:
    known = np.full((len(frame), len(names)), np.nan, dtype=np.float32)
    problems = []
    for column, name in enumerate(names):
        for row, cell in enumerate(cell_text(value) for value in frame[name].tolist()):
            if cell is None:
                continue
            mark = cell.removesuffix(".0")
            if mark not in _MARKS:
                problems.append(f"row {row + _FIRST_ROW}: {name} is {cell!r}")
            else:
                known[row, column] = _MARKS[mark]
    if problems:
        raise error(
            listed(f"{len(problems)} cells of the columns of findings are none of 1, 0, -1", problems=problems),
            mend="write 1 for present, 0 for absent, and -1 or nothing for unknown",
        )
    return known


def _from_lists(cells: pd.Series, names: tuple[str, ...], nothing: set[str]) -> Findings:
    parts = [_parts(cell_text(value)) for value in cells.tolist()]
    found = sorted({part for row in parts for part in row or [] if part.casefold() not in nothing})
    classes = names or tuple(found)
    known = np.full((len(parts), len(classes)), np.nan, dtype=np.float32)
    for row, words in enumerate(parts):
        if words is not None:
            known[row] = [name in words for name in classes]
    others = {name: sum(name in (row or ()) for row in parts) for name in found if name not in classes}
    return Findings(classes, known, _told_others(others))


def _parts(cell: str | None) -> list[str] | None:
    """The words of a cell; None where it is empty."""
    if cell is None:
        return None
    return [part for part in (piece.strip() for piece in SEPARATORS.split(cell)) if part]


def _told_others(others: dict[str, int]) -> tuple[str, ...]:
    if not others:
        return ()
    told = ", ".join(f"{name} ({count})" for name, count in others.items())
    return (f"Findings that are none of the classes are passed over: {told} films.",)


def rarest_finding(known: np.ndarray, *, classes: Sequence[str]) -> np.ndarray:
    """The rarest finding of each film, which a split can be balanced by: str (N,), "no finding" for a film without any.

    Args:
        known: (N, K), 1 where a finding is present.
        classes: the K findings.
    """
    present = known == 1
    count = present.sum(axis=0)
    rank = np.where(present, count, len(known) + 1)
    names = np.asarray(classes, dtype=str)[rank.argmin(axis=1)]
    return np.where(present.any(axis=1), names, NOTHING[0])


def patterns(known: np.ndarray, *, classes: Sequence[str], fewest: int = 10) -> np.ndarray:
    """What a split of films with several findings is balanced by, str (N,): which are present and which unknown ("flu?").

    A pattern that fewer than `fewest` films have gives way to the rarest finding of each.
    """
    marks = ["{}", "{}?"]
    words = [
        ", ".join(
            mark.format(name)
            for name, cell in zip(classes, row, strict=True)
            for mark, holds in zip(marks, (cell == 1, np.isnan(cell)), strict=True)
            if holds
        )
        or NOTHING[0]
        for row in known
    ]
    whole = pd.Series(words, dtype="object")
    common = whole.map(whole.value_counts()) >= fewest
    found: np.ndarray = np.where(common, whole, rarest_finding(known, classes=classes)).astype(str)
    return found


def as_one_label(
    frame: pd.DataFrame,
    classes: Sequence[str],
    *,
    positive: str,
    label_column: str = "label",
    normal: str | None = None,
    error: type[DeepCovidError] = TableError,
) -> pd.DataFrame:
    """The rows with one label a film in `label_column`, for what asks about the positive class alone.

    It is the positive class where that is present, `normal` where every finding is known to be absent, "not <positive>"
    where the positive one is, and missing where it is unknown. The other arguments are those of `findings_of`.
    """
    known = findings_of(frame, classes=classes, label_column=label_column, normal=normal, error=error).known
    place = list(classes).index(positive)
    labels = np.full(len(known), None, dtype=object)
    labels[known[:, place] == 0] = f"not {positive}"
    labels[(known == 0).all(axis=1)] = normal or f"not {positive}"
    labels[known[:, place] == 1] = positive
    return frame.assign(**{label_column: labels})
