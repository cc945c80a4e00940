"""NIH ChestX-ray14 (2017): films of the NIH Clinical Center with 14 findings taken from their reports."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from deepcovid.datasets.sources.ages import plausible_ages
from deepcovid.datasets.sources.findings import chosen_label, several_note
from deepcovid.datasets.sources.labels import join_findings
from deepcovid.datasets.sources.listing import home_of, named_films, prefix_of
from deepcovid.datasets.sources.people import parse_sex
from deepcovid.datasets.sources.published_split import published_split
from deepcovid.datasets.sources.reading import Metadata, read_metadata
from deepcovid.datasets.sources.source import Parsed, register_source
from deepcovid.datasets.sources.views import parse_view
from deepcovid.datasets.validation import shown

NAME = "nih-chestxray14"
LICENCE = "no restrictions (NIH Clinical Center)"
FILM = re.compile(r"^(?P<patient>\d{8})_\d{3}\.png$")  # of pandas' extract, which searches
LAYOUT = """Data_Entry_2017_v2020.csv (or another Data_Entry_2017*.csv)
images/00000001_000.png or images_001/images/00000001_000.png …
train_val_list.txt, test_list.txt    (may be absent; the published split where both are there)"""
TABLES = ("Data_Entry_2017*.csv", "Data_Entry_2017*.csv.gz")
COLUMNS = ("Image Index", "Finding Labels", "Patient ID", "Patient Age", "View Position")
SEX_COLUMNS = ("Patient Gender", "Patient Sex")  # of the two, the one that the release has
LISTS = {"train_val_list.txt": "train", "test_list.txt": "test"}
FINDINGS = (
    "Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Effusion", "Emphysema", "Fibrosis", "Hernia",
    "Infiltration", "Mass", "Nodule", "Pleural_Thickening", "Pneumonia", "Pneumothorax", "No Finding",
)  # fmt: skip
COUNTS = {"images": 112_120, "patients": 30_805, "view:PA": 67_310, "view:AP": 44_810, "label:normal": 60_361}


@register_source(
    name=NAME,
    title="NIH ChestX-ray14",
    home="https://nihcc.app.box.com/v/ChestXray-NIHCC",
    licence=LICENCE + "; name the NIH Clinical Center, cite the paper, and link to the collection",
    citation=(
        "Wang et al., ChestX-ray8: Hospital-scale Chest X-ray Database and Benchmarks on Weakly-Supervised "
        "Classification and Localization of Common Thorax Diseases, CVPR 2017, arXiv 1705.02315"
    ),
    access="open",
    layout=LAYOUT,
    expected=COUNTS,
    version="Data_Entry_2017",
    steps=(
        "open https://nihcc.app.box.com/v/ChestXray-NIHCC and read README_CHESTXRAY.pdf there",
        "download Data_Entry_2017_v2020.csv, train_val_list.txt, test_list.txt and images/images_001.tar.gz … 012 "
        "(42 GB); batch_download_zips.py there does it",
        "unpack the archives beside the csv file: they make images/",
    ),
)
def read(folder: Path) -> Parsed:
    """Every row of Data_Entry_2017*.csv, of either release; a patient is one person (the collection's Patient ID).

    The findings come from text mining of reports, by the authors' own account more than 90 % right; "No Finding" says
    that none of the 14 was found in the report. Ages like 411 in the first release become unknown, and a note says so. The first
    release's "058Y" are years. train_val_list.txt is published as one list for training and validation: it is "train".
    """
    home = home_of(folder, *TABLES, layout=LAYOUT)
    tables = sorted((path.name for form in TABLES for path in home.glob(form)), reverse=True)  # _v2020 first
    metadata = read_metadata(home / tables[0], required=COLUMNS)
    metadata.notes += [f"{other} is there too, and was not read" for other in tables[1:]]
    patient = _patients(metadata)
    findings = metadata.cells("Finding Labels", _findings)
    metadata.needed("Finding Labels")
    split, torn = published_split(_published(metadata, home), patient)
    ours = {
        "image": prefix_of(home, folder) + _places(metadata, home),
        "label": findings.map(lambda cell: chosen_label(cell.split("|")), na_action="ignore"),
        "patient": patient,
        "source": NAME,
        **split,
        "view": metadata.cells("View Position", parse_view),
        "sex": _sexes(metadata),
        "age": plausible_ages(metadata, "Patient Age"),
        "license": LICENCE,
        "findings": findings,
        "modality": "X-ray",
    }
    return metadata.parsed(ours, notes=[*torn, *several_note(findings)])


def _patients(metadata: Metadata) -> pd.Series:
    """The patient's number without leading zeros; it must be the one that the film's name starts with."""
    names, told = metadata.needed("Image Index"), metadata.needed("Patient ID")
    in_name = names.str.extract(FILM)["patient"]
    for row in names.index[names.notna() & in_name.isna()]:
        metadata.problem(row, f"the Image Index is {shown(names[row])!r}; allowed is 00000001_000.png")
    by_name, by_cell = in_name.str.lstrip("0"), told.str.lstrip("0")
    for row in names.index[by_name.notna() & by_cell.notna() & (by_name != by_cell)]:
        metadata.problem(
            row, f"the Patient ID is {shown(told[row])!r}, but the film is {names[row]}; allowed is one patient"
        )
    return by_cell


def _findings(cell: str) -> str | None:
    words = [word.strip() for word in cell.split("|")]
    if set(words) - set(FINDINGS):
        raise ValueError(f"allowed are {', '.join(FINDINGS)}, joined by |")
    if "No Finding" in words and len(words) > 1:
        raise ValueError("'No Finding' stands alone or not at all")
    return join_findings(words)


def _sexes(metadata: Metadata) -> pd.Series:
    there = [name for name in SEX_COLUMNS if name in metadata.frame.columns]
    if not there:
        metadata.problem("row 1", f"there is no column {' or '.join(map(repr, SEX_COLUMNS))}")
        return metadata.text(SEX_COLUMNS[0])
    return metadata.cells(there[0], parse_sex)


def _places(metadata: Metadata, home: Path) -> pd.Series:
    """Where each film lies in the copy; one that lies nowhere is looked for in images/."""
    places, repeated = named_films(home, suffixes=(".png",))
    metadata.problems += repeated
    return metadata.text("Image Index").map(lambda name: places.get(name, f"images/{name}"), na_action="ignore")


def _published(metadata: Metadata, home: Path) -> pd.Series:
    """train or test after the two published lists; missing where they are not both there."""
    names = metadata.text("Image Index")
    there = [name for name in LISTS if (home / name).is_file()]
    if len(there) < len(LISTS):
        if there:
            metadata.notes.append(f"{there[0]} is there without the other list: the published split was not read")
        return pd.Series(None, index=names.index, dtype=object)
    sides: dict[str, str] = {}
    for name, side in LISTS.items():
        for number, line in enumerate(
            (home / name).read_text(encoding="utf-8", errors="replace").splitlines(), start=1
        ):
            film = line.strip()
            if sides.get(film, side) != side:
                metadata.problem(
                    f"{name} line {number}", f"{shown(film)} stands in the other list, too; allowed is one"
                )
            if film:
                sides[film] = side
    unlisted = int((~names.isin(list(sides))).sum())
    if unlisted:
        metadata.notes.append(f"{unlisted} of {len(names)} films stand in neither {' nor '.join(LISTS)}")
    return names.map(sides)
