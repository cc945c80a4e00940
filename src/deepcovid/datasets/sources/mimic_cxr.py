"""MIMIC-CXR-JPG (Beth Israel Deaconess, 2011-2016): films of adults with CheXpert's observations of their reports."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from deepcovid.datasets.sources.findings import several_note
from deepcovid.datasets.sources.listing import home_of, prefix_of
from deepcovid.datasets.sources.observations import OBSERVATIONS, Observed, read_observations
from deepcovid.datasets.sources.published_split import published_split
from deepcovid.datasets.sources.reading import Metadata, read_metadata
from deepcovid.datasets.sources.source import Parsed, register_source
from deepcovid.datasets.sources.views import parse_view
from deepcovid.datasets.validation import shown

NAME = "mimic-cxr"
LICENCE = "PhysioNet Credentialed Health Data License 1.5.0 (research, no redistribution)"
LAYOUT = """mimic-cxr-2.0.0-metadata.csv.gz    (or .csv; the films)
mimic-cxr-2.0.0-chexpert.csv.gz    (or .csv; the labels of each study)
mimic-cxr-2.0.0-split.csv.gz       (or .csv; may be absent: then there is no split)
files/p10/p10000032/s50414267/02aa804e-bde0afdd-112c0b34-7bc16630-4e384014.jpg"""
FILMS, LABELS, SPLIT = (f"mimic-cxr-2.0.0-{part}.csv" for part in ("metadata", "chexpert", "split"))
_SIDES = {"train": "train", "validate": "val", "test": "test"}
# What View Position says beside PA, AP, LATERAL and LL, as counted in the collection's metadata.
_VIEWS = {
    "XTABLE LATERAL": "lateral", "SWIMMERS": "lateral", "AP AXIAL": "lordotic", "AP LLD": "decubitus",
    "AP RLD": "decubitus", "PA LLD": "decubitus", "PA RLD": "decubitus",
}  # fmt: skip


@register_source(
    name=NAME,
    title="MIMIC-CXR-JPG",
    home="https://physionet.org/content/mimic-cxr-jpg/",
    licence=LICENCE,
    citation=(
        "Johnson et al., MIMIC-CXR-JPG, a large publicly available database of labeled chest radiographs, arXiv 1901.07042; "
        "data: doi 10.13026/jsn5-t979"
    ),
    access="registration",
    layout=LAYOUT,
    expected={"images": 377_110, "patients": 65_379},
    version="2.0.0 and 2.1.0",
    steps=(
        "make an account at https://physionet.org and become a credentialed user: a training in research with human "
        "subjects (CITI) and a reference are asked for",
        "sign the data use agreement at https://physionet.org/content/mimic-cxr-jpg/",
        "download the collection (570 GB), or its metadata and the films that you need; files/ lies beside the metadata",
    ),
)
def read(folder: Path) -> Parsed:
    """Every film of the metadata, with the labels of its study (CheXpert's labeller, not NegBio's) and its side.

    Labels are of studies: the lateral and the frontal film of one study have the same. Dates are shifted into the
    future, each patient's by an amount of its own. Age and sex are not part of the collection (MIMIC-IV has them).
    """
    home = home_of(folder, FILMS, FILMS + ".gz", layout=LAYOUT)
    films = read_metadata(_found(home, FILMS), required=("dicom_id", "subject_id", "study_id", "ViewPosition"))
    labels = read_metadata(_found(home, LABELS), required=("subject_id", "study_id", *OBSERVATIONS), mend=LAYOUT)
    ids = _ids(films)
    observed = _of_films(films, labels, ids["study_id"])
    split, torn = published_split(_published(films, home), ids["subject_id"])
    ours = {
        "image": prefix_of(home, folder) + _paths(ids),
        "label": observed.label,
        "patient": ids["subject_id"],
        "source": NAME,
        **split,
        "view": films.cells("ViewPosition", _view),
        "date": films.cells("StudyDate", _date),
        "license": LICENCE,
        "findings": observed.findings,
        "modality": "X-ray",
        "uncertain": observed.uncertain,
    }
    notes = ["dates are shifted, and differently for each patient: they tell order, not season or year"]
    return films.parsed(ours, notes=[*notes, *torn, *several_note(observed.findings)])


def _found(home: Path, name: str) -> Path:
    return home / name if (home / name).is_file() else home / (name + ".gz")


def _ids(films: Metadata) -> pd.DataFrame:
    """The three ids of every film; one of another form is a problem."""
    ids = pd.DataFrame({name: films.needed(name) for name in ("dicom_id", "subject_id", "study_id")})
    allowed = {"dicom_id": r"[\w-]+", "subject_id": r"\d{2,}", "study_id": r"\d+"}
    for name, pattern in allowed.items():
        for row in ids.index[ids[name].notna() & ~ids[name].str.fullmatch(pattern).eq(True)]:
            films.problem(row, f"the {name} is {shown(ids[name][row])!r}; allowed is what matches {pattern}")
    return ids


def _paths(ids: pd.DataFrame) -> pd.Series:
    person, study = ids["subject_id"], ids["study_id"]
    return "files/p" + person.str[:2] + "/p" + person + "/s" + study + "/" + ids["dicom_id"] + ".jpg"


def _of_films(films: Metadata, labels: Metadata, study: pd.Series) -> Observed:
    """The observations of each film's study; what is wrong with the labels becomes a problem of the films."""
    of_study = labels.needed("study_id")
    for row in of_study.index[of_study.notna() & of_study.duplicated()]:
        labels.problem(
            row, f"the study_id {shown(of_study[row])} stands in an earlier row, too; allowed is one row a study"
        )
    observed = read_observations(labels)
    films.problems += [f"{labels.path.name} {problem}" for problem in labels.problems]
    unlabelled = int((study.notna() & ~study.isin(of_study)).sum())
    if unlabelled:
        films.notes.append(
            f"{unlabelled} films are of studies that {labels.path.name} does not have: their label is unknown"
        )
    return Observed(
        **{
            name: study.map(getattr(observed, name).set_axis(of_study).to_dict())
            for name in ("findings", "uncertain", "label")
        }
    )


def _published(films: Metadata, home: Path) -> pd.Series:
    """The published side of each film; what is wrong with the split becomes a problem of the films."""
    dicom = films.text("dicom_id")
    path = _found(home, SPLIT)
    if not path.is_file():
        films.notes.append(f"there is no {SPLIT}.gz: the published split is unknown")
        return pd.Series(None, index=dicom.index, dtype=object)
    split = read_metadata(path, required=("dicom_id", "split"))
    names, sides = split.needed("dicom_id"), split.cells("split", _side)
    split.needed("split")
    for row in names.index[names.notna() & names.duplicated()]:
        split.problem(row, f"the dicom_id {shown(names[row])} stands in an earlier row, too; allowed is one row a film")
    films.problems += [f"{path.name} {problem}" for problem in split.problems]
    unlisted = int((~dicom.isin(names)).sum())
    if unlisted:
        films.notes.append(f"{unlisted} films stand not in {path.name}: their side of the split is unknown")
    return dicom.map(sides.set_axis(names).to_dict())


def _side(word: str) -> str:
    if word not in _SIDES:
        raise ValueError(f"allowed are {', '.join(_SIDES)}")
    return _SIDES[word]


def _view(word: str) -> str | None:
    return _VIEWS.get(word.upper()) or parse_view(word)


def _date(word: str) -> str:
    if not (len(word) == 8 and word.isdigit()):
        raise ValueError("allowed is YYYYMMDD")
    return f"{word[:4]}-{word[4:6]}-{word[6:]}"
