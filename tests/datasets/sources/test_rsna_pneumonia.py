from __future__ import annotations

import json
from pathlib import Path

import pytest

from deepcovid.datasets.sources import import_source
from deepcovid.datasets.sources.rsna_pneumonia import BOXES, CLASSES, IMAGES, MAPPING
from deepcovid.errors import TableError
from tests.datasets.sources.dicom_making import draw_dicom
from tests.datasets.sources.making import cells, refused, write_rows

ILL, WELL, OTHER = (
    "00436515-870c-4b36-a041-de91049b9ab4",
    "003d8fa0-6bf1-40ed-b54c-ac657f8495c5",
    "0004cfab-14fd-4e49-80ba-63a80b6bddd6",
)
ROWS = [
    [OTHER, "", "", "", "", "0"],
    [WELL, "", "", "", "", "0"],
    [ILL, "264.0", "152.0", "213.0", "379.0", "1"],
    [ILL, "562.0", "152.0", "256.0", "453.0", "1"],
]
TOLD = [
    [OTHER, "No Lung Opacity / Not Normal"],
    [WELL, "Normal"],
    [ILL, "Lung Opacity"],
    [ILL, "Lung Opacity"],
]


def write(folder: Path, rows: list[list[str]], told: list[list[str]]) -> None:
    write_rows(folder / BOXES, "patientId,x,y,width,height,Target", rows)
    write_rows(folder / CLASSES, "patientId,class", told)


def miniature(folder: Path) -> None:
    """Three films, one with two boxes; ages as the collection writes them, one impossible."""
    write(folder, ROWS, TOLD)
    draw_dicom(folder / IMAGES / f"{OTHER}.dcm", PatientID=OTHER, ViewPosition="PA", PatientSex="F", PatientAge="51")
    draw_dicom(folder / IMAGES / f"{WELL}.dcm", PatientID=WELL, ViewPosition="AP", PatientSex="M", PatientAge="151")
    draw_dicom(folder / IMAGES / f"{ILL}.dcm", PatientID=ILL, ViewPosition="", PatientSex="", PatientAge="032Y")


def test_every_cell(tmp_path: Path) -> None:
    miniature(tmp_path)
    frame = import_source(tmp_path, name="rsna-pneumonia").frame
    assert cells(frame["image"]) == [f"{IMAGES}/{name}.dcm" for name in (OTHER, WELL, ILL)]
    assert cells(frame["label"]) == ["no-lung-opacity-not-normal", "normal", "pneumonia"]
    assert cells(frame["findings"]) == ["No Lung Opacity / Not Normal", "Normal", "Lung Opacity"]
    assert cells(frame["boxes"]) == [None, None, "264.0 152.0 213.0 379.0; 562.0 152.0 256.0 453.0"]
    assert cells(frame["view"]) == ["PA", "AP", None]
    assert cells(frame["sex"]) == ["F", "M", None]
    assert cells(frame["age"]) == [51, None, 32]
    assert cells(frame["patientId"]) == [OTHER, WELL, ILL]
    assert cells(frame["Target"]) == ["0", "0", "1"]
    assert set(frame["source"]) == {"rsna-pneumonia"}
    assert frame["patient"].isna().all()


def test_what_cannot_be_known_is_said(tmp_path: Path) -> None:
    miniature(tmp_path)
    notes = import_source(tmp_path, name="rsna-pneumonia").notes
    assert any(note.startswith(f"there is no {MAPPING}: the films of one NIH patient") for note in notes)
    assert "1 headers say a PatientAge that cannot be; it is unknown" in notes
    assert "1 of 3 films have no view" in notes


def test_the_published_mapping_gives_the_patients_of_nih(tmp_path: Path) -> None:
    miniature(tmp_path)
    entries = [
        {"SOPInstanceUID": "1.2.3", "img_id": "00000013_005.png", "subset_img_id": ILL},
        {"SOPInstanceUID": "1.2.4", "img_id": "00000013_006.png", "subset_img_id": WELL},
    ]
    (tmp_path / MAPPING).write_text(json.dumps(entries))
    table = import_source(tmp_path, name="rsna-pneumonia")
    assert cells(table.frame["patient"]) == [None, "13", "13"]
    assert set(table.frame["source"]) == {"nih-chestxray14"}
    (tmp_path / MAPPING).write_text('{"img_id": []}')
    with pytest.raises(TableError, match="this is no list of subset_img_id and img_id → get it anew"):
        import_source(tmp_path, name="rsna-pneumonia")


