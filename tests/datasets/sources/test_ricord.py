from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deepcovid.datasets.sources import import_source
from deepcovid.datasets.sources.ricord import ANNOTATIONS
from deepcovid.errors import TableError
from tests.datasets.sources.dicom_making import draw_dicom
from tests.datasets.sources.making import cells, refused

LABELS = {
    "L_1": "Typical Appearance",
    "L_2": "Indeterminate Appearance",
    "L_3": "Atypical Appearance",
    "L_4": "Negative for Pneumonia",
    "L_5": "Severe Opacities  (Opacities in >4 lung zones)",
}
AGREED, SPLIT, UNREAD = "1.2.826.0.1.10161", "1.2.826.0.1.04760", "1.2.826.0.1.39552"
READINGS = [
    (AGREED, "L_1"),
    (AGREED, "L_1"),
    (AGREED, "L_5"),
    (SPLIT, "L_4"),
    (SPLIT, "L_2"),
    (SPLIT, "L_2"),
    (SPLIT, "L_5"),
]
PLACES = {
    "MIDRC-RICORD-1C/MIDRC-RICORD-1C-419639-000002/05-12-2002-NA-XR CHEST 1 VIEW AP-10161/1.000000-AP-27032/1-1.dcm": AGREED,
    "MIDRC-RICORD-1C/MIDRC-RICORD-1C-419639-000025/01-02-2003-NA-CHEST 1V-04760/2.000000-NA-77899/1-1.dcm": SPLIT,
    "MIDRC-RICORD-1C/MIDRC-RICORD-1C-SITE2-000105/01-03-2003-NA-NA-39552/3.000000-NA-17480/1-1.dcm": UNREAD,
}


def export(readings: list[tuple[str, str]], labels: dict[str, str] = LABELS) -> dict[str, Any]:
    """An export of MD.ai with what a reader of it needs."""
    kinds = [{"id": key, "name": name, "description": "", "scope": "STUDY"} for key, name in labels.items()]
    given = [{"id": f"A_{n}", "labelId": key, "StudyInstanceUID": study} for n, (study, key) in enumerate(readings)]
    return {"labelGroups": [{"id": "G_1", "name": "Reader 1", "labels": kinds}], "datasets": [{"annotations": given}]}


def miniature(folder: Path) -> None:
    """Three films of three patients, below the folders that the archive's retriever makes."""
    (folder / ANNOTATIONS).write_text(json.dumps(export(READINGS)))
    said = {
        AGREED: {"ViewPosition": "AP", "PatientSex": "M", "PatientAge": "061Y", "StudyDate": "20020512"},
        SPLIT: {"ViewPosition": "PA", "PatientSex": "F", "PatientAge": "", "StudyDate": "20030102"},
        UNREAD: {"PatientSex": "O", "StudyDate": "", "Modality": "DX"},
    }
    for place, study in PLACES.items():
        draw_dicom(folder / place, PatientID=place.split("/")[1], StudyInstanceUID=study, **said[study])


def test_every_cell(tmp_path: Path) -> None:
    miniature(tmp_path)
    frame = import_source(tmp_path, name="ricord").frame
    assert cells(frame["image"]) == list(PLACES)
    assert set(frame["label"]) == {"covid"}
    assert cells(frame["patient"]) == ["419639-000002", "419639-000025", "SITE2-000105"]
    assert cells(frame["findings"]) == ["Typical Appearance", None, None]
    assert cells(frame["readings"]) == [
        "Typical Appearance (2)",
        "Indeterminate Appearance (2)|Negative for Pneumonia (1)",
        None,
    ]
    assert cells(frame["view"]) == ["AP", "PA", None]
    assert cells(frame["sex"]) == ["M", "F", None]
    assert cells(frame["age"]) == [61, None, None]
    assert cells(frame["date"]) == ["2002-05-12", "2003-01-02", None]
    assert set(frame["license"]) == {"CC BY-NC 4.0"}


def test_what_readers_left_open_is_said_and_no_name_is_repeated(tmp_path: Path) -> None:
    miniature(tmp_path)
    table = import_source(tmp_path, name="ricord")
    assert "1 films are of studies that nobody annotated" in table.notes
    assert any(note.startswith("1 films are of studies whose readers disagree") for note in table.notes)
    assert "Planted" not in table.frame.to_csv() + str(table.notes)


def test_films_of_another_collection_are_refused_by_their_files(tmp_path: Path) -> None:
    miniature(tmp_path)
    draw_dicom(tmp_path / "other/a.dcm", PatientID="Planted^Name")
    assert refused(tmp_path, "ricord") == [
        "other/a.dcm: the PatientID is none of this collection; allowed is MIDRC-RICORD-1C-…",
        "other/a.dcm: there is no StudyInstanceUID",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[]", "this is no MD.ai export with labelGroups and datasets → get it anew"),
        ("{", "this is no MD.ai export with labelGroups and datasets → get it anew"),
        (json.dumps(export([(AGREED, "L_9")])), "this is no MD.ai export with labelGroups and datasets → get it anew"),
        (
            json.dumps(export([], {"L_1": "Nodule"})),
            "no label is an appearance → get the export whose labels are Typical",
        ),
    ],
)
def test_annotations_of_another_form_are_refused(tmp_path: Path, content: str, problem: str) -> None:
    miniature(tmp_path)
    (tmp_path / ANNOTATIONS).write_text(content)
    with pytest.raises(TableError) as caught:
        import_source(tmp_path, name="ricord")
    assert problem in str(caught.value)
    assert ANNOTATIONS in str(caught.value)


def test_annotations_without_films_are_refused(tmp_path: Path) -> None:
    (tmp_path / ANNOTATIONS).write_text(json.dumps(export(READINGS)))
    with pytest.raises(TableError, match=r"there is no \.dcm file here → give a folder that holds"):
        import_source(tmp_path, name="ricord")


def test_annotations_may_be_absent_then_no_reading_is_known(tmp_path: Path) -> None:
    miniature(tmp_path)
    (tmp_path / ANNOTATIONS).unlink()
    table = import_source(tmp_path, name="ricord")
    assert len(table) == len(PLACES)
    assert table.frame["findings"].isna().all()
    assert f"there is no {ANNOTATIONS}: what the radiologists read is unknown" in table.notes
