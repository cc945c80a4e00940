"""Both halves of COVID-Xray-5k as one table, with an account of how it compares with what was published."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepcovid.datasets.columns import KNOWN_COLUMNS
from deepcovid.datasets.covid_xray_5k.negatives import Negatives, choose_negatives
from deepcovid.datasets.covid_xray_5k.positives import COMMIT, Positives, choose_positives
from deepcovid.datasets.covid_xray_5k.published import CITATION, RELEASES, SIDES, Release
from deepcovid.datasets.joining import together
from deepcovid.datasets.table import Table
from deepcovid.errors import TableError, UnknownNameError, did_you_mean

COLUMNS = (*(name for name in KNOWN_COLUMNS if name not in ("lung_mask", "lesion_mask")), "modality", "category")
COLLECTIONS = ("chexpert", "nih-chestxray14")


NEGATIVES_UNKNOWN = (
    "Which films without COVID-19 they took is not published by name (they shared an archive of images, which is not at "
    "hand here); nor is how they treated uncertain labels: here a film has one positive label and no uncertain one."
)


@dataclass(frozen=True)
class Built:
    """The data set as it could be made here.

    Attributes:
        table: the films whose files are there, with `split` train or test; `category` is the class in the paper's words.
        release: what was published.
        positives, negatives: how each half was chosen; without negatives there is one half alone.
        seed: of both choices.
    """

    table: Table
    release: Release
    positives: Positives
    negatives: Negatives | None
    seed: int

    @property
    def shortfalls(self) -> list[str]:
        """Where there are fewer films than published, a phrase each."""
        listed = {side: self.positives.listed(side) for side in SIDES}
        few = [
            f"COVID-19, {side}: {listed[side]} listed of {self.release.positives[side]}"
            for side in SIDES
            if listed[side] != self.release.positives[side]
        ]
        return [*few, *(self.negatives.short if self.negatives else [])]

    @property
    def unverifiable(self) -> list[str]:
        """What nobody can check from what is published, a sentence each."""
        first = (
            f"Which 71 films the radiologist chose is inferred, not published: they are the X-rays that commit {COMMIT} of "
            "covid-chestxray calls COVID-19 and PA, the only commit whose counts are the paper's."
            if self.release.name == "paper"
            else "Which 184 films the radiologist chose, and from which snapshot, is not published."
        )
        sentences = [
            first,
            f"Which patients the authors trained on is not published: {self.positives.divisions:,} divisions of the "
            f"patients give {self.positives.wanted['train']} and {self.positives.wanted['test']} films; the seed decides.",
        ]
        return sentences if self.negatives is None else [*sentences, NEGATIVES_UNKNOWN]

    def to_dict(self) -> dict[str, Any]:
        """The account: JSON-safe."""
        return {
            "dataset": "COVID-Xray-5k",
            "citation": CITATION,
            "release": self.release.name,
            "published_in": self.release.told,
            "seed": self.seed,
            "counts": {side: self._counts(side) for side in SIDES},
            "covid": {
                "commit": COMMIT,
                "metadata_is_of_that_commit": self.positives.is_pinned,
                "listed": len(self.positives.frame),
                "readable": int(self.positives.frame["present"].sum()),
                "patients": int(self.positives.frame["patient"].nunique()),
                "absent": self.positives.absent,
                "divisions": self.positives.divisions,
            },
            "non_covid": self._classes(),
            "augmentation": {
                "published": self.release.augmented,
                "recipe_key": "minority_count",
                "where": "in training; the table holds films",
            },
            "shortfalls": self.shortfalls,
            "cannot_be_verified": self.unverifiable,
            "notes": list(self.table.notes),
        }

    def _counts(self, side: str) -> dict[str, Any]:
        covid = {
            "published": self.release.positives[side],
            "listed": self.positives.listed(side),
            "readable": self.positives.present(side),
            "patients": self.positives.patients(side),
        }
        came = self.negatives.total(side) if self.negatives else 0
        return {"covid": covid, "non_covid": {"published": self.release.negatives[side], "in_table": came}}

    def _classes(self) -> dict[str, Any] | None:
        if self.negatives is None:
            return None
        return {
            "collection": self.negatives.collection,
            "classes": {
                name: {
                    side: {"wanted": number, "came": self.negatives.came[name][side]} for side, number in sides.items()
                }
                for name, sides in self.negatives.wanted.items()
            },
        }


def build_covid_xray_5k(
    covid: Path | str,
    *,
    negatives: Path | str | None,
    collection: str = "chexpert",
    release: str = "paper",
    seed: int = 0,
    strict: bool = False,
) -> Built:
    """COVID-Xray-5k from copies of its two sources; no image is opened.

    Args:
        covid: a copy of covid-chestxray.
        negatives: a copy of the collection of films without COVID-19; None makes the half with COVID-19 alone.
        collection: "chexpert", as in the paper, or "nih-chestxray14".
        release: a key of `RELEASES`.
        seed: which of the equally good divisions and choices is taken.
        strict: refuse where films are fewer than published or a file is absent.

    Raises:
        TableError: a copy is absent or damaged, or falls short under `strict`.
        UnknownNameError: there is no such release or collection.
    """
    _check_name(release, list(RELEASES), what="release")
    _check_name(collection, list(COLLECTIONS), what="collection for films without COVID-19")
    covid, other = Path(covid), None if negatives is None else Path(negatives)
    first = choose_positives(covid, release=RELEASES[release], seed=seed)
    second = None if other is None else choose_negatives(other, collection=collection, seed=seed)
    parts = [(covid, first.frame[first.frame["present"]].assign(category="COVID-19"))]
    if second is not None and other is not None:
        parts.append((other, second.frame))
    others = (
        second.notes if second else ("there are no films without COVID-19: nothing can be trained on this table alone",)
    )
    notes = (*_absent(first), *first.notes, *others)
    built = Built(together(parts, columns=COLUMNS, notes=notes), RELEASES[release], first, second, seed)
    if strict and (built.shortfalls or first.absent):
        absent = [f"no file: {name}" for name in first.absent]
        raise TableError(
            "the copies hold fewer films than published",
            problems=[*built.shortfalls, *absent],
            mend="get the whole collections, or go on without --strict",
        )
    return built


def _check_name(name: str, known: list[str], *, what: str) -> None:
    if name not in known:
        raise UnknownNameError(
            f"there is no {what} named {name!r}", mend=f"{did_you_mean(name, known)}choose one of: {', '.join(known)}"
        )


def _absent(positives: Positives) -> list[str]:
    if not positives.absent:
        return []
    number = len(positives.absent)
    verbs = (
        "has no file in the copy and is not in the table, though it counts"
        if number == 1
        else ("have no file in the copy and are not in the table, though they count")
    )
    return [
        f"{number} of the {len(positives.frame)} films of COVID-19 {verbs} in the division: {', '.join(positives.absent)}"
    ]
