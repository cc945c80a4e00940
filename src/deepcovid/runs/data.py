"""From a table to what a training needs: labelled films, their classes, three sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from deepcovid.datasets.splits import FRACTIONS, add_validation, split_table
from deepcovid.datasets.table import Table
from deepcovid.errors import TableError
from deepcovid.evaluation.findings import as_one_label, findings_of, patterns
from deepcovid.progress import Progress
from deepcovid.runs.classes import Task, classes_of
from deepcovid.runs.settings import Settings
from deepcovid.training.recipe import Recipe

SIDES = ("train", "val", "test")
VALIDATION_SHARE = 0.15
STRATUM = "stratum"  # the column that a split is balanced by, where no column of the table will do


@dataclass(frozen=True)
class Prepared:
    """Labelled films with their classes and side.

    Attributes:
        table: rows with a label, each with a `split`.
        label_column: what holds the label.
        classes: in the order of the outputs, the positive one last; of a binary task ("not X", X).
        notes: what was done to the table, a sentence each.
        task: "binary": the positive label against all others; "multi-class": one label of several a film;
            "multi-label": any number of findings a film.
    """

    table: Table
    label_column: str
    classes: tuple[str, ...]
    notes: tuple[str, ...]
    task: Task = "binary"

    @property
    def positive(self) -> str:
        """The positive class: the one whose probability is the `score`."""
        return self.classes[-1]

    @property
    def positive_index(self) -> int:
        """Where the positive class stands among the outputs."""
        return len(self.classes) - 1

    @property
    def frame(self) -> pd.DataFrame:
        """The table's rows."""
        return self.table.frame

    @cached_property
    def targets(self) -> np.ndarray:
        """The class of each film, int64 (N,); of a multi-label task float32 (N, K): 1 present, 0 absent, NaN unknown."""
        if self.task == "multi-label":
            return findings_of(self.frame, classes=self.classes, label_column=self.label_column).known
        labels = self.frame[self.label_column]
        if self.task == "binary":
            return (labels == self.positive).to_numpy(dtype=np.int64)
        return np.asarray(pd.Categorical(labels, categories=list(self.classes)).codes, dtype=np.int64)

    @cached_property
    def is_positive(self) -> np.ndarray:
        """Whether each film is of the positive class: bool (N,); where that is unknown it is not."""
        found: np.ndarray = self.present[:, self.positive_index]
        return found

    @cached_property
    def present(self) -> np.ndarray:
        """Whether each film is of each class: bool (N, K); where that is unknown it is not."""
        if self.task == "multi-label":
            return np.asarray(self.targets == 1)
        return np.asarray(self.targets[:, None] == np.arange(len(self.classes)))

    @property
    def strata(self) -> np.ndarray:
        """What splits are balanced by, str (N,): the label; of a multi-label task the findings together."""
        if self.task == "multi-label":
            return patterns(self.targets, classes=self.classes)
        return self.frame[self.label_column].to_numpy(dtype=str)

    def one_label_table(self, normal: str) -> Table:
        """The table with one label a film, for what asks about the positive class alone.

        Args:
            normal: multi-label: the label of films without any finding.
        """
        if self.task != "multi-label":
            return self.table
        labelled = as_one_label(
            self.frame, self.classes, positive=self.positive, label_column=self.label_column, normal=normal
        )
        return self.table.with_frame(labelled)

    @property
    def activation(self) -> Literal["softmax", "sigmoid"]:
        """What turns logits into probabilities: softmax where classes exclude one another, sigmoid where they do not."""
        return "sigmoid" if self.task == "multi-label" else "softmax"

    def rows(self, side: str) -> np.ndarray:
        """Positions of the rows of one side."""
        return np.flatnonzero((self.frame["split"] == side).to_numpy())

    @property
    def counts(self) -> dict[str, Any]:
        """Films and positives in all and by side (with several classes: films of each), and the hash of the table."""
        sides = {side: self._counted(self.rows(side)) for side in SIDES}
        whole = self._counted(np.arange(len(self.frame)))
        return {"films": whole.pop("films"), **whole, "sides": sides, "table_hash": self.table.hash}

    def _counted(self, rows: np.ndarray) -> dict[str, Any]:
        told = {"positive": int(self.is_positive[rows].sum()), "films": len(rows)}
        if self.task == "binary":
            return told
        return told | {"classes": dict(zip(self.classes, self.present[rows].sum(axis=0).tolist(), strict=True))}

    def without(self, positions: list[int]) -> Prepared:
        """The same without some rows (films that could not be read)."""
        frame = self.frame.drop(index=self.frame.index[positions]).reset_index(drop=True)
        kept = replace(self, table=self.table.with_frame(frame))
        _require_every_class(kept, self.table, sides=[side for side in SIDES if len(self.rows(side))])
        return kept


def with_caution(prepared: Prepared, caution: str) -> Prepared:
    """The same with one more sentence that must be read before any figure; without one, the same."""
    if not caution:
        return prepared
    return replace(prepared, table=replace(prepared.table, cautions=(*prepared.table.cautions, caution)))


