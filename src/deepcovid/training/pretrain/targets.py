"""What is told of films, as numbers: findings, view and sex as yes, no or unknown, and the age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from deepcovid.datasets.columns import text_column
from deepcovid.evaluation.findings import NOTHING, SEPARATORS

LEAST = 8  # films with, and without: below, a source's word on a target teaches the source
ABNORMAL = "abnormal"
CENTURY = 100.0


@dataclass(frozen=True, eq=False)
class Targets:
    """What is told of N films.

    Attributes:
        names: the yes-or-no targets, B of them: "view AP", "sex M", "abnormal" and findings.
        told: float32 (N, B): 1, 0, NaN unknown.
        age: float32 (N,), in centuries, NaN unknown.
    """

    names: tuple[str, ...]
    told: np.ndarray
    age: np.ndarray

    def first(self, count: int) -> Targets:
        """Those of the first films."""
        return Targets(self.names, self.told[:count], self.age[:count])

    def counts(self) -> dict[str, dict[str, int]]:
        """How many films are told to have each target and not to have it; how many ages are known."""
        told = {
            name: {"with": int((column == 1).sum()), "without": int((column == 0).sum())}
            for name, column in zip(self.names, self.told.T, strict=True)
        }
        return told | {"age": {"known": int((~np.isnan(self.age)).sum())}}


def targets_of(frame: pd.DataFrame) -> Targets:
    """Read the targets of every film.

    What a source never says of any film, or says of nearly all, is unknown for its films: a finding that a source does not
    name is not absent there, and a view that all its films have would teach which source a film is from.

    Args:
        frame: N rows with any of `findings` (or else `label`), `view`, `sex`, `age`, `source`.
    """
    source = text_column(frame, "source").fillna("").to_numpy(dtype=str)
    columns = {"view AP": _is_ap(text_column(frame, "view")), "sex M": _is_male(text_column(frame, "sex"))}
    columns |= _findings(frame)
    varied = {name: _where_it_varies(column, source) for name, column in columns.items()}
    kept = {name: column for name, column in varied.items() if (~np.isnan(column)).any()}
    told = np.stack(list(kept.values()), axis=1) if kept else np.zeros((len(frame), 0), np.float32)
    age = pd.to_numeric(text_column(frame, "age"), errors="coerce").to_numpy(dtype=np.float32) / np.float32(CENTURY)
    return Targets(tuple(kept), told.astype(np.float32), age)


def _is_ap(view: pd.Series) -> np.ndarray:
    """1 for AP in any position, 0 for PA, NaN for others."""
    words = view.fillna("").astype(str).str.strip().str.upper()
    return np.where(words.str.startswith("AP"), 1.0, np.where(words == "PA", 0.0, np.nan))


def _is_male(sex: pd.Series) -> np.ndarray:
    words = sex.fillna("").astype(str).str.strip().str.upper()
    return np.where(words == "M", 1.0, np.where(words == "F", 0.0, np.nan))


def _findings(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """A column for each finding that is named, and for any finding at all; a film without a word is unknown throughout."""
    cells = text_column(frame, "findings")
    cells = cells.where(cells.notna(), text_column(frame, "label"))
    lists = [_words(cell) for cell in cells]
    names = sorted({word for words in lists if words for word in words})
    found = {ABNORMAL: np.array([np.nan if words is None else float(bool(words)) for words in lists])}
    for name in names:
        found[name] = np.array([np.nan if words is None else float(name in words) for words in lists])
    return found


def _words(cell: object) -> set[str] | None:
    """The findings of a cell in small letters, none for a word such as "No finding"; None where the cell is empty."""
    if not isinstance(cell, str) or not cell.strip():
        return None
    words = {word.strip().casefold() for word in SEPARATORS.split(cell)} - {""}
    return {word for word in words if word not in NOTHING}


def _where_it_varies(column: np.ndarray, source: np.ndarray) -> np.ndarray:
    """The column, unknown for the films of a source that does not have at least `LEAST` films of either answer."""
    out = column.copy()
    for name in np.unique(source):
        rows = source == name
        if min((column[rows] == 1).sum(), (column[rows] == 0).sum()) < LEAST:
            out[rows] = np.nan
    return out
