"""Whether a backbone has met the patients that a training is measured on: weights that say which films they were learnt from."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from deepcovid.datasets.columns import group_ids, text_column
from deepcovid.datasets.table import Table
from deepcovid.errors import ImageError, WeightsError
from deepcovid.imaging.readers import film_hash

HASH = "sha256"  # the column of the list
SIDES = ("val", "test")  # what is measured on


def learnt_before(table: Table, listed: Path) -> np.ndarray:
    """The films of patients of whom the list names any film, bool (N,).

    Args:
        table: N films; one that cannot be read is named by no list.
        listed: CSV with the SHA-256 of each film's file in the column `sha256`, as `deepcovid pretrain` writes it.

    Raises:
        WeightsError: the file is no such list.
    """
    known = _read(listed)
    met = np.array([_hash(table.image_path(image)) in known for image in table.frame["image"]], dtype=bool)
    patients = group_ids(table.frame)
    found: np.ndarray = patients.isin(set(patients[met])).to_numpy()
    return found


def caution_on(table: Table, listed: Path) -> str:
    """What must be known of figures on the table's films, where the backbone has met their patients; else "".

    Asked are the sides that measure (`split` is val or test), of a table without sides all films.
    """
    met, patients = learnt_before(table, listed), group_ids(table.frame)
    sides = text_column(table.frame, "split").fillna("").to_numpy(dtype=str)
    counted = []
    for side in SIDES if sides.any() else ("",):
        rows = sides == side
        if (met & rows).any():
            films = f"({(met & rows).sum()} of {rows.sum()} films)"
            of = f"{patients[met & rows].nunique()} of the {patients[rows].nunique()} patients {films}"
            counted.append(f"{of} of the side {side}" if side else of)
    if not counted:
        return ""
    return (
        f"The backbone has learnt from films of at least {' and '.join(counted)}: figures on them flatter. Copies of films in "
        "another form, and other films of the same people, are not recognised. → Put these patients into training, or take "
        "weights that were learnt without them."
    )


def _read(listed: Path) -> set[str]:
    try:
        return set(pd.read_csv(listed, usecols=[HASH], dtype=str)[HASH].dropna())
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"this stands beside weights and is no list of films with a column {HASH}",
            path=listed,
            mend="give the weights a folder of their own, or the list that `deepcovid pretrain` wrote",
        ) from error


def _hash(path: Path) -> str:
    try:
        told = path.stat()
        return _hash_of(path, told.st_size, told.st_mtime_ns)
    except (ImageError, OSError):
        return ""


@lru_cache(maxsize=1 << 20)
def _hash_of(path: Path, size: int, changed: int) -> str:
    """Once a process, since every fold and every setting of a sweep asks; another size or time is another file."""
    return film_hash(path)
