"""Which licences let a film train what is passed on: a list of permitted words, since an unknown word permits nothing."""

from __future__ import annotations

import re

import pandas as pd

from deepcovid.datasets.columns import text_column
from deepcovid.errors import TableError

ANY, FREE = "any", "free"
# CC BY with another word behind it (NC, ND, SA) is not among them.
FREE_WORDS = re.compile(
    r"cc[- ]by([- ]\d(\.\d)?)?|cc0([- ]\d(\.\d)?)?|public domain|apache([- ](licen[cs]e[- ])?2(\.0)?)?|mit|no restrictions\b.*",
    re.I,
)


def is_free(licence: object) -> bool:
    """Whether a licence cell permits training weights that anyone may use: CC BY, CC0, Apache, MIT, no restrictions."""
    return bool(isinstance(licence, str) and FREE_WORDS.fullmatch(licence.strip()))


def permitted(frame: pd.DataFrame, *, licences: str) -> pd.Series:
    """Which films a choice of licences lets in: bool, with the index of `frame`.

    Args:
        frame: with a column `license`, unless any film may be used.
        licences: "any"; "free" (`is_free`); or the licences themselves, as the cells have them, separated by commas.

    Raises:
        TableError: no film is let in; the message lists the licences that there are.
    """
    if licences == ANY:
        return pd.Series(True, index=frame.index)
    told = text_column(frame, "license").map(lambda cell: cell.strip() if isinstance(cell, str) else "")
    if licences == FREE:
        chosen = told.map(is_free)
    else:
        chosen = told.isin({name.strip() for name in licences.split(",")} - {""})
    if not chosen.any():
        there = sorted(set(told) - {""})
        raise TableError(
            f"no film has a licence among {licences!r}; the table has {', '.join(map(repr, there)) or 'none'}",
            mend='give licences as they stand in the column `license`, "free", or "any"',
        )
    return chosen.astype(bool)
