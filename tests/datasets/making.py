"""Small tables and folders for the tests of datasets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from deepcovid.datasets.table import Table

FILMS = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "cxr-512" / "table.csv"


def touch(folder: Path, names: Iterable[str]) -> None:
    """Empty files of these names, with the folders that they need."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def csv(folder: Path, text: str | bytes, *, name: str = "table.csv", films: Iterable[str] = ()) -> Path:
    """A table's file with exactly this content, beside empty films."""
    touch(folder, films)
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def table(columns: Mapping[str, list[Any]], folder: Path | str = "films") -> Table:
    """A table in memory; films are named after their row unless `image` is given."""
    count = len(next(iter(columns.values())))
    images = {"image": [f"{row:04}.png" for row in range(count)]}
    return Table(pd.DataFrame({**images, **columns}), folder=Path(folder))
