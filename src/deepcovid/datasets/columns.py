"""The columns of a table that have a meaning here, and who a film belongs to."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

SPLITS = ("train", "val", "test")
FILE_COLUMNS = ("image", "lung_mask", "lesion_mask")
TEXT_COLUMNS = (
    "image", "label", "patient", "person", "source", "split", "view", "sex", "date", "license", "lung_mask", "lesion_mask",
    "findings",
)  # fmt: skip
KNOWN_COLUMNS = (*TEXT_COLUMNS, "age")


def text_column(frame: pd.DataFrame, name: str) -> pd.Series:
    """The column `name`, or one of missing values when the table has none; same index."""
    return frame[name] if name in frame.columns else pd.Series(None, index=frame.index, dtype=object, name=name)


def patient_ids(frame: pd.DataFrame) -> pd.Series:
    """One id a row, equal exactly where source and patient are both equal; missing where the patient is unknown.

    A filled `person` takes the place of both: one person whose films stand in several sources.
    """
    cells = zip(*(text_column(frame, name) for name in ("person", "source", "patient")), strict=True)
    return pd.Series([_id(*row) for row in cells], index=frame.index, dtype=object, name="patient_id")


def _id(person: Any, source: Any, patient: Any) -> str | None:
    if not pd.isna(person):
        return json.dumps(["person", "", str(person)], ensure_ascii=False)
    if pd.isna(patient):
        return None
    return json.dumps(["" if pd.isna(source) else str(source), str(patient)], ensure_ascii=False)


def group_ids(frame: pd.DataFrame) -> pd.Series:
    """As `patient_ids`, but a film without a known patient is a group of its own, named by its image."""
    ids = patient_ids(frame)
    alone = [json.dumps(["", "", image], ensure_ascii=False) for image in text_column(frame, "image")]
    return ids.where(ids.notna(), pd.Series(alone, index=frame.index, dtype=object))
