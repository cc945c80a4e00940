"""Folds for cross-validation, by patient or film by film, as scikit-learn makes them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np

from deepcovid.datasets.columns import group_ids
from deepcovid.errors import TableError
from deepcovid.runs.data import Prepared

Grouping = Literal["patient", "image"]


@dataclass(frozen=True)
class Fold:
    """One division: its number from 1, and the positions of the rows that train and of those that are held out."""

    number: int
    train: np.ndarray
    held_out: np.ndarray


def make_folds(prepared: Prepared, *, count: int, grouping: Grouping, seed: int) -> list[Fold]:
    """Divide films into `count` folds with labels in equal shares; each film is held out once.

    Args:
        prepared: films in an order of their own (by name), so that the order of the table changes nothing.
        count: folds, from 2.
        grouping: "patient" keeps all films of a patient in one fold; "image" divides film by film, as most papers did,
            so that films of one patient stand on both sides.
        seed: which of the equally good divisions is taken.

    Raises:
        TableError: fewer patients (films) of a class than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    strata = prepared.strata
    groups = group_ids(prepared.frame).to_numpy()
    names, codes = np.unique(strata, return_inverse=True)
    for code, name in enumerate(names):
        there = len(set(groups[codes == code])) if grouping == "patient" else int((codes == code).sum())
        if there < count:
            unit = "patients" if grouping == "patient" else "films"
            raise TableError(
                f"{there} {unit} are labelled {str(name)!r}, too few for {count} folds",
                mend=f"ask for at most {there} folds",
            )
    kind = StratifiedGroupKFold if grouping == "patient" else StratifiedKFold
    divide = kind(n_splits=count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about classes with fewer members than folds; counted above
        pairs = list(divide.split(np.zeros(len(strata)), codes, groups))
    return [Fold(number, train, held) for number, (train, held) in enumerate(pairs, start=1)]


def shared_patients(prepared: Prepared, fold: Fold) -> int:
    """How many patients have films on both sides of a fold."""
    groups = group_ids(prepared.frame).to_numpy()
    return len(set(groups[fold.train]) & set(groups[fold.held_out]))
