"""PadChest (Hospital San Juan, Alicante, 2009-2017): films with labels from Spanish reports, by physicians and by a network."""

from __future__ import annotations

import datetime
from pathlib import Path

import pandas as pd

from deepcovid.datasets.sources.findings import chosen_label, several_note
from deepcovid.datasets.sources.labels import join_findings
from deepcovid.datasets.sources.listing import home_of, named_films, prefix_of
from deepcovid.datasets.sources.people import parse_sex
from deepcovid.datasets.sources.reading import Metadata, read_metadata
from deepcovid.datasets.sources.source import Parsed, register_source
from deepcovid.datasets.sources.word_lists import parse_words
from deepcovid.datasets.validation import shown

NAME = "padchest"
LICENCE = "PadChest Dataset Research Use Agreement (research only, no redistribution)"
LAYOUT = """PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv    (or .csv.gz, or without _01.02.19)
the films in folders by ImageDir (0/*.png … 54/*.png), or all in one folder"""
TABLES = ("PADCHEST_chest_x_ray_images_labels*.csv", "PADCHEST_chest_x_ray_images_labels*.csv.gz")
COLUMNS = (
    "ImageID", "ImageDir", "StudyDate_DICOM", "PatientID", "PatientBirth", "PatientSex_DICOM", "Projection", "Labels",
    "MethodLabel",
)  # fmt: skip
# Bustos et al. 2020, section 3.3: standard PA and lateral, AP standing and lying, costal; the rest was excluded.
PROJECTIONS = {"PA": "PA", "L": "lateral", "AP": "AP", "AP_horizontal": "AP supine", "UNK": None}
LEFT_OUT = {"EXCLUDE": "that the collection itself excludes", "COSTAL": "of the ribs"}
_NO_FINDINGS = ("", "unchanged", "exclude", "suboptimal study")  # words about the report or the film, not of a finding


@register_source(
    name=NAME,
    title="PadChest",
    home="https://bimcv.cipf.es/bimcv-projects/padchest/",
    licence=LICENCE,
    citation=(
        "Bustos et al., PadChest: A large chest x-ray image dataset with multi-label annotated reports, Medical Image "
        "Analysis 66, 2020, arXiv 1901.07441"
    ),
    access="registration",
    layout=LAYOUT,
    expected={"images": 160_868, "patients": 67_625},
    version="as published",
    other_versions={"PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv": {"images": 160_861, "patients": 67_625}},
    steps=(
        "open https://bimcv.cipf.es/bimcv-projects/padchest/, read the research use agreement and ask for access there",
        "download the csv file and the archives of films (1 TB, 16-bit PNG)",
        "unpack them beside the csv file, each archive into the folder of its number",
    ),
)
def read(folder: Path) -> Parsed:
    """Every row but films of the ribs (Projection COSTAL) and what the collection excludes (EXCLUDE), which are counted.

    The age is the year of the study less the year of birth, hence up to one year too high. 27 % of the labels are
    physicians', the rest a network's (`MethodLabel`). "normal" is a film whose only label is normal; "unchanged" says
    nothing of what is there, so a film with that alone has no label.
    """
    home = home_of(folder, *TABLES, layout=LAYOUT)
    tables = sorted((path.name for form in TABLES for path in home.glob(form)), reverse=True)  # the dated one first
    metadata = read_metadata(home / tables[0], required=COLUMNS)
    metadata.notes += [f"{other} is there too, and was not read" for other in tables[1:]]
    _leave_out(metadata)
    labels = metadata.cells("Labels", parse_words)
    findings = labels.map(join_findings, na_action="ignore")
    ours = {
        "image": prefix_of(home, folder) + _places(metadata, home),
        "label": labels.map(_label, na_action="ignore"),
        "patient": metadata.needed("PatientID"),
        "source": NAME,
        "view": metadata.cells("Projection", _projection),
        "sex": metadata.cells("PatientSex_DICOM", parse_sex),
        "age": _ages(metadata),
        "date": metadata.cells("StudyDate_DICOM", _date),
        "license": LICENCE,
        "findings": findings,
        "modality": "X-ray",
    }
    machine = int(metadata.text("MethodLabel").ne("Physician").sum())
    notes = [
        f"{machine} of {len(labels)} films were labelled by a network, not by a physician (column MethodLabel)",
        "ages are the year of the study less the year of birth: up to one year too high",
    ]
    return metadata.parsed(ours, notes=[*notes, *several_note(findings)])


def _leave_out(metadata: Metadata) -> None:
    for projection, told in LEFT_OUT.items():
        out = metadata.text("Projection") == projection
        if out.any():
            metadata.notes.append(f"{int(out.sum())} images {told} ({projection}) were left out")
            metadata.frame = metadata.frame[~out]


def _places(metadata: Metadata, home: Path) -> pd.Series:
    """Where each film lies in the copy; one that lies nowhere is looked for in the folder of its number."""
    places, repeated = named_films(home, suffixes=(".png",))
    metadata.problems += repeated
    names, folders = metadata.needed("ImageID"), metadata.needed("ImageDir")
    for row in names.index[names.notna() & ~names.str.fullmatch(r"[\w.-]+\.png").eq(True)]:
        metadata.problem(row, f"the ImageID is {shown(names[row])!r}; allowed is the name of a .png file")
    asked = folders + "/" + names
    return pd.Series(
        [places.get(name, other) for name, other in zip(names, asked, strict=True)], index=names.index, dtype=object
    )


def _projection(word: str) -> str | None:
    if word not in PROJECTIONS:
        raise ValueError(f"allowed are {', '.join([*PROJECTIONS, *LEFT_OUT])}")
    return PROJECTIONS[word]


def _ages(metadata: Metadata) -> pd.Series:
    born = metadata.cells("PatientBirth", _year)
    filmed = metadata.cells("StudyDate_DICOM", _date).str[:4].map(int, na_action="ignore")
    ages = (filmed - born).map(float, na_action="ignore")
    for row in ages.index[ages.notna() & ~ages.between(0, 120)]:
        metadata.problem(
            row, f"PatientBirth is {born[row]} and the study of {filmed[row]}; allowed are 0 to 120 years between"
        )
    return ages


def _year(word: str) -> int:
    plain = word.removesuffix(".0")
    if not (len(plain) == 4 and plain.isdigit()):
        raise ValueError("allowed is a year of four digits")
    return int(plain)


def _date(word: str) -> str:
    plain = word.removesuffix(".0")
    try:
        return datetime.datetime.strptime(plain, "%Y%m%d").date().isoformat()
    except ValueError as error:
        raise ValueError("allowed is YYYYMMDD") from error


def _label(words: list[str]) -> str | None:
    found = [word for word in words if word not in _NO_FINDINGS]
    others = [word for word in found if word != "normal"]
    if not others:
        return "normal" if words == ["normal"] else None
    return chosen_label(others)
