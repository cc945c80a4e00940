"""CheXpert (Stanford, 2019): films of adults with 14 observations taken from their reports, some of them uncertain."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from deepcovid.datasets.sources.combining import combined
from deepcovid.datasets.sources.findings import several_note
from deepcovid.datasets.sources.listing import home_of, prefix_of
from deepcovid.datasets.sources.observations import OBSERVATIONS, read_observations
from deepcovid.datasets.sources.people import parse_age, parse_sex
from deepcovid.datasets.sources.published_split import published_split
from deepcovid.datasets.sources.reading import Metadata, read_metadata
from deepcovid.datasets.sources.source import Parsed, register_source
from deepcovid.datasets.sources.views import parse_view

NAME = "chexpert"
LICENCE = "Stanford University Dataset Research Use Agreement (research only, no redistribution)"
LAYOUT = """CheXpert-v1.0 or CheXpert-v1.0-small, the folder itself or the one that it lies in:
    train.csv, valid.csv    (one of them may be absent)
    train/patient00001/study1/view1_frontal.jpg
    valid/patient64541/study1/view1_frontal.jpg"""
COLUMNS = ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *OBSERVATIONS)
_FILES = {"train.csv": "train", "valid.csv": "val"}
_PATH = re.compile(
    r"(?P<above>(?:.*/)?)(?P<film>(?:train|valid)/(?P<patient>patient\d+)/study\d+/view\d+_(?P<view>\w+)\.(?:jpg|png))"
)


@register_source(
    name=NAME,
    title="CheXpert",
    home="https://stanfordmlgroup.github.io/competitions/chexpert/",
    licence=LICENCE,
    citation=(
        "Irvin et al., CheXpert: A Large Chest Radiograph Dataset with Uncertainty Labels and Expert Comparison, "
        "AAAI 2019, arXiv 1901.07031"
    ),
    access="registration",
    layout=LAYOUT,
    expected={"images": 224_316, "patients": 65_240},
    version="as published, with its hidden test set",
    other_versions={
        "train.csv and valid.csv": {"images": 223_648, "patients": 64_740},
        "train.csv alone": {"images": 223_414, "patients": 64_540},
        "valid.csv alone": {"images": 234, "patients": 200},
    },
    steps=(
        "read https://stanfordmlgroup.github.io/competitions/chexpert/ and follow its link to the Stanford AIMI page",
        "register there, accept the Dataset Research Use Agreement for yourself, and download CheXpert-v1.0 (439 GB, or "
        "CheXpert-v1.0-small, 11 GB, where it is offered)",
        "unpack it, so that train.csv, valid.csv, train/ and valid/ lie in one folder",
    ),
)
def read(folder: Path) -> Parsed:
    """Every film of train.csv and valid.csv; the paths in them may start with any name of the collection's folder.

    Frontal films that are said to be lateral in AP/PA (17 in train.csv: 16 LL, one RL) contradict themselves, so their
    view is unknown. The column `uncertain` holds the observations that are -1; `findings` holds those that are 1.
    """
    home = home_of(folder, *_FILES, layout=LAYOUT)
    parts = [read_metadata(home / name, required=COLUMNS) for name in _FILES if (home / name).is_file()]
    metadata = combined(parts, path=home)
    paths = _paths(metadata)
    observed = read_observations(metadata)
    split, torn = published_split(_sides(metadata), paths["patient"])
    ours = {
        "image": prefix_of(home, folder) + _inner(home, paths["above"]) + paths["film"],
        "label": observed.label,
        "patient": paths["patient"],
        "source": NAME,
        **split,
        "view": _views(metadata),
        "sex": metadata.cells("Sex", parse_sex),
        "age": metadata.cells("Age", parse_age),
        "license": LICENCE,
        "findings": observed.findings,
        "modality": "X-ray",
        "uncertain": observed.uncertain,
    }
    absent = [f"there is no {name}; its films are not in the table" for name in _FILES if not (home / name).is_file()]
    return metadata.parsed(ours, notes=[*absent, *torn, *_notes(metadata), *several_note(observed.findings)])


def _paths(metadata: Metadata) -> pd.DataFrame:
    """The path of each film inside the collection, and its patient; a path of another form is a problem."""
    cells = metadata.needed("Path")
    found = cells.str.extract(_PATH)
    for row in cells.index[cells.notna() & found["film"].isna()]:
        metadata.problem(row, f"the Path is {cells[row]!r}; allowed is …/train/patient00001/study1/view1_frontal.jpg")
    names = found["view"].map({"frontal": "Frontal", "lateral": "Lateral"})
    told = metadata.text("Frontal/Lateral")
    for row in cells.index[names.notna() & told.notna() & (names != told)]:
        metadata.problem(row, f"the file is called {names[row].lower()}, but Frontal/Lateral says {told[row]!r}")
    return found


def _inner(home: Path, above: pd.Series) -> pd.Series:
    """What the paths start with, where it is a folder beside the csv files and the films are not; else nothing."""
    if any((home / side).is_dir() for side in ("train", "valid")):
        return above.where(above.isna(), "")
    return above.map(lambda name: name if name and (home / name).is_dir() else "", na_action="ignore")


def _sides(metadata: Metadata) -> pd.Series:
    return pd.Series(
        [_FILES[str(row).partition(" row ")[0]] for row in metadata.frame.index], index=metadata.frame.index
    )


def _views(metadata: Metadata) -> pd.Series:
    metadata.needed("Frontal/Lateral")
    side = metadata.cells("Frontal/Lateral", _side)
    detail = metadata.cells("AP/PA", parse_view)
    detail[(side == "Frontal") & (detail == "lateral")] = None
    detail[side == "Lateral"] = "lateral"
    return detail


def _side(word: str) -> str:
    if word not in ("Frontal", "Lateral"):
        raise ValueError("allowed are Frontal and Lateral")
    return word


def _notes(metadata: Metadata) -> list[str]:
    side, detail = metadata.text("Frontal/Lateral"), metadata.text("AP/PA")
    contradicting = int(((side == "Frontal") & detail.isin(["LL", "RL"])).sum())
    zero = int(metadata.text("Age").isin(["0", "0.0"]).sum())
    notes = []
    if contradicting:
        notes.append(f"{contradicting} films are Frontal, but LL or RL in AP/PA: their view is unknown")
    if zero:
        notes.append(f"{zero} films have age 0 in a collection of adults: look at them before you use ages")
    return notes
