"""COVID-CXNet (Haghanifar): COVID-19 films from publications and case reports; metadata.csv tells of those from 260 on.

Seen: commit e2fabd3. Sex is "male" or "female"; ages of infants are parts of a year; a label may be several words
separated by commas. Copies are known in which sex and age are swapped in some rows: such a pair is put right and
counted, and nothing else is guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from deepcovid.datasets.sources.labels import join_findings, label_of_findings
from deepcovid.datasets.sources.listing import home_of, place_of, prefix_of
from deepcovid.datasets.sources.people import parse_age, parse_sex
from deepcovid.datasets.sources.reading import Metadata, read_metadata
from deepcovid.datasets.sources.source import Parsed, register_source
from deepcovid.datasets.sources.views import parse_modality, parse_view

LAYOUT = "metadata.csv\nchest_xray_images/covid19/*.jpg, *.png, … (or covid19/, images/, or beside metadata.csv)"
REQUIRED = ("filename", "patient_id", "sex", "age", "view", "label")
PLACES = ("chest_xray_images/covid19/", "covid19/", "images/", "")


@register_source(
    name="covid-cxnet",
    title="COVID-CXNet",
    home="https://github.com/armiro/COVID-CXNet",
    licence="repository MIT; the films are their publishers', each named in column url",
    citation="Haghanifar et al.: COVID-CXNet, Multimedia Tools and Applications 81 (2022), arXiv 2006.13807",
    access="open",
    layout=LAYOUT,
    version="e2fabd3",
    expected={"images": 452, "patients": 279},
    steps=("git clone https://github.com/armiro/COVID-CXNet",),
)
def read(folder: Path) -> Parsed:
    """All rows of metadata.csv."""
    home = home_of(folder, "metadata.csv", layout=LAYOUT)
    data = read_metadata(home / "metadata.csv", required=REQUIRED, usual=("opacification",))
    people = _unswapped(data)
    place = place_of(home, data.text("filename"), usual=PLACES)
    findings = data.text("label").map(lambda cell: cell.split(","), na_action="ignore")
    clear = int((data.text("opacification") == "0").sum())
    notes = (f"{clear} films show no opacity by the collection's own reading (opacification 0)",) if clear else ()
    return data.parsed(
        {
            "image": prefix_of(home, folder) + place + data.needed("filename"),
            "label": findings.map(label_of_findings, na_action="ignore"),
            "findings": findings.map(join_findings, na_action="ignore"),
            "patient": data.text("patient_id"),
            "source": "covid-cxnet",
            "view": data.cells("view", parse_view),
            "modality": data.cells("modality", parse_modality).fillna("X-ray"),
            "sex": people.cells("sex", parse_sex),
            "age": people.ages("age"),
        },
        notes=notes,
    )


def _unswapped(data: Metadata) -> Metadata:
    """The same file with sex and age in their columns where a row has each in the place of the other."""
    swapped = [row for row, age in data.text("age").items() if _reads(age, parse_sex) and _no_sex(data, row)]
    if not swapped:
        return data
    data.notes.append(f"{len(swapped)} rows have sex and age in each other's column, and were put right")
    frame = data.frame.copy()
    frame.loc[swapped, ["sex", "age"]] = data.frame.loc[swapped, ["age", "sex"]].to_numpy()
    return replace(data, frame=frame)


def _no_sex(data: Metadata, row: Any) -> bool:
    sex = data.frame.loc[row, "sex"]
    return sex is None or _reads(sex, parse_age)


def _reads(cell: Any, parse: Callable[[str], object]) -> bool:
    """Whether `parse` finds something in a cell."""
    try:
        return cell is not None and parse(cell) is not None
    except ValueError:
        return False
