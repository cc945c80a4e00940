"""What else is known of a film: sex, age band, view and source, as words that films are grouped by."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from deepcovid.evaluation.labels import cell_text

AGE_EDGES = (0, 18, 40, 60, 80)  # years, lower ends of the bands
AGE_BAND = "age band"
FACETS = ("sex", AGE_BAND, "view", "source")


def age_bands(age: pd.Series) -> pd.Series:
    """Ages in years as "0–17", "18–39", "40–59", "60–79" or "80+"; missing stays missing."""
    names = [f"{low}–{high - 1}" for low, high in pairwise(AGE_EDGES)] + [f"{AGE_EDGES[-1]}+"]
    band = pd.cut(age.astype("float64"), [*AGE_EDGES, np.inf], right=False, labels=names)
    return band.astype("str").where(age.notna()).rename(AGE_BAND)


def facets_of(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """The facets that the table has columns for: str (rows,), "" where unknown.

    Of `age` whatever is no number of years is unknown.
    """
    found = {name: _words(frame[name]) for name in FACETS if name in frame}
    if "age" in frame:
        years = pd.to_numeric(frame["age"], errors="coerce").astype("float64")
        found[AGE_BAND] = _words(age_bands(years.where(years >= 0)))
    return {name: found[name] for name in FACETS if name in found and np.any(found[name] != "")}


def _words(column: pd.Series) -> np.ndarray:
    return np.array([cell_text(value) or "" for value in column.tolist()], dtype=str)
