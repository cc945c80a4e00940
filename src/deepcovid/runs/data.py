"""From a table to what a training needs: labelled films, two classes, three sides."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.datasets.splits import FRACTIONS, add_validation, split_table
from deepcovid.datasets.table import Table, drop_unlabelled
from deepcovid.errors import TableError
from deepcovid.progress import Progress

SIDES = ("train", "val", "test")
VALIDATION_SHARE = 0.15


@dataclass(frozen=True)
class Prepared:
    """Labelled films with their class and side.

    Attributes:
        table: rows with a label, each with a `split`.
        label_column: what holds the label.
        classes: ("not X", X): a film is of class 1 when its label is the positive one.
        notes: what was done to the table, a sentence each.
    """

    table: Table
    label_column: str
    classes: tuple[str, str]
    notes: tuple[str, ...]

    @property
    def positive(self) -> str:
        """The positive class."""
        return self.classes[1]

    @property
    def frame(self) -> pd.DataFrame:
        """The table's rows."""
        return self.table.frame

    @property
    def targets(self) -> np.ndarray:
        """1 for positive films, else 0: int64 (N,)."""
        return (self.frame[self.label_column] == self.positive).to_numpy(dtype=np.int64)

    def rows(self, side: str) -> np.ndarray:
        """Positions of the rows of one side."""
        return np.flatnonzero((self.frame["split"] == side).to_numpy())

    @property
    def counts(self) -> dict[str, Any]:
        """Films and positives in all and by side, and the hash of what the table says."""
        sides = {
            side: {"positive": int(self.targets[self.rows(side)].sum()), "films": len(self.rows(side))}
            for side in SIDES
        }
        return {
            "films": len(self.frame),
            "positive": int(self.targets.sum()),
            "sides": sides,
            "table_hash": self.table.hash,
        }

    def without(self, positions: list[int]) -> Prepared:
        """The same without some rows (films that could not be read)."""
        frame = self.frame.drop(index=self.frame.index[positions]).reset_index(drop=True)
        kept = Prepared(self.table.with_frame(frame), self.label_column, self.classes, self.notes)
        _require_both(kept, self.table)
        return kept


def prepare(table: Table, *, positive: str, label_column: str, seed: int, progress: Progress) -> Prepared:
    """Drop rows without a label, name the two classes, and split by patient where the table has no split.

    Raises:
        TableError: the positive class is absent, is the only one, or is missing on a side.
    """
    # in an order of their own, so that the order of the rows changes nothing
    ordered = table.with_frame(table.frame.sort_values("image", kind="stable").reset_index(drop=True))
    labelled = drop_unlabelled(ordered, label_column=label_column)
    labels = labelled.frame[label_column]
    if positive not in set(labels):
        known = ", ".join(f"{name} ({count})" for name, count in labels.value_counts().items())
        raise TableError(
            f"no film is labelled {positive!r} in the column {label_column!r}; the labels are: {known}",
            path=table.path,
            mend=f"{_guess(positive, labels)}name the positive class with --positive, or another column with --label-column",
        )
    if labels.nunique() < 2:
        raise TableError(
            f"every film is labelled {positive!r}", path=table.path, mend="add films without the disease to the table"
        )
    split, notes = _with_sides(labelled, label_column=label_column, seed=seed)
    all_notes = tuple(dict.fromkeys((*split.notes, *notes)))
    said = tuple(note for note in all_notes if not any(other.startswith(note) for other in all_notes if other != note))
    for note in said:
        progress.say(note)
    prepared = Prepared(split, label_column, (f"not {positive}", positive), said)
    _require_both(prepared, table)
    return prepared


def _with_sides(table: Table, *, label_column: str, seed: int) -> tuple[Table, list[str]]:
    if "split" not in table.frame or table.frame["split"].isna().all():
        split = split_table(table, label_column=label_column, seed=seed, overwrite=True)
        shares = ", ".join(f"{100 * share:g}" for share in FRACTIONS.values())
        return split, [f"The table had no split: films were split into train, val and test{_by(table)} ({shares} %)."]
    if table.frame["split"].isna().any():
        raise TableError(
            f"{int(table.frame['split'].isna().sum())} labelled rows have no split while others have one",
            path=table.path,
            mend="fill the column, or split anew: deepcovid data split TABLE --out NEW --overwrite",
        )
    if not (table.frame["split"] == "val").any():
        split = add_validation(table, fraction=VALIDATION_SHARE, label_column=label_column, seed=seed)
        return split, [
            f"The table had no validation side: {VALIDATION_SHARE:.0%} of train was taken for it{_by(table)}."
        ]
    return table, []


def _guess(positive: str, labels: pd.Series) -> str:
    near = {str(label).casefold(): str(label) for label in labels.unique()}
    close = difflib.get_close_matches(positive.casefold(), near, n=1)
    return f"did you mean {near[close[0]]!r}? " if close else ""


def _by(table: Table) -> str:
    known = "patient" in table.frame and table.frame["patient"].notna().any()
    return " by patient" if known else " film by film, since no patient is known"


def _require_both(prepared: Prepared, table: Table) -> None:
    for side in SIDES:
        targets = prepared.targets[prepared.rows(side)]
        if len(targets) == 0 or targets.min() == targets.max():
            found = f"{int(targets.sum())} positive and {int((1 - targets).sum())} other films"
            raise TableError(
                f"the side {side} has {found}; each side needs both",
                path=table.path,
                mend="give more patients of the rarer class, or split anew: deepcovid data split",
            )
