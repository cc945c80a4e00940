"""COVID-19 image data collection (Cohen, Morrison and Dao): films and CT from publications, one metadata.csv.

Seen: commits 015fca0 (the first, without `modality`: CT stands in `view`), 2a99173 (20 March 2020: `Patientid`,
"Axial" and "Coronal" views of CT, "COVID-19, ARDS"), and 6a42423 (the last schema: `patientid`, `folder`, findings as
paths such as "Pneumonia/Viral/COVID-19", "todo" and "Unknown" where nothing is told, NIfTI volumes of CT).
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pandas as pd

from deepcovid.datasets.sources.dates import parse_date
from deepcovid.datasets.sources.labels import join_findings, label_of
from deepcovid.datasets.sources.listing import home_of, place_of, prefix_of
from deepcovid.datasets.sources.people import parse_sex
from deepcovid.datasets.sources.reading import Metadata, read_metadata
from deepcovid.datasets.sources.source import Parsed, register_source
from deepcovid.datasets.sources.views import parse_modality, parse_view

LAYOUT = "metadata.csv\nimages/*.jpg, *.jpeg, *.png"
# What the collection's own later hierarchy puts under "Pneumonia"; ARDS and tuberculosis it does not.
PNEUMONIAS = frozenset({
    "pneumonia", "viral", "sars", "mers", "mers-cov", "influenza", "h1n1", "varicella", "herpes", "bacterial",
    "streptococcus", "staphylococcus", "mrsa", "klebsiella", "legionella", "e.coli", "mycoplasma",
    "mycoplasma-bacterial-pneumonia", "chlamydophila", "nocardia", "fungal", "pneumocystis", "aspergillosis", "lipoid",
    "aspiration",
})  # fmt: skip

REQUIRED = ("sex", "age", "finding", "view", "filename")
FIRST_SCHEMA = frozenset({"Patientid", "notes"})  # later "clinical notes" and "other notes" beside `modality`


@register_source(
    name="covid-chestxray",
    title="COVID-19 Image Data Collection",
    home="https://github.com/ieee8023/covid-chestxray-dataset",
    licence="per film (column license: Apache 2.0, CC BY, CC BY-NC-SA, … or unknown); metadata CC BY-NC-SA 4.0",
    citation="Cohen, Morrison, Dao: COVID-19 Image Data Collection, arXiv 2003.11597 (2020); "
    "Cohen et al.: Prospective Predictions Are the Future, arXiv 2006.11988 (2020)",
    access="open",
    layout=LAYOUT,
    version="2a99173 (20 March 2020, the commit of Deep-COVID)",
    expected={
        "images": 149, "patients": 77, "modality:X-ray": 126, "modality:CT": 23, "label:covid": 124, "view:PA": 94,
    },
    other_versions={
        "last (October 2020)": {
            "images": 950, "modality:X-ray": 866, "modality:CT": 84, "view:PA": 344, "view:AP supine": 234,
            "view:lateral": 84,
        },
    },
    steps=(
        "git clone https://github.com/ieee8023/covid-chestxray-dataset",
        "git checkout 2a99173, where the commit of Deep-COVID is wanted",
    ),
)  # fmt: skip
def read(folder: Path) -> Parsed:
    """Both schemas; the patient's column, folder and modality are looked for by what the file has."""
    home = home_of(folder, "metadata.csv", layout=LAYOUT)
    data = read_metadata(home / "metadata.csv", required=REQUIRED, usual=("date", "license"))
    patient = next((name for name in data.frame.columns if name.lower() == "patientid"), "patientid")
    if patient not in data.frame.columns:
        data.problem(1, "there is no column 'patientid' (nor 'Patientid')")
    if "modality" not in data.frame.columns and not FIRST_SCHEMA.issubset(data.frame.columns):
        data.problem(1, "there is no column 'modality', which only the first schema lacked")
    place = place_of(home, data.text("filename"))
    subfolder = data.text("folder").map(lambda name: f"{name}/", na_action="ignore").fillna(place)
    return data.parsed(
        {
            "image": prefix_of(home, folder) + subfolder + data.needed("filename"),
            "label": data.text("finding").map(label_of_path, na_action="ignore"),
            "findings": data.text("finding").map(lambda cell: join_findings(cell.split(",")), na_action="ignore"),
            "patient": data.text(patient),
            "source": "covid-chestxray",
            "view": _views(data),
            "modality": _modalities(data),
            "sex": data.cells("sex", parse_sex),
            "age": data.ages("age"),
            "date": data.cells("date", partial(parse_date, month_first=True), otherwise="empty"),
            "license": data.text("license"),
        }
    )


def label_of_path(finding: str) -> str | None:
    """The label of "COVID-19, ARDS" or "Pneumonia/Viral/COVID-19": covid before pneumonia before the first word.

    >>> label_of_path("Pneumonia/Viral/COVID-19"), label_of_path("SARS"), label_of_path("Tuberculosis")
    ('covid', 'pneumonia', 'tuberculosis')
    """
    labels = [label for label in map(label_of, re.split(r"[/,]", finding)) if label is not None]
    if "covid" in labels:
        return "covid"
    return "pneumonia" if PNEUMONIAS.intersection(labels) else next(iter(labels), None)


def _views(data: Metadata) -> pd.Series:
    if "modality" in data.frame.columns:
        return data.cells("view", parse_view)
    return data.cells("view", lambda cell: None if cell == "CT" else parse_view(cell))


def _modalities(data: Metadata) -> pd.Series:
    if "modality" in data.frame.columns:
        return data.cells("modality", parse_modality)
    return data.text("view").map(lambda cell: "CT" if cell == "CT" else "X-ray")
