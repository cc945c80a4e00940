"""Films of COVID-19: which of covid-chestxray are meant, and on which side each patient stands."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pandas as pd

from deepcovid.datasets.covid_xray_5k.division import count_divisions, draw_patients
from deepcovid.datasets.covid_xray_5k.published import SIDES, Release
from deepcovid.datasets.manifest import load_manifest
from deepcovid.datasets.sources import SOURCES, Parsed
from deepcovid.errors import TableError
from deepcovid.storage import sha256_bytes

SOURCE = "covid-chestxray"
COMMIT = "2a99173"
MEND = "get the commit itself: deepcovid data fetch covid-chestxray --to DIR"


@dataclass(frozen=True)
class Positives:
    """The films of COVID-19 of a release.

    Attributes:
        frame: a row a film that the release lists, with `split`, and `present`: whether its file is there.
        wanted: films by side, as many as there can be of the published ones.
        divisions: how many divisions of the patients give these numbers; the seed decides which is taken.
        is_pinned: whether the metadata are those of commit 2a99173, to the byte (line ends aside).
        notes: what was found and left out.
    """

    frame: pd.DataFrame
    wanted: Mapping[str, int]
    divisions: int
    is_pinned: bool
    notes: tuple[str, ...]

    def listed(self, side: str) -> int:
        """Films of one side, whether their file is there or not."""
        return int((self.frame["split"] == side).sum())

    def present(self, side: str) -> int:
        """Films of one side whose file is there."""
        return int(((self.frame["split"] == side) & self.frame["present"]).sum())

    def patients(self, side: str) -> int:
        """Patients of one side."""
        return int(self.frame.loc[self.frame["split"] == side, "patient"].nunique())

    @property
    def absent(self) -> list[str]:
        """Names of the files that are listed and not there, in order."""
        return sorted(self.frame.loc[~self.frame["present"], "image"])


def choose_positives(folder: Path, *, release: Release, seed: int) -> Positives:
    """The films of COVID-19 from a copy of covid-chestxray, divided by patient; no image is opened.

    The division is made of all films that the release lists, so that it is the same with and without some of the files.

    Raises:
        TableError: the copy or its metadata are absent or damaged, or hold none of the films.
    """
    if not folder.is_dir():
        raise TableError("there is no such folder", path=folder, mend=MEND)
    parsed = SOURCES[SOURCE].read(folder)
    is_pinned = _is_pinned(parsed)
    chosen, notes = _paper(parsed, folder) if release.name == "paper" else _later(parsed, release, seed)
    if not is_pinned and release.name == "paper":
        notes.insert(
            0,
            f"metadata.csv is not that of commit {COMMIT}, whose counts are the paper's: the 71 films were looked for by "
            f"name, and their patients are those of that commit ({MEND})",
        )
    wanted = _wanted(release, len(chosen))
    films = _films(chosen)
    train = draw_patients(films, total=wanted["train"], seed=seed, purpose="train")
    split = chosen["patient"].map(lambda patient: "train" if patient in train else "test")
    there = chosen["image"].map(lambda cell: os.path.isfile(os.path.join(folder, cell))).astype(bool)
    divisions = count_divisions(films, total=wanted["train"])
    return Positives(chosen.assign(split=split, present=there), wanted, divisions, is_pinned, tuple(notes))


def pinned_positives() -> dict[str, str]:
    """File name → patient of the 71 X-rays that commit 2a99173 calls COVID-19 and PA."""
    file = resources.files("deepcovid.datasets.covid_xray_5k") / f"positives-{COMMIT}.csv"
    return {row["filename"]: row["patient"] for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines())}


def _is_pinned(parsed: Parsed) -> bool:
    """Whether the metadata are the commit's; a checkout may have changed the ends of lines."""
    pinned = load_manifest(SOURCE).file("metadata.csv")
    if pinned is None or parsed.metadata is None:
        return False
    content = parsed.metadata.read_bytes()
    return pinned.sha256 in {sha256_bytes(content), sha256_bytes(content.replace(b"\r\n", b"\n"))}


