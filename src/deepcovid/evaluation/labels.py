"""Labels as they stand in cells, as text: numbers, truths and blanks of any program."""

from __future__ import annotations

import numpy as np
import pandas as pd

SHOWN = 20  # problems told; the rest is counted


def labels_as_text(labels: pd.Series) -> pd.Series:
    """Labels as stripped text: 1.0 and True become "1", 0 and False "0"; an empty cell is missing."""
    return pd.Series([cell_text(v) for v in labels.tolist()], dtype="object")


def cell_text(value: object) -> str | None:
    """A cell as text; None where it is empty. 12.0 is "12": a CSV with an empty cell turns whole numbers to these."""
    if isinstance(value, bool | np.bool_):
        return "1" if value else "0"
    if isinstance(value, int | float | np.number):
        number = float(value)
        return None if np.isnan(number) else str(int(number)) if number.is_integer() else repr(number)
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    return str(value).strip() or None


def listed(head: str, *, problems: list[str]) -> str:
    """A finding with its particulars below it, at most `SHOWN` of them."""
    more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
    return "\n  ".join([head, *problems[:SHOWN], *more])
