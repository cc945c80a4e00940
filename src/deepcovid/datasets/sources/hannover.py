"""COVID-19 image repository of Hannover Medical School (Winther et al.): 243 films of 71 patients, data.csv beside png/.

Seen: commit 4025ea1. Every patient had COVID-19; the table says nothing of single films. Age, size and weight are
withheld; the offsets are days from the film to the event, so that a positive `admission_offset` is a film before
admission.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from deepcovid.datasets.sources.listing import home_of, place_of, prefix_of
from deepcovid.datasets.sources.people import parse_sex
from deepcovid.datasets.sources.reading import Metadata, read_metadata
from deepcovid.datasets.sources.source import Parsed, register_source
from deepcovid.datasets.sources.views import parse_modality, parse_view

LAYOUT = "data.csv\npng/<image_id>.png"
REQUIRED = ("patient_id", "image_id", "sex", "age", "modality", "projection")


@register_source(
    name="hannover",
    title="COVID-19 Image Repository, Hannover Medical School",
    home="https://github.com/ml-workgroup/covid-19-image-repository",
    licence="CC BY 3.0",
    citation="Winther et al.: COVID-19 Image Repository, figshare (2020), doi:10.6084/m9.figshare.12275009",
    access="open",
    layout=LAYOUT,
    version="4025ea1, the last",
    expected={"images": 243, "patients": 71, "modality:X-ray": 243},
    steps=("git clone https://github.com/ml-workgroup/covid-19-image-repository",),
)
def read(folder: Path) -> Parsed:
    """All rows of data.csv, all of them labelled covid."""
    home = home_of(folder, "data.csv", layout=LAYOUT)
    data = read_metadata(home / "data.csv", required=REQUIRED, usual=("admission_offset",))
    films = data.needed("image_id") + ".png"
    return data.parsed(
        {
            "image": prefix_of(home, folder) + place_of(home, films, usual=("png/", "images/", "")) + films,
            "label": "covid",
            "findings": "COVID-19",
            "patient": data.needed("patient_id"),
            "source": "hannover",
            "view": data.cells("projection", parse_view),
            "modality": data.cells("modality", parse_modality),
            "sex": data.cells("sex", _sex),
            "age": data.ages("age"),
            "license": "CC BY 3.0",
        },
        notes=("covid is said of the patients; no film of the collection has a finding of its own", *_early(data)),
    )


def _sex(word: str) -> str | None:
    """The collection's readme says m or w (weiblich)."""
    return "F" if word.lower() == "w" else parse_sex(word)


def _early(data: Metadata) -> tuple[str, ...]:
    days = pd.to_numeric(data.text("admission_offset"), errors="coerce")
    early = int((days > 0).sum())
    return (f"{early} films were taken before admission, and may show no disease yet",) if early else ()
