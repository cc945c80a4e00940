"""RSNA Pneumonia Detection Challenge (2018): NIH films that radiologists read again, with boxes around opacities."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from deepcovid.datasets.sources import nih_chestxray14
from deepcovid.datasets.sources.dicom_films import read_dicom_films
from deepcovid.datasets.sources.labels import label_of
from deepcovid.datasets.sources.listing import home_of, prefix_of
from deepcovid.datasets.sources.reading import Metadata, read_metadata, refuse_problems
from deepcovid.datasets.sources.source import Parsed, register_source
from deepcovid.datasets.validation import shown
from deepcovid.errors import TableError

NAME = "rsna-pneumonia"
LICENCE = "the challenge's rules: academic research and education"
BOXES, CLASSES, IMAGES = "stage_2_train_labels.csv", "stage_2_detailed_class_info.csv", "stage_2_train_images"
MAPPING = "pneumonia-challenge-dataset-mappings_2018.json"
LAYOUT = f"""{BOXES}
{CLASSES}    (may be absent; without it nothing is known to be normal)
{IMAGES}/0004cfab-14fd-4e49-80ba-63a80b6bddd6.dcm …
{MAPPING}    (may be absent; with it the NIH patient of each film is known)"""
OPACITY = "Lung Opacity"
_WORDS = (OPACITY, "Normal", "No Lung Opacity / Not Normal")
_SIDES = ("x", "y", "width", "height")


@register_source(
    name=NAME,
    title="RSNA Pneumonia Detection Challenge (stage 2, train)",
    home="https://www.rsna.org/rsnai/ai-image-challenge/rsna-pneumonia-detection-challenge-2018",
    licence=LICENCE,
    citation=(
        "Shih et al., Augmenting the National Institutes of Health Chest Radiograph Dataset with Expert Annotations of "
        "Possible Pneumonia, Radiology: Artificial Intelligence 1, 2019, doi 10.1148/ryai.2019180041"
    ),
    access="registration",
    layout=LAYOUT,
    expected={"images": 26_684, "label:pneumonia": 6_012, "label:normal": 8_851},
    version="stage 2, train",
    steps=(
        "sign in at Kaggle, open https://www.kaggle.com/c/rsna-pneumonia-detection-challenge/data and accept the rules",
        "download and unpack it",
        f"for the patients, get {MAPPING} from the challenge's page at rsna.org and lay it beside the csv files",
    ),
)
def read(folder: Path) -> Parsed:
    """One row a film (patientId names a film, whatever its name says), its boxes in one cell; headers give view, sex, age.

    "pneumonia" is Target 1: "evidence of pneumonia" by the challenge, an opacity that radiologists held for
    suspicious by the paper; nobody's sputum was looked at. "normal" is the class Normal; the third class keeps its
    own words. The films are of NIH ChestX-ray14, where a patient has several; patientId does not tell which are of one,
    the published mapping does: with it, patient and source are NIH's, so that the films join with that collection's
    table; without it the patient is unknown. The films of the test set are unlabelled and not read.
    """
    home = home_of(folder, BOXES, layout=LAYOUT)
    boxes = read_metadata(home / BOXES, required=("patientId", *_SIDES, "Target"))
    classes = _classes(home / CLASSES, boxes)
    _check_boxes(boxes, classes)
    refuse_problems(boxes.problems, path=boxes.path)
    films = boxes.frame[~boxes.text("patientId").duplicated()]
    names = films["patientId"]
    images = prefix_of(home, folder) + f"{IMAGES}/" + names.astype("str") + ".dcm"
    said, broken, notes = read_dicom_films(folder, images)
    refuse_problems(broken, path=home / IMAGES)
    word = names.map(classes).astype(object)
    positive = films["Target"] == "1"
    patient, unmapped = _patients(home, names)
    frame = pd.DataFrame(
        {
            "image": images,
            "label": word.map(label_of, na_action="ignore").mask(positive, "pneumonia"),
            "patient": patient,
            "source": NAME if unmapped else nih_chestxray14.NAME,
            "view": said["view"],
            "sex": said["sex"],
            "age": said["age"],
            "license": LICENCE,
            "findings": word.mask(positive, OPACITY),
            "modality": "X-ray",
            "boxes": _cells_of_boxes(boxes),
            "patientId": names,
            "Target": films["Target"],
        }
    )
    return Parsed(frame=frame, notes=(*boxes.notes, *unmapped, *notes), metadata=boxes.path)


def _classes(path: Path, boxes: Metadata) -> dict[str, str]:
    """The class of each film, none where the file is absent; what is wrong with it becomes a problem of the boxes."""
    if not path.is_file():
        boxes.notes.append(f"there is no {path.name}: films without a box may be normal or not, and have no label")
        return {}
    found = read_metadata(path, required=("patientId", "class"))
    names, words = found.needed("patientId"), found.cells("class", _word)
    found.needed("class")
    told = pd.DataFrame({"name": names, "word": words}).dropna()
    kinds = told.groupby("name")["word"].nunique()
    for name in kinds.index[kinds > 1]:
        rows = ", ".join(str(row) for row in told.index[told["name"] == name])
        found.problem(f"row {rows}", f"the film {shown(str(name))} has several classes; allowed is one")
    boxes.problems += [f"{path.name} {problem}" for problem in found.problems]
    boxes.notes += found.notes
    return dict(zip(told["name"], told["word"], strict=True))


def _word(cell: str) -> str:
    if cell not in _WORDS:
        raise ValueError(f"allowed are {', '.join(_WORDS)}")
    return cell


def _check_boxes(boxes: Metadata, classes: dict[str, str]) -> None:
    """Every film has one class; a box stands exactly where Target is 1, and that exactly where the class is an opacity."""
    names, target = boxes.needed("patientId"), boxes.needed("Target")
    same = boxes.frame.loc[names.notna()].duplicated(list(boxes.frame.columns))
    for row in same.index[same]:
        boxes.problem(row, f"the film {shown(names[row])} stands in an earlier row alike; allowed is one row a box")
    kinds = target.groupby(names).transform("nunique")
    for row in names.index[kinds > 1]:
        boxes.problem(row, f"the film {shown(names[row])} has Target 0 and 1; allowed is one of them")
    sides = pd.DataFrame({name: boxes.cells(name, _length) for name in _SIDES}).notna().sum(axis=1)
    for row, name, aim, given in zip(boxes.frame.index, names, target, sides, strict=True):
        if aim is not None and aim not in ("0", "1"):
            boxes.problem(row, f"the Target is {shown(aim)!r}; allowed are 0 and 1")
        elif aim is not None and given != (4 if aim == "1" else 0):
            boxes.problem(
                row, f"Target is {aim} with {given} of x, y, width, height; allowed are 4 with 1 and none with 0"
            )
        if name is None or not classes:
            continue
        if name not in classes:
            boxes.problem(row, f"the film {shown(name)} has no class in {CLASSES}")
        elif aim in ("0", "1") and (classes[name] == OPACITY) != (aim == "1"):
            boxes.problem(row, f"Target is {aim}, but the class of the film is {classes[name]!r}")


def _length(cell: str) -> float:
    try:
        length = float(cell)
    except ValueError as error:
        raise ValueError("allowed are pixels, 0 or more") from error
    if not 0 <= length < 1e6:
        raise ValueError("allowed are pixels, 0 or more")
    return length


def _cells_of_boxes(boxes: Metadata) -> pd.Series:
    """The boxes of each film as "x y width height; …" in pixels, at the film's first row."""
    lines = boxes.frame.loc[boxes.text("Target") == "1", list(_SIDES)].agg(" ".join, axis=1)
    names = boxes.text("patientId")
    cells = lines.groupby(names[lines.index]).agg("; ".join)
    return names[~names.duplicated()].map(cells.to_dict())


def _patients(home: Path, names: pd.Series) -> tuple[pd.Series, tuple[str, ...]]:
    """The NIH patient of each film where the mapping is there (notes empty), else none, and a note.

    Raises:
        TableError: the mapping is no JSON list of {"subset_img_id": …, "img_id": …}.
    """
    path = home / MAPPING
    if not path.is_file():
        told = "the films of one NIH patient cannot be told apart from those of others without it"
        return pd.Series(None, index=names.index, dtype=object), (f"there is no {MAPPING}: {told}",)
    try:
        entries = json.loads(path.read_bytes())
        film = {str(entry["subset_img_id"]): str(entry["img_id"]) for entry in entries}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        mend = "get it anew from the challenge's page, or take it away"
        raise TableError("this is no list of subset_img_id and img_id", path=path, mend=mend) from error
    number = names.map(film).astype("str").str.extract(nih_chestxray14.FILM)["patient"]
    return number.str.lstrip("0"), ()
