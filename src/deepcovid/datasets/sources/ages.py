"""Ages of a column that is known to hold impossible ones: those are left empty and said, other words are refused."""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd

from deepcovid.datasets.sources.people import parse_age
from deepcovid.datasets.sources.reading import Metadata
from deepcovid.imaging.dicom_age import AGE_RANGE


def plausible_ages(metadata: Metadata, name: str) -> pd.Series:
    """The column in years; ages over 120 years become missing, counted in a note; what is no age is a problem."""
    ages = metadata.cells(name, _possible)
    cells = metadata.text(name)
    impossible = Counter(cells[ages.isna() & cells.notna()].map(str))
    over = {word: count for word, count in impossible.items() if _is_over(word)}
    if over:
        words = ", ".join(f"{word} ({count})" for word, count in sorted(over.items())[:10])
        metadata.notes.append(
            f"{sum(over.values())} ages in {name} are over {AGE_RANGE[1]} years and were left empty: {words}"
        )
    return ages


def _possible(word: str) -> float | None:
    return None if _is_over(word) else parse_age(word)


def _is_over(word: str) -> bool:
    number = re.fullmatch(r"(\d+)(?:\.0)?\s*[Yy]?", word.strip())
    return number is not None and int(number[1]) > AGE_RANGE[1]
