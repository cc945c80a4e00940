"""Actualmed COVID-19 chest X-ray dataset (Chung; Universitat Jaume I): 238 films of one Spanish provider.

Seen: commit 2635e4b (the last) and the script that made it. Sex and age are always empty; "Inconclusive" in the notes
stands beside an empty finding; the day of the film stands in the notes as "date taken (YYYYMMDD): 20200313".
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from deepcovid.datasets.sources.dates import parse_date
from deepcovid.datasets.sources.labels import label_of
from deepcovid.datasets.sources.listing import home_of, place_of, prefix_of
from deepcovid.datasets.sources.people import parse_sex
from deepcovid.datasets.sources.reading import Metadata, read_metadata
from deepcovid.datasets.sources.source import Parsed, register_source
from deepcovid.datasets.sources.views import parse_modality, parse_view

LAYOUT = "metadata.csv\nimages/*.png"
_TAKEN = re.compile(r"date taken \(YYYYMMDD\): *(\S+)")


@register_source(
    name="actualmed",
    title="Actualmed COVID-19 Chest X-ray Dataset Initiative",
    home="https://github.com/agchung/Actualmed-COVID-chestxray-dataset",
    licence="research use",
    citation="Chung: Actualmed COVID-19 Chest X-ray Dataset Initiative (2020), part of COVIDx: "
    "Wang, Lin, Wong: COVID-Net, Scientific Reports 10, 19549 (2020)",
    access="open",
    layout=LAYOUT,
    version="2635e4b, the last",
    expected={"images": 238, "modality:X-ray": 238},
    steps=("git clone https://github.com/agchung/Actualmed-COVID-chestxray-dataset",),
)
def read(folder: Path) -> Parsed:
    """All rows of metadata.csv."""
    home = home_of(folder, "metadata.csv", layout=LAYOUT)
    data = read_metadata(
        home / "metadata.csv",
        required=("patientid", "sex", "age", "finding", "view", "modality", "imagename"),
        usual=("notes",),
    )
    return data.parsed(
        {
            "image": prefix_of(home, folder) + place_of(home, data.text("imagename")) + data.needed("imagename"),
            "label": data.text("finding").map(label_of, na_action="ignore"),
            "findings": data.text("finding"),
            "patient": data.needed("patientid"),
            "source": "actualmed",
            "view": data.cells("view", parse_view),
            "modality": data.cells("modality", parse_modality),
            "sex": data.cells("sex", parse_sex),
            "age": data.ages("age"),
            "date": _dates(data),
            "license": "research use",
        }
    )


def _dates(data: Metadata) -> pd.Series:
    def day(notes: str) -> str | None:
        told = _TAKEN.search(notes)
        return parse_date(told[1]) if told else None

    return data.cells("notes", day)
