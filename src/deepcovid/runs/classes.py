"""The classes of a table: which labels count, and which films have one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from deepcovid.datasets.table import Table, drop_unlabelled
from deepcovid.errors import TableError, did_you_mean
from deepcovid.evaluation.findings import findings_of

Task = Literal["binary", "multi-class", "multi-label"]


def classes_of(
    table: Table, *, task: Task, positive: str, label_column: str, classes: Sequence[str], normal: str | None
) -> tuple[Table, tuple[str, ...]]:
    """The films whose class is known, and the classes in order, the positive one last.

    Args:
        table: films.
        task: "binary", "multi-class" or "multi-label".
        positive: the positive class.
        label_column: what holds the label, or lists of findings.
        classes: those that count; empty: all of the table, in alphabetical order.
        normal: multi-label: one more word for a film without findings.

    Raises:
        TableError: a class that no film has, a class named twice, or fewer than two.
    """
    if task == "binary":
        if classes:
            raise TableError(
                f"classes are named ({', '.join(classes)}), but the recipe's task is binary: {positive} against the rest",
                mend="leave --classes out, or ask for --task multi-class or multi-label",
            )
        return _binary(table, positive=positive, label_column=label_column), (f"not {positive}", positive)
    if classes:
        _check_names(classes, positive=positive)
    read = _one_of_several if task == "multi-class" else _several_findings
    labelled, names = read(table, label_column, tuple(classes), positive, normal)
    return labelled, (*(name for name in names if name != positive), positive)


def _check_names(classes: Sequence[str], *, positive: str) -> None:
    repeated = sorted({name for name in classes if list(classes).count(name) > 1})
    if repeated:
        raise TableError(f"the class {repeated[0]!r} is named twice", mend="name every class once")
    if len(classes) < 2:
        raise TableError(f"{classes[0]!r} is the only class", mend="name two classes or more with --classes")
    if positive not in classes:
        raise TableError(
            f"the positive class {positive!r} is none of the classes {', '.join(classes)}",
            mend=f"{did_you_mean(positive, classes)}name one of them with --positive",
        )


def _binary(table: Table, *, positive: str, label_column: str) -> Table:
    labelled = drop_unlabelled(table, label_column=label_column)
    labels = labelled.frame[label_column]
    if positive not in set(labels):
        raise _no_such(positive, labels, table, label_column)
    if labels.nunique() < 2:
        raise TableError(
            f"every film is labelled {positive!r}", path=table.path, mend="add films without the disease to the table"
        )
    return labelled


def _one_of_several(
    table: Table, label_column: str, classes: tuple[str, ...], positive: str, normal: str | None
) -> tuple[Table, tuple[str, ...]]:
    labelled = drop_unlabelled(table, label_column=label_column)
    labels = labelled.frame[label_column].astype("str")
    names = classes or tuple(sorted(set(labels)))
    for name in (positive, *names):
        if name not in set(labels):
            raise _no_such(name, labels, table, label_column)
    if len(names) < 2:
        raise TableError(
            f"every film is labelled {positive!r}", path=table.path, mend="add films of another class to the table"
        )
    kept = labels.isin(names)
    if kept.all():
        return labelled, names
    left = ", ".join(f"{name} ({count})" for name, count in labels[~kept].value_counts().items())
    rest = labelled.with_frame(labelled.frame[kept].reset_index(drop=True))
    return rest.with_note(f"{int((~kept).sum())} films of other labels were left out: {left}"), names


def _several_findings(
    table: Table, label_column: str, classes: tuple[str, ...], positive: str, normal: str | None
) -> tuple[Table, tuple[str, ...]]:
    found = findings_of(table.frame, classes=classes, label_column=label_column, normal=normal)
    present = (found.known == 1).sum(axis=0)
    if positive not in found.classes:
        cells = [name for name, count in zip(found.classes, present, strict=True) for _ in range(int(count))]
        raise _no_such(positive, pd.Series(cells, dtype="object"), table, label_column)
    if len(found.classes) < 2:
        raise TableError(
            f"{positive!r} is the only finding in {label_column!r}",
            path=table.path,
            mend="a single finding is a binary task: leave --task out, or name more of them with --classes",
        )
    kept = ~np.isnan(found.known).all(axis=1)
    table = table.with_note(*found.notes)
    if kept.all():
        return table, found.classes
    rest = table.with_frame(table.frame[kept].reset_index(drop=True))
    return rest.with_note(f"{int((~kept).sum())} of {len(kept)} films of which no finding is known were left out"), (
        found.classes
    )


def _no_such(name: str, labels: pd.Series, table: Table, label_column: str) -> TableError:
    known = ", ".join(f"{label} ({count})" for label, count in labels.value_counts().items())
    return TableError(
        f"no film is labelled {name!r} in the column {label_column!r}; the labels are: {known}",
        path=table.path,
        mend=f"{did_you_mean(name, labels.unique())}name the positive class with --positive, or another column with "
        "--label-column",
    )
