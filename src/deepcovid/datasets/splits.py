"""Splits by patient: every film of a patient on one side, labels and sources in equal shares, the same at every call."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from deepcovid.datasets.columns import SPLITS, group_ids, patient_ids, text_column
from deepcovid.datasets.table import Table
from deepcovid.errors import TableError

FRACTIONS: Mapping[str, float] = {"train": 0.7, "val": 0.1, "test": 0.2}


def split_table(
    table: Table,
    *,
    fractions: Mapping[str, float] = FRACTIONS,
    label_column: str = "label",
    seed: int = 0,
    overwrite: bool = False,
) -> Table:
    """Fill the column `split`, by patient, stratified by label and source.

    A patient is (source, patient); a film without a patient id counts as a patient of its own, and a note says so.
    Every label with as many patients as there are sides stands on every side where its patients allow it. The result
    depends on the rows and the seed alone, not on the order of the rows.

    Args:
        table: the films; rows without a label are split as well.
        fractions: the share of films on each side, of `train`, `val` and `test`; their sum is 1.
        label_column: the column that holds the class.
        seed: which of the equally good splits is taken.
        overwrite: whether a split that is there is thrown away.

    Raises:
        TableError: there is a split already, there are fewer patients than sides, or the fractions are not shares.
    """
    sides = _checked_fractions(fractions)
    given = text_column(table.frame, "split").dropna()
    if len(given) and not overwrite:
        there = ", ".join(f"{name} {count}" for name, count in given.value_counts().items())
        raise TableError(
            f"the table has a split already ({there})",
            path=table.path,
            mend="use it as it is, or make a new one with --overwrite",
        )
    side = _divide(table, table.frame, sides, label_column=label_column, seed=seed)
    frame = table.frame.assign(split=side.astype("str"))
    return table.with_frame(frame).with_note(*_notes(frame, label_column, [*sides]))


def add_validation(table: Table, *, fraction: float = 0.1, label_column: str = "label", seed: int = 0) -> Table:
    """Take a validation part out of `train`, by patient; for tables that have train and test only.

    Args:
        table: films with a split that has `train` and no `val`.
        fraction: the share of the films of `train` that becomes `val`, in (0, 1).
        label_column: the column that holds the class.
        seed: which of the equally good parts is taken.

    Raises:
        TableError: there is no `train`, there is a `val` already, or the fraction is out of range.
    """
    if not 0 < fraction < 1:
        raise TableError(
            f"the validation part is {fraction} of train; allowed is between 0 and 1", mend="give e.g. 0.1"
        )
    split = text_column(table.frame, "split")
    if (split == "val").any() or not (split == "train").any():
        there = ", ".join(sorted(set(split.dropna()))) or "no split"
        raise TableError(
            f"a validation part can be taken where there is train and no val; here is {there}",
            path=table.path,
            mend="split the table anew with --overwrite",
        )
    train = table.frame[split == "train"]
    side = _divide(table, train, {"train": 1 - fraction, "val": fraction}, label_column=label_column, seed=seed)
    frame = table.frame.assign(split=split.astype("str").where(split != "train", side.reindex(split.index)))
    return table.with_frame(frame).with_note(*_notes(frame, label_column, [*sorted(set(frame["split"].dropna()))]))


def cross_validation_folds(table: Table, *, n_folds: int, seed: int = 0, label_column: str = "label") -> pd.Series:
    """The fold (0 … n_folds - 1) in which each row is tested, by patient, stratified by label and source.

    Returns:
        int64 Series named "fold", with the index of `table.frame`.

    Raises:
        TableError: fewer than two folds, or fewer patients than folds.
    """
    if n_folds < 2:
        raise TableError(f"{n_folds} folds were asked for; allowed are 2 and more", mend="give e.g. 5")
    sides = {str(fold): 1 / n_folds for fold in range(n_folds)}
    return _divide(table, table.frame, sides, label_column=label_column, seed=seed).astype("int64").rename("fold")


def _checked_fractions(fractions: Mapping[str, float]) -> dict[str, float]:
    unknown = [name for name in fractions if name not in SPLITS]
    if unknown:
        raise TableError(f"there is no side {unknown[0]!r} of a split", mend=f"choose from {', '.join(SPLITS)}")
    wrong = [f"{name} {share}" for name, share in fractions.items() if not 0 <= share <= 1]
    if wrong or not math.isclose(sum(fractions.values()), 1, abs_tol=1e-6):
        shown = ", ".join(f"{name} {share}" for name, share in fractions.items())
        raise TableError(f"the shares of a split must sum to 1; here are {shown}", mend="give e.g. 0.7, 0.1 and 0.2")
    return {name: fractions[name] for name in SPLITS if fractions.get(name, 0) > 0}


@dataclass(frozen=True)
class _Groups:
    """Patients as rows of counts: what each adds to the side that it is put on."""

    names: list[str]
    counts: np.ndarray  # (patients, columns) films and patients by stratum and label, and in all
    labels: np.ndarray  # bool (patients, labels) whether the patient has a film of the label
    sizes: np.ndarray  # (patients,) films


def _divide(
    table: Table, frame: pd.DataFrame, sides: Mapping[str, float], *, label_column: str, seed: int
) -> pd.Series:
    """The side of every row of `frame`, as a Series of names with its index."""
    if label_column not in frame.columns:
        raise TableError(
            f"there is no column {label_column!r} to balance the split by",
            path=table.path,
            mend="name the label column",
        )
    ids = group_ids(frame)
    groups = _groups(frame, ids, label_column)
    if len(groups.names) < len(sides):
        raise TableError(
            f"{len(groups.names)} patients cannot be divided into {len(sides)} sides",
            path=table.path,
            mend="add patients, or ask for fewer sides",
        )
    shares = np.array(list(sides.values()), dtype=float)
    chosen = _spread_labels(_assign(groups, shares, seed), groups, len(shares))
    name_of = dict(zip(groups.names, np.array(list(sides), dtype=object)[chosen], strict=True))
    return ids.map(name_of)


def _groups(frame: pd.DataFrame, ids: pd.Series, label_column: str) -> _Groups:
    label = frame[label_column].fillna("").astype("str")
    stratum = label + "\x1f" + text_column(frame, "source").fillna("").astype("str")
    by_stratum, by_label = pd.crosstab(ids, stratum).sort_index(), pd.crosstab(ids, label).sort_index()
    films = [by_stratum.to_numpy(), by_label.to_numpy(), by_label.sum(axis=1).to_numpy()[:, None]]
    patients = [np.minimum(part, 1) for part in films]
    known = by_label.drop(columns="", errors="ignore").to_numpy() > 0
    return _Groups(
        names=by_label.index.tolist(),
        counts=np.hstack([*films, *patients]).astype(float),
        labels=known,
        sizes=films[2][:, 0],
    )


def _assign(groups: _Groups, shares: np.ndarray, seed: int) -> np.ndarray:
    """Each patient to the side where it overshoots least; large patients first, so that small ones fill the gaps.

    For counts h on a side of share f, adding v costs sum v (2 h + v) / f: what it adds to the squared distance from
    the wanted counts. With v = 1 this is Sainte-Laguë's rule, so sides fill in proportion at every moment.
    """
    have = np.zeros((len(shares), groups.counts.shape[1]))
    chosen = np.zeros(len(groups.names), dtype=int)
    for patient in _order(groups, seed):
        added = groups.counts[patient]
        cost = (added * (2 * have + added)).sum(axis=1) / shares
        chosen[patient] = int(np.argmin(cost))
        have[chosen[patient]] += added
    return chosen


def _order(groups: _Groups, seed: int) -> Sequence[int]:
    """Patients by falling size (to a factor of two), shuffled among equals by a hash of the seed and their names."""
    size = np.floor(np.log2(groups.sizes)).astype(int)
    draw = [hashlib.sha256(f"{seed}\x1f{name}".encode()).hexdigest() for name in groups.names]
    return sorted(range(len(groups.names)), key=lambda patient: (-size[patient], draw[patient]))


def _spread_labels(chosen: np.ndarray, groups: _Groups, n_sides: int) -> np.ndarray:
    """Move single patients so that every label with a patient for each side stands on each, where that is possible."""
    chosen = chosen.copy()
    rarest_first = np.argsort(groups.labels.sum(axis=0), kind="stable")
    for label in rarest_first:
        if groups.labels[:, label].sum() < n_sides:
            continue
        for side in range(n_sides):
            if not (groups.labels[:, label] & (chosen == side)).any():
                _move_one(chosen, groups, int(label), side)
    return chosen


def _move_one(chosen: np.ndarray, groups: _Groups, label: int, side: int) -> None:
    """Bring the smallest patient of `label` to `side`, from a side that keeps one of each label the patient has."""
    held = np.array([groups.labels[chosen == other].sum(axis=0) for other in range(int(chosen.max()) + 1)])
    candidates = [
        patient
        for patient in np.flatnonzero(groups.labels[:, label])
        if (held[chosen[patient]][groups.labels[patient]] > 1).all()
    ]
    if candidates:
        best = min(candidates, key=lambda p: (groups.sizes[p], -held[chosen[p]][label], groups.names[p]))
        chosen[best] = side


def _notes(frame: pd.DataFrame, label_column: str, sides: Sequence[str]) -> list[str]:
    notes = []
    unknown = int(patient_ids(frame).isna().sum())
    if unknown:
        notes.append(
            f"{unknown} of {len(frame)} films have no patient: each counts as a patient of its own, "
            "and that no patient stands on two sides cannot be promised for them"
        )
    for label, rows in frame.groupby(label_column):
        absent = [side for side in sides if not (rows["split"] == side).any()]
        if absent:
            patients = group_ids(rows).nunique()
            notes.append(f"the label {label} ({patients} patients) does not stand in {', '.join(absent)}")
    return notes
