"""The films that an audit is made on: labels, sides and patients, and whether there are enough of either class."""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepcovid.audit.detector.detector_test import AuditFilms
from deepcovid.datasets.columns import group_ids, patient_ids
from deepcovid.datasets.table import Table
from deepcovid.datasets.validation import LISTED, shown
from deepcovid.errors import TableError, did_you_mean

FEWEST = 8  # patients of either class, under which nothing is asked
SOURCE = "source"


def labelled(table: Table, *, label_column: str, source_column: str = SOURCE) -> pd.DataFrame:
    """The rows that have a label, index 0 … N − 1.

    Raises:
        TableError: there is no such column of labels, or of sources where another than `source` was named.
    """
    for name, option in ((label_column, "--label-column"), (source_column, "--source-column")):
        if name not in table.frame and (name, option) != (SOURCE, "--source-column"):
            raise _no_column(name, table, option)
    return table.frame[table.frame[label_column].notna()].reset_index(drop=True)


def audit_films(
    frame: pd.DataFrame, *, positive: str, label_column: str, trained_on: pd.DataFrame | None = None, unread: int = 0
) -> tuple[AuditFilms, tuple[str, ...]]:
    """The films with their sides; and what was left out, and what is not known.

    Args:
        frame: labelled films.
        positive: the positive label.
        label_column: where it stands.
        trained_on: rows of another table that the detector was trained on: its patients are not tested.
        unread: films that were left out because they cannot be read, told in an error.

    Raises:
        TableError: fewer than `FEWEST` patients of either class have films to test.
    """
    tested, trained, notes = _sides(frame, trained_on)
    films = AuditFilms(
        frame=frame.assign(age=pd.to_numeric(frame["age"], errors="coerce")) if "age" in frame else frame,
        positive=(frame[label_column] == positive).to_numpy(),
        patient=pd.factorize(group_ids(frame), sort=True)[0],
        patient_known=patient_ids(frame).notna().to_numpy(),
        tested=tested,
        trained=trained,
    )
    _require_enough(films, positive, label_column, unread)
    return films, notes


def _no_column(name: str, table: Table, option: str) -> TableError:
    columns = [str(column) for column in table.frame.columns]
    there = ", ".join(map(shown, columns[:LISTED])) + (", …" if len(columns) > LISTED else "")
    return TableError(
        f"there is no column {name!r} (there are: {there})",
        path=table.path,
        mend=f"{did_you_mean(name, columns)}name one of them with {option}",
    )


def _sides(frame: pd.DataFrame, trained_on: pd.DataFrame | None) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Which films are tested, which were trained on, and what was left out."""
    everyone = np.ones(len(frame), dtype=bool)
    if trained_on is not None:
        seen = set(group_ids(trained_on)) | set(trained_on["image"])
        known = (group_ids(frame).isin(seen) | frame["image"].isin(seen)).to_numpy()
        told = f"{known.sum():,} films of patients that the detector was trained on are not tested"
        return ~known, ~everyone, (told,) if known.any() else ()
    if "split" not in frame or frame["split"].isna().all():
        told = "the table has no split: all films are tested, and which were trained on is not known"
        return everyone, ~everyone, (told,)
    return (frame["split"] == "test").to_numpy(), (frame["split"] == "train").to_numpy(), ()


def _require_enough(films: AuditFilms, name: str, label_column: str, unread: int) -> None:
    for side, what in ((films.positive, f"labelled {name}"), (~films.positive, f"of other labels than {name}")):
        people = len(np.unique(films.patient[side & films.tested]))
        if people < FEWEST:
            lost = f", without {unread:,} films that cannot be read" if unread else ""
            labels = films.frame[label_column]
            raise TableError(
                f"{people} patients have test films {what} (column {label_column!r}){lost}; an audit needs {FEWEST} of either",
                mend=f"{'' if films.positive.any() else did_you_mean(name, labels.unique())}name the positive label with "
                f"--positive, or give more films; patients with test films, by label: {_counts(films, labels)}",
            )


def _counts(films: AuditFilms, labels: pd.Series) -> str:
    """Labels with their patients, the most frequent first; those that are never tested with 0."""
    tested = pd.Series(films.patient[films.tested]).groupby(labels[films.tested].to_numpy()).nunique()
    people = tested.reindex(labels.unique(), fill_value=0).sort_values(ascending=False, kind="stable")
    told = [f"{shown(str(label))} ({count})" for label, count in people.iloc[:LISTED].items()]
    return ", ".join(told + (["…"] if len(people) > LISTED else [])) or "none"