@pytest.mark.parametrize(
    ("row", "kind", "problem"),
    [
        ([WELL, "", "", "", "", "2"], "Normal", "row 2: the Target is '2'; allowed are 0 and 1"),
        ([WELL, "1", "2", "3", "", "1"], "Lung Opacity", "row 2: Target is 1 with 3 of x, y, width, height; allowed"),
        ([WELL, "1", "2", "3", "4", "0"], "Normal", "row 2: Target is 0 with 4 of x, y, width, height"),
        ([WELL, "1", "-2", "3", "4", "1"], "Lung Opacity", "row 2: the y is '-2'; allowed are pixels"),
        ([WELL, "1", "nan", "3", "4", "1"], "Lung Opacity", "row 2: the y is 'nan'; allowed are pixels"),
        (
            [WELL, "", "", "", "", "0"],
            "Lung Opacity",
            "row 2: Target is 0, but the class of the film is 'Lung Opacity'",
        ),
        ([OTHER, "", "", "", "", "0"], "Normal", f"row 2: the film {OTHER} has no class in {CLASSES}"),
        (["", "", "", "", "", "0"], "Normal", "row 2: the patientId cell is empty"),
        ([WELL, "", "", "", "", "0"], "Healthy", f"{CLASSES} row 2: the class is 'Healthy'; allowed are Lung Opacity"),
    ],
)
def test_damage_is_refused_with_its_row(tmp_path: Path, row: list[str], kind: str, problem: str) -> None:
    write(tmp_path, [row], [[WELL, kind]])
    told = refused(tmp_path, "rsna-pneumonia")
    assert any(line.startswith(problem) for line in told), told


def test_without_the_classes_a_film_without_a_box_has_no_label(tmp_path: Path) -> None:
    miniature(tmp_path)
    (tmp_path / CLASSES).unlink()
    table = import_source(tmp_path, name="rsna-pneumonia")
    assert cells(table.frame["label"]) == [None, None, "pneumonia"]
    assert cells(table.frame["findings"]) == [None, None, "Lung Opacity"]
    assert any(
        note.startswith(f"there is no {CLASSES}: films without a box may be normal or not") for note in table.notes
    )


def test_a_film_of_two_classes_is_refused(tmp_path: Path) -> None:
    write(tmp_path, ROWS, [*TOLD, [WELL, "No Lung Opacity / Not Normal"]])
    told = refused(tmp_path, "rsna-pneumonia")
    assert f"{CLASSES} row 3, 6: the film {WELL} has several classes; allowed is one" in told


def test_a_film_that_is_no_dicom_is_named_and_nothing_of_it_repeated(tmp_path: Path) -> None:
    miniature(tmp_path)
    (tmp_path / IMAGES / f"{WELL}.dcm").write_bytes(b"Planted^Name")
    assert refused(tmp_path, "rsna-pneumonia") == [f"{IMAGES}/{WELL}.dcm: this is no DICOM file with an image"]


def test_a_row_that_stands_twice_and_a_film_with_both_targets_are_refused(tmp_path: Path) -> None:
    miniature(tmp_path)
    write(tmp_path, [*ROWS, ROWS[1], ROWS[2]], TOLD)
    assert refused(tmp_path, "rsna-pneumonia") == [
        f"row 6: the film {WELL} stands in an earlier row alike; allowed is one row a box",
        f"row 7: the film {ILL} stands in an earlier row alike; allowed is one row a box",
    ]
    write(tmp_path, [*ROWS, [ILL, "", "", "", "", "0"]], TOLD)
    problems = refused(tmp_path, "rsna-pneumonia")
    assert f"row 6: the film {ILL} has Target 0 and 1; allowed is one of them" in problems
