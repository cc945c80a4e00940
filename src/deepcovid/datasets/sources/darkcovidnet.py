"""The films of the DarkCovidNet paper (Ozturk et al. 2020): covid from covid-chestxray, the rest from NIH ChestX-ray14."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from deepcovid.datasets.sources import nih_chestxray14
from deepcovid.datasets.sources.class_folders import read_class_folders
from deepcovid.datasets.sources.listing import home_of, prefix_of
from deepcovid.datasets.sources.reading import refuse_problems
from deepcovid.datasets.sources.source import Parsed, register_source

NAME = "darkcovidnet"
LAYOUT = """X-Ray Image DataSet (or Dataset), the folder itself or the one that it lies in:
    Covid-19/*.jpeg   No_findings/00001280_004.png   Pneumonia/00001300_000.png"""
CLASSES = {"Covid-19": "covid", "No_findings": "normal", "Pneumonia": "pneumonia"}
_COVID_SOURCE = "covid-chestxray"


@register_source(
    name=NAME,
    title="The films of DarkCovidNet",
    home="https://github.com/muhammedtalo/COVID-19",
    licence="covid films: per film, see covid-chestxray; the others: " + nih_chestxray14.LICENCE,
    citation=(
        "Ozturk et al., Automated detection of COVID-19 cases using deep neural networks with X-ray images, Computers in "
        "Biology and Medicine 121, 2020"
    ),
    access="open",
    layout=LAYOUT,
    expected={"images": 1_125, "label:covid": 125, "label:normal": 500, "label:pneumonia": 500},
    version="the authors' repository",
    other_versions={"the paper": {"images": 1_127, "label:covid": 127, "label:normal": 500, "label:pneumonia": 500}},
    steps=("git clone https://github.com/muhammedtalo/COVID-19",),
)
def read(folder: Path) -> Parsed:
    """Every film of the three class folders; there is no split, the paper cross-validates over films.

    Films with a name of ChestX-ray14 get its patient number and source, so that they join with that collection's
    table. The covid films keep covid-chestxray's file names, but not its metadata: their patient, view, age, sex and
    licence are unknown here (import covid-chestxray itself to have them).
    """
    home = home_of(folder, *CLASSES, layout=LAYOUT)
    films, problems = read_class_folders(home, classes=CLASSES, layout=LAYOUT)
    refuse_problems(problems, path=home)
    patient = films["name"].str.extract(nih_chestxray14.FILM)["patient"].str.lstrip("0")
    of_nih = patient.notna()
    source = pd.Series(NAME, index=films.index).where(films["label"] != "covid", _COVID_SOURCE)
    frame = pd.DataFrame(
        {
            "image": prefix_of(home, folder) + films["image"],
            "label": films["label"],
            "patient": patient,
            "source": source.where(~of_nih, nih_chestxray14.NAME),
            "license": pd.Series(nih_chestxray14.LICENCE, index=films.index).where(of_nih),
            "findings": films["folder"],
            "modality": "X-ray",
        }
    )
    notes = (
        "covid and the other classes come from different collections: what tells them apart need not be the disease",
        "patients of covid films are not known here: the collection covid-chestxray knows them by file name",
    )
    return Parsed(frame=frame, notes=notes)
