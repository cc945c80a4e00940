"""Films without COVID-19: frontal, with one finding alone, a number of each class, and no patient on both sides."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import pandas as pd

from deepcovid.datasets.columns import text_column
from deepcovid.datasets.covid_xray_5k.published import SIDES, wanted_negatives
from deepcovid.datasets.sources import SOURCES
from deepcovid.datasets.sources.labels import label_of
from deepcovid.datasets.sources.views import FRONTAL
from deepcovid.errors import TableError

NIH_NOTE = (
    "nih-chestxray14 stands for CheXpert, which the paper used: thirteen of its fourteen findings, without Hernia, of "
    "which too few films carry no other finding"
)
Counts = dict[str, dict[str, int]]  # class → side → films


@dataclass(frozen=True)
class Negatives:
    """Films chosen from one collection.

    Attributes:
        collection: its name among the sources.
        frame: a row a film, with `split`, `label` and `category` (the collection's word for the one finding).
        wanted, came: films by class and side.
        notes: what was left out and why.
    """

    collection: str
    frame: pd.DataFrame
    wanted: Counts
    came: Counts
    notes: tuple[str, ...]

    def total(self, side: str) -> int:
        """Films of one side."""
        return sum(sides[side] for sides in self.came.values())

    @property
    def short(self) -> list[str]:
        """The classes with fewer films than wanted, a phrase each."""
        return [
            f"{name}, {side}: {self.came[name][side]} of {number}"
            for name, sides in self.wanted.items()
            for side, number in sides.items()
            if self.came[name][side] < number
        ]


def choose_negatives(folder: Path, *, collection: str, seed: int) -> Negatives:
    """The films without COVID-19 from a copy of CheXpert or NIH ChestX-ray14; no image is opened.

    A film has one finding alone when exactly one observation is positive and none is uncertain.

    Raises:
        TableError: the copy or its metadata are absent or damaged.
    """
    if not folder.is_dir():
        raise TableError(
            "there is no such folder", path=folder, mend=f"give a folder that holds\n{SOURCES[collection].layout}"
        )
    parsed = SOURCES[collection].read(folder)
    wanted = wanted_negatives(collection)
    candidates, notes = _candidates(parsed.frame, folder=folder, collection=collection, classes=list(wanted))
    sides = assign_sides(candidates, wanted=wanted, seed=seed)
    frame = candidates[sides.notna()].assign(split=sides.dropna().astype("str"))
    frame = frame.assign(label=frame["category"].map(label_of))
    came = {
        name: {side: int(((frame["category"] == name) & (frame["split"] == side)).sum()) for side in SIDES}
        for name in wanted
    }
    if collection == "nih-chestxray14":
        notes.insert(0, NIH_NOTE)
    return Negatives(collection, frame, wanted, came, tuple(notes))


def _candidates(
    frame: pd.DataFrame, *, folder: Path, collection: str, classes: list[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Frontal films with one finding alone whose file is there, and how many others there are."""
    frontal = _frontal(frame)
    alone = frame["findings"].isin(classes)
    uncertain = text_column(frame, "uncertain").notna()
    nameless = frame["patient"].isna() | frame["image"].isna()
    fits = frontal & alone & ~uncertain & ~nameless
    there = frame.loc[fits, "image"].map(lambda cell: os.path.isfile(os.path.join(folder, cell))).astype(bool)
    told = [
        (~frontal, "not frontal, or of unknown view"),
        (frontal & ~alone, "with several findings, with none, or with one that is no class here"),
        (frontal & alone & uncertain, "with one finding and uncertain ones beside it"),
        (frontal & alone & ~uncertain & nameless, "without a patient or a file name"),
        (~there, "without a file in the copy"),
    ]
    left_out = [f"{int(rows.sum()):,} {why}" for rows, why in told if rows.any()]
    notes = [f"films of {collection} that were not taken: {'; '.join(left_out)}"] if left_out else []
    chosen = frame[fits][there]
    return chosen.assign(category=chosen["findings"]), notes


def _frontal(frame: pd.DataFrame) -> pd.Series:
    """Films of a frontal view, and those that CheXpert calls Frontal without saying which of the two."""
    unsaid = frame["view"].isna() & text_column(frame, "AP/PA").isna()
    return frame["view"].isin(FRONTAL) | (unsaid & text_column(frame, "Frontal/Lateral").eq("Frontal"))


def assign_sides(frame: pd.DataFrame, *, wanted: Mapping[str, Mapping[str, int]], seed: int) -> pd.Series:
    """The side of every film of `frame`, missing for those that are not taken; all films of a patient on one side.

    Classes with the least to choose from come first; films come in an order that the seed and their names decide, so
    that the order of the rows changes nothing. A patient without a side goes where the class lacks the larger share.

    Args:
        frame: with `category`, `patient` and `image`; the index is unique.
        wanted: films by class and side.
        seed: which of the equally good choices is taken.
    """
    supply = frame["category"].value_counts()
    scarcity = {name: supply.get(name, 0) / sum(sides.values()) for name, sides in wanted.items()}
    side_of: dict[str, str] = {}
    taken: dict[object, str] = {}
    for name in sorted(wanted, key=lambda name: (scarcity[name], name)):
        films = frame[frame["category"] == name]
        lacking = dict(wanted[name])
        rows = zip(films.index, films["patient"].astype(str), films["image"].astype(str), strict=True)
        keyed = [(_key(seed, patient, image), row, patient) for row, patient, image in rows]
        for _, row, patient in sorted(keyed, key=itemgetter(0)):
            side = side_of.get(patient) or max(SIDES, key=lambda side: lacking[side] / wanted[name][side])
            if lacking[side] > 0:
                side_of[patient] = taken[row] = side
                lacking[side] -= 1
            if not any(lacking.values()):
                break
    return pd.Series(taken, dtype=object).reindex(frame.index)


def _key(seed: int, patient: str, image: str) -> str:
    """A film's place in the draw: by its path from the patient's folder on, or else its name, wherever the copy lies."""
    parts = image.split("/")
    start = parts.index(patient) if patient in parts else -1
    return hashlib.sha256(f"{seed}\x1f{'/'.join(parts[start:])}".encode()).hexdigest()
