"""What a table holds: films and patients counted by label and by whatever else is known of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.datasets.columns import SPLITS, patient_ids, text_column
from deepcovid.datasets.table import Table
from deepcovid.evaluation.facets import age_bands

UNKNOWN = "unknown"
FACETS = ("source", "split", "view", "sex", "age band", "license")


@dataclass(frozen=True, eq=False)
class TableSummary:
    """Counts of a table.

    Attributes:
        films: rows in all.
        patients: distinct (source, patient); None where no patient is known.
        without_patient: films whose patient is unknown.
        without_label: films whose label is unknown.
        label_column: the column that was taken as label.
        labels: a row a label: label, films, patients.
        facets: by facet (source, split, view, sex, age band, license): a row a label and value: label, the facet,
            films, patients. A facet of which nothing is known is left out.
        ages: a row a label: label, known (films), and the low quartile, median and high quartile in years.
        notes: the table's notes.
    """

    films: int
    patients: int | None
    without_patient: int
    without_label: int
    label_column: str
    labels: pd.DataFrame
    facets: dict[str, pd.DataFrame]
    ages: pd.DataFrame
    notes: tuple[str, ...] = ()

    def crosstab(self, facet: str) -> pd.DataFrame:
        """Films, labels down and the values of one facet across."""
        counts = self.facets[facet]
        table = counts.pivot_table(
            index="label", columns=facet, values="films", aggfunc="sum", fill_value=0, sort=False
        )
        values: list[str] = [str(value) for value in counts[facet].unique()]
        order: list[str] = sorted(values, key=_place(facet))
        return table[order]

    def to_dict(self) -> dict[str, Any]:
        """The same in JSON's types: tables as lists of rows, what is unknown as null."""
        return {
            "films": self.films,
            "patients": self.patients,
            "without_patient": self.without_patient,
            "without_label": self.without_label,
            "label_column": self.label_column,
            "labels": _rows(self.labels),
            "facets": {name: _rows(frame) for name, frame in self.facets.items()},
            "ages": _rows(self.ages),
            "notes": list(self.notes),
        }


def count_table(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Films and patients for each combination of values that occurs.

    Args:
        frame: a table's rows.
        by: columns to count by, in the order of the result; a missing cell or column counts as "unknown".

    Returns:
        One row a combination, sorted: the columns of `by`, `films` (int), and `patients`, the distinct known
        (source, patient), which is missing where no film of the combination has a known patient.
    """
    keys = pd.DataFrame({name: text_column(frame, name).astype("str").fillna(UNKNOWN) for name in by})
    keys = keys.assign(patient_id=patient_ids(frame))
    groups = keys.groupby(list(by), sort=True)["patient_id"]
    counts = pd.DataFrame({"films": groups.size(), "patients": groups.nunique()}).reset_index()
    counts["patients"] = counts["patients"].astype("Int64").mask(counts["patients"] == 0)
    return counts


def describe(table: Table, *, label_column: str = "label") -> TableSummary:
    """Count a table's films and patients by label, alone and by each facet of which something is known."""
    frame = table.frame.assign(label=text_column(table.frame, label_column))
    if "age" in frame.columns:
        frame["age band"] = age_bands(frame["age"])
    ids = patient_ids(frame)
    known = [facet for facet in FACETS if text_column(frame, facet).notna().any()]
    return TableSummary(
        films=len(frame),
        patients=int(ids.nunique()) or None,
        without_patient=int(ids.isna().sum()),
        without_label=int(frame["label"].isna().sum()),
        label_column=label_column,
        labels=count_table(frame, ["label"]),
        facets={facet: _in_order(count_table(frame, ["label", facet]), facet) for facet in known},
        ages=_ages(frame),
        notes=table.notes,
    )


def _in_order(counts: pd.DataFrame, facet: str) -> pd.DataFrame:
    """Splits stand in their own order, other values by name, and what is unknown at the end."""
    key = counts[facet].map(_place(facet))
    return counts.assign(_key=key).sort_values(["label", "_key"]).drop(columns="_key").reset_index(drop=True)


def _place(facet: str) -> Callable[[str], tuple[bool, str]]:
    rank = {name: f"{place}" for place, name in enumerate(SPLITS)} if facet == "split" else {}
    return lambda value: (value == UNKNOWN, rank.get(value, value))


def _ages(frame: pd.DataFrame) -> pd.DataFrame:
    columns = ["label", "known", "low quartile", "median", "high quartile"]
    if "age" not in frame.columns or frame["age"].isna().all():
        return pd.DataFrame(columns=columns)
    ages = (
        frame.assign(label=frame["label"].astype("str").fillna(UNKNOWN)).dropna(subset=["age"]).groupby("label")["age"]
    )
    quartiles = [ages.quantile(q) for q in (0.25, 0.5, 0.75)]
    return pd.concat([ages.count(), *quartiles], axis=1, keys=columns[1:]).reset_index()


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): _plain(value) for name, value in row.items()} for row in plain.to_dict("records")]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
