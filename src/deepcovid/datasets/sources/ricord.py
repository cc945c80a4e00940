"""MIDRC-RICORD-1c (RSNA, 2021): films of adults with a positive COVID-19 test, their appearance read by radiologists."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from deepcovid.datasets.sources.dicom_films import read_dicom_films
from deepcovid.datasets.sources.listing import files_below, home_of, prefix_of
from deepcovid.datasets.sources.reading import refuse_problems
from deepcovid.datasets.sources.source import Parsed, register_source
from deepcovid.errors import TableError

NAME = "ricord"
LICENCE = "CC BY-NC 4.0"
ANNOTATIONS = "1c_mdai_rsna_project_MwBeK3Nr_annotations_labelgroup_all_2021-01-08-164102.json"
LAYOUT = f"""{ANNOTATIONS}    (may be absent; the readings)
MIDRC-RICORD-1C/MIDRC-RICORD-1C-419639-000025/…/*.dcm    (below this folder at any depth, as the retriever made it)"""
PREFIX = "MIDRC-RICORD-1C-"
APPEARANCES = ("Typical Appearance", "Indeterminate Appearance", "Atypical Appearance", "Negative for Pneumonia")
_FIRST_WORDS = {name.split()[0].lower(): name for name in APPEARANCES}
_MODALITIES = {"CR": "X-ray", "DX": "X-ray", "CT": "CT"}


@register_source(
    name=NAME,
    title="MIDRC-RICORD-1c",
    home="https://www.cancerimagingarchive.net/collection/midrc-ricord-1c/",
    licence=LICENCE,
    citation=(
        "Tsai et al., The RSNA International COVID-19 Open Radiology Database (RICORD), Radiology 299, 2021; data: doi "
        "10.7937/91ah-v663"
    ),
    access="open",
    layout=LAYOUT,
    expected={"images": 1_257, "patients": 361},
    version="January 2021",
    steps=(
        "open https://www.cancerimagingarchive.net/collection/midrc-ricord-1c/ and download the manifest (.tcia) and the "
        "annotations (JSON)",
        "get the films with the NBIA Data Retriever, which reads the manifest (12 GB)",
        "lay the JSON file beside the folder of the films",
    ),
)
def read(folder: Path) -> Parsed:
    """Every DICOM file below the folder; patient, study, date, view, sex and age from its header.

    Every patient had a positive test, which makes the label "covid"; a film may look normal all the same. The published
    annotations are the readings of several radiologists, study by study; the adjudicated class of the paper is not
    among the files as one column. So `findings` holds the appearance only where all who gave one agree, and `readings`
    how often each was given. How the clinical data's sheet (xlsx) is laid out is known from others' programs alone, so
    it is not read: beyond the headers it adds nothing that this table needs. The dates are shifted by the archive.
    """
    home = _home(folder)
    annotated = (home / ANNOTATIONS).is_file()
    readings = _readings(home / ANNOTATIONS) if annotated else {}
    films = pd.Series(files_below(home, suffixes=(".dcm",)), dtype="str")
    if films.empty:
        raise TableError("there is no .dcm file here", path=home, mend=f"give a folder that holds\n{LAYOUT}")
    films.index = pd.Index(films.tolist())
    keywords = ("PatientID", "StudyInstanceUID", "StudyDate", "Modality")
    said, problems, notes = read_dicom_films(home, films, keywords=keywords)
    refuse_problems([*problems, *_unnamed(said)], path=home)
    given = said["StudyInstanceUID"].map(readings)
    agreed = given.map(_agreed, na_action="ignore")
    frame = pd.DataFrame(
        {
            "image": prefix_of(home, folder) + films,
            "label": "covid",
            "patient": said["PatientID"].str.removeprefix(PREFIX),
            "source": NAME,
            "view": said["view"],
            "sex": said["sex"],
            "age": said["age"],
            "date": said["StudyDate"].map(_date, na_action="ignore"),
            "license": LICENCE,
            "findings": agreed,
            "modality": said["Modality"].map(lambda word: _MODALITIES.get(word, word), na_action="ignore"),
            "readings": given.map(_told, na_action="ignore"),
            "study": said["StudyInstanceUID"],
        }
    )
    unread, split = int(given.isna().sum()), int((given.notna() & agreed.isna()).sum())
    if not annotated:
        notes.append(f"there is no {ANNOTATIONS}: what the radiologists read is unknown")
    elif unread:
        notes.append(f"{unread} films are of studies that nobody annotated")
    notes += (
        [f"{split} films are of studies whose readers disagree: their findings are empty, see readings"]
        if split
        else []
    )
    return Parsed(frame=frame, notes=tuple(notes))


def _home(folder: Path) -> Path:
    """Where the annotations lie; the folder itself where they lie nowhere."""
    try:
        return home_of(folder, ANNOTATIONS, layout=LAYOUT)
    except TableError:
        if not folder.is_dir():
            raise
        return folder


def _readings(path: Path) -> dict[str, Counter[str]]:
    """How often each appearance was given, by StudyInstanceUID, from an export of MD.ai.

    Raises:
        TableError: the file is no such export, or names none of the four appearances.
    """
    try:
        export = json.loads(path.read_bytes())
        names = {label["id"]: label["name"] for group in export["labelGroups"] for label in group["labels"]}
        kinds = {key: _FIRST_WORDS.get(name.split(" ")[0].lower()) for key, name in names.items()}
        given = _given(export["datasets"], kinds)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        mend = "get it anew from the collection's page"
        raise TableError("this is no MD.ai export with labelGroups and datasets", path=path, mend=mend) from error
    if not any(kinds.values()):
        allowed = ", ".join(APPEARANCES)
        raise TableError("no label is an appearance", path=path, mend=f"get the export whose labels are {allowed}")
    return given


def _given(datasets: list[Any], kinds: dict[str, str | None]) -> dict[str, Counter[str]]:
    given: dict[str, Counter[str]] = {}
    for dataset in datasets:
        for annotation in dataset["annotations"]:
            kind = kinds[annotation["labelId"]]
            if kind:
                given.setdefault(annotation["StudyInstanceUID"], Counter())[kind] += 1
    return given


def _unnamed(said: pd.DataFrame) -> list[str]:
    """Headers without a patient or study of this collection, told by the file and not by what they say."""
    patient = said["PatientID"].str.match(PREFIX + r"[\w-]+$", na=False)
    problems = [
        f"{row}: the PatientID is none of this collection; allowed is {PREFIX}…" for row in said.index[~patient]
    ]
    return problems + [f"{row}: there is no StudyInstanceUID" for row in said.index[said["StudyInstanceUID"].isna()]]


def _agreed(readings: Counter[str]) -> str | None:
    return next(iter(readings)) if len(readings) == 1 else None


def _told(readings: Counter[str]) -> str:
    return "|".join(f"{name} ({readings[name]})" for name in APPEARANCES if readings[name])


def _date(word: str) -> str | None:
    return f"{word[:4]}-{word[4:6]}-{word[6:]}" if len(word) == 8 and word.isdigit() else None
