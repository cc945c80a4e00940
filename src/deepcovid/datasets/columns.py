"""The columns of a table that have a meaning here, and who a film belongs to."""

from __future__ import annotations

import json

import pandas as pd

SPLITS = ("train", "val", "test")
FILE_COLUMNS = ("image", "lung_mask", "lesion_mask")
TEXT_COLUMNS = (
    "image", "label", "patient", "source", "split", "view", "sex", "date", "license", "lung_mask", "lesion_mask",
    "findings",
)  # fmt: skip
KNOWN_COLUMNS = (*TEXT_COLUMNS, "age")
AGE_RANGE = (0, 120)  # years


def text_column(frame: pd.DataFrame, name: str) -> pd.Series:
    """The column `name`, or one of missing values when the table has none; same index."""
    return frame[name] if name in frame.columns else pd.Series(None, index=frame.index, dtype=object, name=name)


def patient_ids(frame: pd.DataFrame) -> pd.Series:
    """One id a row, equal exactly where source and patient are both equal; missing where the patient is unknown."""
    source, patient = text_column(frame, "source"), text_column(frame, "patient")
    pairs = zip(source, patient, strict=True)
    ids = [None if pd.isna(p) else json.dumps(["" if pd.isna(s) else s, p], ensure_ascii=False) for s, p in pairs]
    return pd.Series(ids, index=frame.index, dtype=object, name="patient_id")


def group_ids(frame: pd.DataFrame) -> pd.Series:
    """As `patient_ids`, but a film without a known patient is a group of its own, named by its image."""
    ids = patient_ids(frame)
    alone = [json.dumps(["", "", image], ensure_ascii=False) for image in text_column(frame, "image")]
    return ids.where(ids.notna(), pd.Series(alone, index=frame.index, dtype=object))