def _paper(parsed: Parsed, folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """The 71 films by name, with what this copy's metadata say of them."""
    pinned = pinned_positives()
    names = parsed.frame["image"].astype("str").str.rpartition("/")[2]
    known = parsed.frame.assign(name=names)[names.isin(list(pinned))].drop_duplicates("name").set_index("name")
    if known.empty:
        raise TableError(
            f"none of the 71 PA films of COVID-19 at commit {COMMIT} is listed here", path=parsed.metadata, mend=MEND
        )
    unlisted = [name for name in pinned if name not in known.index]
    frame = known.reindex(list(pinned))
    frame["image"] = frame["image"].fillna(_guessed(parsed.frame["image"], unlisted))
    frame["patient"] = pd.Series(pinned)
    notes = (
        [f"{len(unlisted)} of the 71 films are not listed in metadata.csv: {', '.join(unlisted)}"] if unlisted else []
    )
    return frame.assign(label="covid", source=SOURCE).reset_index(drop=True), [*notes, *_disagreements(known, pinned)]


def _guessed(images: pd.Series, names: list[str]) -> pd.Series:
    """Where files that the metadata do not name would lie: beside most of the others."""
    place = Counter(str(image).rpartition("/")[0] for image in images.dropna()).most_common(1)[0][0]
    return pd.Series({name: f"{place}/{name}" for name in names}, dtype=object)


def _disagreements(known: pd.DataFrame, pinned: Mapping[str, str]) -> list[str]:
    """What a later metadata.csv says otherwise of the 71 films."""
    other = [
        (known["label"] != "covid", "no COVID-19"),
        (known["view"] != "PA", "of another view than PA"),
        (known["patient"] != pd.Series(pinned).reindex(known.index), "of another patient"),
    ]
    return [f"{int(rows.sum())} of the 71 films: in this copy {what}" for rows, what in other if rows.any()]


def _later(parsed: Parsed, release: Release, seed: int) -> tuple[pd.DataFrame, list[str]]:
    """PA X-rays of COVID-19 of whatever snapshot this is; where there are more than published, patients are drawn."""
    frame = parsed.frame
    fits = (frame["label"] == "covid") & (frame["modality"] == "X-ray") & (frame["view"] == "PA")
    nameless = fits & (frame["patient"].isna() | frame["image"].isna())
    found = frame[fits & ~nameless]
    if found.empty:
        raise TableError("no PA X-ray of COVID-19 with a patient is listed here", path=parsed.metadata, mend=MEND)
    notes = [
        f"this copy lists {len(found)} PA X-rays of COVID-19 of {found['patient'].nunique()} patients; the authors chose "
        f"{sum(release.positives.values())}, of a snapshot and by a choice that they did not publish"
    ]
    notes += (
        [f"{int(nameless.sum())} films of COVID-19 have no patient or no file name: not taken"]
        if nameless.any()
        else []
    )
    total = sum(release.positives.values())
    if len(found) > total:
        kept = draw_patients(_films(found), total=total, seed=seed, purpose="release")
        found = found[found["patient"].isin(kept)]
        notes.append(f"{len(kept)} patients with {len(found)} films were drawn; the others are in no side")
    return found.reset_index(drop=True), notes


def _films(frame: pd.DataFrame) -> dict[str, int]:
    """Patient → number of films."""
    return dict(Counter(frame["patient"].astype(str)))


def _wanted(release: Release, films: int) -> dict[str, int]:
    """The published numbers, or their proportion of the films that there are."""
    total = sum(release.positives.values())
    if films >= total:
        return {"train": release.positives["train"], "test": films - release.positives["train"]}
    train = round(films * release.positives["train"] / total)
    return dict(zip(SIDES, (train, films - train), strict=True))
