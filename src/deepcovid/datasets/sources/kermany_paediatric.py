"""Kermany's films of children aged one to five (Guangzhou, 2018): normal, bacterial and viral pneumonia."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from deepcovid.datasets.sources.class_folders import read_class_folders
from deepcovid.datasets.sources.listing import home_of, prefix_of
from deepcovid.datasets.sources.published_split import published_split
from deepcovid.datasets.sources.reading import refuse_problems
from deepcovid.datasets.sources.source import Parsed, register_source

NAME = "kermany-paediatric"
LICENCE = "CC BY 4.0"
LAYOUT = """chest_xray, the folder itself or the one that it lies in:
    train/NORMAL/IM-0115-0001.jpeg           test/NORMAL/…     val/NORMAL/…   (val may be absent)
    train/PNEUMONIA/person1_bacteria_1.jpeg  test/PNEUMONIA/…  val/PNEUMONIA/…"""
CLASSES = {"NORMAL": "normal", "PNEUMONIA": "pneumonia"}
SPLITS = {"train": "train", "val": "val", "test": "test"}
COUNTS = {"images": 5_856, "label:normal": 1_583, "label:pneumonia": 4_273}
_COPY = r"(?: \(\d+\))?\.jpe?g"  # "(1)" is what a browser adds to a second download
_NAMES = (
    re.compile(r"(?P<number>person\d+)_(?P<kind>bacteria|virus)_\d+(?:_\d+)?" + _COPY),
    re.compile(r"(?P<number>(?:NORMAL2-)?IM-\d{4})-\d{4}(?:-\d{4})?" + _COPY),
    re.compile(r"(?P<kind>NORMAL|BACTERIA|VIRUS)-(?P<number>\d+)-\d+" + _COPY),
)


@register_source(
    name=NAME,
    title="Kermany's paediatric chest films (chest_xray)",
    home="https://data.mendeley.com/datasets/rscbjbr9sj",
    licence=LICENCE,
    citation=(
        "Kermany et al., Identifying Medical Diagnoses and Treatable Diseases by Image-Based Deep Learning, Cell 172, "
        "2018; data: doi 10.17632/rscbjbr9sj"
    ),
    access="open",
    layout=LAYOUT,
    expected=COUNTS,
    version="version 2 and 3",
    steps=(
        "open https://data.mendeley.com/datasets/rscbjbr9sj/2 (or /3) and download ChestXRay2017.zip (1.2 GB); the same "
        "films are on Kaggle as paultimothymooney/chest-xray-pneumonia",
        "unpack it: it makes chest_xray/",
    ),
)
def read(folder: Path) -> Parsed:
    """Every film of the class folders, the split as its folders say.

    What a patient is: version 3 names films DISEASE-patient-number. Version 2 (Kaggle's) has person1223_bacteria_3178
    and person1223_virus_2073, both in train. These are two children: within each disease the numbers of persons and
    films run on together (bacteria 1223→3178, 1225→3180, 1227→3182; virus 1223→2073, 1224→2074, 1227→2078), and nearly
    every number stands in both lists, so that each disease was numbered from 1 for itself. The same shows across
    folders: person80 to person93 are bacterial in test and viral in train, and no pair of person and disease was
    found in both. So the patient is person and disease ("person1223_bacteria"). Of normal films it is the number of the study
    ("IM-0115", "NORMAL2-IM-1427": two series); the authors do not say whether a child has several of those.

    Age and sex are not published film by film: `age` stays empty and `age_group` says what is known of all. The films
    are anterior-posterior (Kermany 2018, methods); whether supine is not told.
    """
    home = home_of(folder, *SPLITS, layout=LAYOUT)
    films, problems = read_class_folders(home, classes=CLASSES, splits=SPLITS, layout=LAYOUT)
    people = [_who(name) for name in films["name"]]
    patient = pd.Series([who for who, _ in people], index=films.index, dtype=object)
    kind = pd.Series([kind for _, kind in people], index=films.index, dtype=object)
    problems += _contradictions(films["folder"], kind)
    refuse_problems(problems, path=home)
    split, torn = published_split(films["split"], patient)
    frame = pd.DataFrame(
        {
            "image": prefix_of(home, folder) + films["image"],
            "label": films["label"],
            "patient": patient,
            "source": NAME,
            **split,
            "view": "AP",
            "license": LICENCE,
            "findings": films["folder"].where(~kind.isin(["bacteria", "virus"]), films["folder"] + "|" + kind),
            "modality": "X-ray",
            "age_group": "children, 1-5 years",
        }
    )
    notes = ["every film is of a child of one to five years; the age of each is not published"]
    return Parsed(frame=frame, notes=(*notes, *torn))


def _who(name: str) -> tuple[str | None, str | None]:
    """The patient and the kind (normal, bacteria, virus) that a file's name tells; None where it tells none."""
    for pattern in _NAMES:
        if found := pattern.fullmatch(name):
            parts = found.groupdict()
            kind = str(parts.get("kind", "normal")).lower()
            number = parts["number"]
            return (number if number.startswith(("IM-", "NORMAL2-")) else f"{number}_{kind}"), kind
    return None, None


def _contradictions(folders: pd.Series, kinds: pd.Series) -> list[str]:
    told = kinds.map({"normal": "NORMAL", "bacteria": "PNEUMONIA", "virus": "PNEUMONIA"})
    wrong = folders.index[told.notna() & (told != folders)]
    return [f"{row}: the name says {kinds[row]}, the folder {folders[row]}; allowed is one of them" for row in wrong]