def prepare(
    table: Table,
    *,
    positive: str,
    label_column: str,
    seed: int,
    progress: Progress,
    task: Task = "binary",
    classes: Sequence[str] = (),
    normal: str | None = None,
) -> Prepared:
    """Drop rows without a label, name the classes, and split by patient where the table has no split.

    Args:
        table: films.
        positive: the positive class, which comes last among the classes.
        label_column: what holds the label, or lists of findings.
        seed: of the split.
        progress: told what was done.
        task: one class against the rest, one of several, or any number of findings; see `Prepared`.
        classes: several classes: those that count, in order; empty: all of the table, in alphabetical order.
        normal: multi-label: one more word for a film without findings.

    Raises:
        TableError: the positive class is absent, is the only one, or a class is missing on a side.
    """
    # in an order of their own, so that the order of the rows changes nothing
    ordered = table.with_frame(table.frame.sort_values("image", kind="stable").reset_index(drop=True))
    labelled, names = classes_of(
        ordered, task=task, positive=positive, label_column=label_column, classes=classes, normal=normal
    )
    unsplit = Prepared(labelled, label_column, names, (), task)
    split, notes = _with_sides(unsplit, seed=seed)
    all_notes = tuple(dict.fromkeys((*split.notes, *notes)))
    said = tuple(note for note in all_notes if not any(other.startswith(note) for other in all_notes if other != note))
    for note in said:
        progress.say(note)
    prepared = replace(unsplit, table=split, notes=said)
    _require_every_class(prepared, table)
    return prepared


def prepare_for(table: Table, *, recipe: Recipe, settings: Settings, progress: Progress) -> Prepared:
    """`prepare` by a recipe's task and seed and by what a run is told of labels.

    Raises:
        TableError: as `prepare`.
    """
    return prepare(
        table,
        positive=settings.positive,
        label_column=settings.label_column,
        seed=recipe.seed,
        progress=progress,
        task=recipe.task,
        classes=settings.classes,
        normal=settings.normal,
    )


def prepare_unsplit(
    table: Table,
    *,
    positive: str,
    label_column: str,
    task: Task = "binary",
    classes: Sequence[str] = (),
    normal: str | None = None,
) -> Prepared:
    """As `prepare`, for those who divide the films themselves (folds): no side is made, and one that is there counts for nothing.

    Raises:
        TableError: the positive class is absent or the only one.
    """
    ordered = table.with_frame(table.frame.sort_values("image", kind="stable").reset_index(drop=True))
    labelled, names = classes_of(
        ordered, task=task, positive=positive, label_column=label_column, classes=classes, normal=normal
    )
    return Prepared(labelled, label_column, names, tuple(labelled.notes), task)


def _with_sides(prepared: Prepared, *, seed: int) -> tuple[Table, list[str]]:
    table = prepared.table
    if "split" not in table.frame or table.frame["split"].isna().all():
        split = balanced(prepared, split_table, seed=seed, overwrite=True)
        shares = ", ".join(f"{100 * share:g}" for share in FRACTIONS.values())
        return split, [f"The table had no split: films were split into train, val and test{_by(table)} ({shares} %)."]
    if table.frame["split"].isna().any():
        raise TableError(
            f"{int(table.frame['split'].isna().sum())} labelled rows have no split while others have one",
            path=table.path,
            mend="fill the column, or split anew: deepcovid data split TABLE --out NEW --overwrite",
        )
    if not (table.frame["split"] == "val").any():
        split = balanced(prepared, add_validation, seed=seed, fraction=VALIDATION_SHARE)
        return split, [
            f"The table had no validation side: {VALIDATION_SHARE:.0%} of train was taken for it{_by(table)}."
        ]
    return table, []


def balanced(prepared: Prepared, divide: Any, **options: Any) -> Table:
    """The table divided with its labels in equal shares, or its patterns of findings."""
    table: Table = prepared.table
    if prepared.task != "multi-label":
        divided: Table = divide(table, label_column=prepared.label_column, **options)
        return divided
    divided = divide(
        table.with_frame(table.frame.assign(**{STRATUM: prepared.strata})), label_column=STRATUM, **options
    )
    restored = divided.frame.drop(columns=STRATUM)
    if STRATUM in table.frame:
        restored[STRATUM] = table.frame[STRATUM]
    return divided.with_frame(restored)


def _by(table: Table) -> str:
    known = "patient" in table.frame and table.frame["patient"].notna().any()
    return " by patient" if known else " film by film, since no patient is known"


def _require_every_class(prepared: Prepared, table: Table, *, sides: Sequence[str] = SIDES) -> None:
    """Every class, and every finding's absence, on every side: nothing can be learnt or measured of one that is not there."""
    for side in sides:
        rows = prepared.rows(side)
        if prepared.task == "binary":
            sentence = _two_classes(prepared, rows)
        else:
            sentence = _all_classes(prepared, rows)
        if sentence:
            raise TableError(
                f"the side {side} has {sentence}",
                path=table.path,
                mend="give more patients of the rarer class, or split anew: deepcovid data split",
            )


def _two_classes(prepared: Prepared, rows: np.ndarray) -> str:
    positives = int(prepared.is_positive[rows].sum())
    if 0 < positives < len(rows):
        return ""
    return f"{positives} positive and {len(rows) - positives} other films; each side needs both"


def _all_classes(prepared: Prepared, rows: np.ndarray) -> str:
    present = prepared.present[rows].sum(axis=0).tolist()
    if prepared.task == "multi-class":
        told = [f"{count} {name}" for name, count in zip(prepared.classes, present, strict=True)]
        return "" if all(present) else f"{', '.join(told)} films; each side needs every class"
    absent = (prepared.targets[rows] == 0).sum(axis=0).tolist()
    told = [
        f"{name} {yes} with and {no} without" for name, yes, no in zip(prepared.classes, present, absent, strict=True)
    ]
    return "" if all(present) and all(absent) else f"{', '.join(told)}; each side needs films with and without each"
