"""Figure 1 COVID-19 chest X-ray dataset (Chung): 55 films sent in by physicians; images are named after `patientid`.

Seen: commits 09f364d (with a column `originalfile`) and 95bb569 (the last). A letter after the number tells the films
of one patient apart ("COVID-00013a", "COVID-00013b": "Xrays taken 1 day apart"), so it is no part of the patient.
Ages are also "50+" or "early 40s"; a film without a finding is one whose test was never told.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from deepcovid.datasets.sources.labels import label_of
from deepcovid.datasets.sources.listing import home_of, prefix_of
from deepcovid.datasets.sources.people import parse_age, parse_sex
from deepcovid.datasets.sources.reading import Metadata, read_metadata
from deepcovid.datasets.sources.source import Parsed, register_source
from deepcovid.datasets.sources.views import parse_modality, parse_view

LAYOUT = "metadata.csv\nimages/COVID-00001.jpg, …"
_DECADE = re.compile(r"(early|mid|late)[ -]\d0s", re.I)


@register_source(
    name="figure1",
    title="Figure 1 COVID-19 Chest X-ray Dataset Initiative",
    home="https://github.com/agchung/Figure1-COVID-chestxray-dataset",
    licence="research use",
    citation="Chung: Figure 1 COVID-19 Chest X-ray Dataset Initiative (2020), part of COVIDx: "
    "Wang, Lin, Wong: COVID-Net, Scientific Reports 10, 19549 (2020)",
    access="open",
    layout=LAYOUT,
    version="95bb569, the last",
    expected={"images": 55, "patients": 48, "modality:X-ray": 55, "label:covid": 35, "label:normal": 3},
    steps=("git clone https://github.com/agchung/Figure1-COVID-chestxray-dataset",),
)
def read(folder: Path) -> Parsed:
    """All rows; the image is the file that carries the patient's id, whatever its format."""
    home = home_of(folder, "metadata.csv", layout=LAYOUT)
    data = read_metadata(home / "metadata.csv", required=("patientid", "sex", "age", "finding", "view", "modality"))
    return data.parsed(
        {
            "image": prefix_of(home, folder) + _images(home, data),
            "label": data.text("finding").map(label_of, na_action="ignore"),
            "findings": data.text("finding"),
            "patient": data.text("patientid").map(lambda cell: re.sub(r"(?<=\d)[a-z]$", "", cell), na_action="ignore"),
            "source": "figure1",
            "view": data.cells("view", parse_view),
            "modality": data.cells("modality", parse_modality),
            "sex": data.cells("sex", parse_sex),
            "age": _ages(data),
            "license": "research use",
        }
    )


def _images(home: Path, data: Metadata) -> pd.Series:
    place = "images/" if (home / "images").is_dir() else ""
    there = {path.stem: path.name for path in sorted((home / place).glob("*")) if path.is_file()}
    names = data.needed("patientid").map(lambda cell: there.get(cell, f"{cell}.jpg"), na_action="ignore")
    return place + data.text("imagename").fillna(names)


def _ages(data: Metadata) -> pd.Series:
    vague = int(data.text("age").map(lambda cell: bool(_DECADE.fullmatch(cell)), na_action="ignore").eq(True).sum())
    if vague:
        data.notes.append(f"{vague} ages are a part of a decade ('early 40s', say), and unknown here")
    return data.ages("age", lambda cell: None if _DECADE.fullmatch(cell) else parse_age(cell))
