from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from deepcovid.datasets.sources import import_source
from tests.datasets.sources.making import cells, draw, refused, write_rows

# As published, with the unnamed first column of row numbers.
HEADER = [
    "", "ImageID", "ImageDir", "StudyDate_DICOM", "StudyID", "PatientID", "PatientBirth", "PatientSex_DICOM",
    "ViewPosition_DICOM", "Projection", "MethodProjection", "Pediatric", "Modality_DICOM", "Manufacturer_DICOM",
    "PhotometricInterpretation_DICOM", "PixelRepresentation_DICOM", "PixelAspectRatio_DICOM", "SpatialResolution_DICOM",
    "BitsStored_DICOM", "WindowCenter_DICOM", "WindowWidth_DICOM", "Rows_DICOM", "Columns_DICOM", "XRayTubeCurrent_DICOM",
    "Exposure_DICOM", "ExposureInuAs_DICOM", "ExposureTime", "RelativeXRayExposure_DICOM", "ReportID", "Report",
    "MethodLabel", "Labels", "Localizations", "LabelsLocalizationsBySentence", "labelCUIS", "LocalizationsCUIS",
]  # fmt: skip
NAMES = (
    "20536686640136348236148679891455886468_k6ga29.png",
    "216840111366964012283393834152009033102258826_00-059-087.png",
)


def film(number: int, labels: str, **cells: str) -> list[str]:
    told = {
        "": str(number),
        "ImageID": f"2168401113669640{number:05}_00-0{number}-087.png",
        "ImageDir": "0",
        "StudyDate_DICOM": "20140915",
        "PatientID": f"8398604886942923316379882356814609{number:02}",
        "PatientBirth": "1930.0",
        "PatientSex_DICOM": "F",
        "Projection": "PA",
        "Modality_DICOM": "CR",
        "Report": "sin hallazgos , cardiomegalia .",
        "MethodLabel": "Physician",
        "Labels": labels,
    } | cells
    return [told.get(name, "") for name in HEADER]


ROWS = [
    film(0, "['normal']", ImageID=NAMES[0]),
    film(1, "['pneumonia', ' alveolar  pattern', 'pneumonia']", Projection="AP_horizontal", PatientSex_DICOM="M"),
    film(2, "['normal']", Projection="L"),
    film(3, "['unchanged']", ImageDir="54", MethodLabel="RNN_model"),
    film(4, "['cardiomegaly', 'normal']", Projection="AP", PatientBirth="", PatientSex_DICOM="O"),
    film(5, "['exclude']", Projection="EXCLUDE"),
    film(6, "['rib fracture']", Projection="COSTAL"),
    film(7, "", Projection="UNK"),
]


def miniature(folder: Path) -> None:
    """Eight films, one a patient, in the folders of ImageDir; the table is gzipped."""
    csv = folder / "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv"
    write_rows(csv, HEADER, ROWS)
    csv.with_suffix(".csv.gz").write_bytes(gzip.compress(csv.read_bytes()))
    csv.unlink()
    draw(folder, [f"{row[2]}/{row[1]}" for row in ROWS])


def test_every_cell(tmp_path: Path) -> None:
    miniature(tmp_path)
    frame = import_source(tmp_path, name="padchest").frame
    kept = [ROWS[number] for number in (0, 1, 3, 4, 7)]
    assert cells(frame["image"]) == [f"{row[2]}/{row[1]}" for row in kept]
    assert cells(frame["patient"]) == [row[5] for row in kept]
    assert cells(frame["label"]) == ["normal", "pneumonia", None, "cardiomegaly", None]
    assert cells(frame["findings"]) == [
        "normal",
        "pneumonia|alveolar pattern",
        "unchanged",
        "cardiomegaly|normal",
        None,
    ]
    assert cells(frame["view"]) == ["PA", "AP supine", "PA", "AP", None]
    assert cells(frame["sex"]) == ["F", "M", "F", None, "F"]
    assert cells(frame["age"]) == [84, 84, 84, None, 84]
    assert set(frame["date"]) == {"2014-09-15"}
    assert cells(frame["Labels"])[0] == "['normal']"
    assert cells(frame["PatientBirth"])[0] == "1930.0"


def test_films_in_one_folder_are_found_too(tmp_path: Path) -> None:
    write_rows(tmp_path / "PADCHEST_chest_x_ray_images_labels_160K.csv", HEADER, ROWS[:2])
    draw(tmp_path / "images-224", [row[1] for row in ROWS[:2]])
    frame = import_source(tmp_path, name="padchest").frame
    assert cells(frame["image"]) == [f"images-224/{row[1]}" for row in ROWS[:2]]


def test_what_is_left_out_or_uncertain_is_said(tmp_path: Path) -> None:
    miniature(tmp_path)
    notes = import_source(tmp_path, name="padchest").notes
    assert "1 images that the collection itself excludes (EXCLUDE) were left out" in notes
    assert "1 images of the ribs (COSTAL) were left out" in notes
    assert "1 of 6 films were labelled by a network, not by a physician (column MethodLabel)" in notes
    assert any(note.startswith("1 films of view lateral were left out") for note in notes)
    assert any("up to one year too high" in note for note in notes)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ({"ImageID": "a.dcm"}, "row 3: the ImageID is 'a.dcm'; allowed is the name of a .png file"),
        ({"ImageID": ""}, "row 3: the ImageID cell is empty"),
        ({"PatientID": ""}, "row 3: the PatientID cell is empty"),
        ({"Labels": "pneumonia"}, "row 3: the Labels is 'pneumonia'; allowed is a list like ['normal']"),
        ({"Labels": "['pneumonia'"}, "row 3: the Labels is \"['pneumonia'\"; allowed is a list"),
        ({"Labels": "[1]"}, "row 3: the Labels is '[1]'; allowed is a list of words"),
        ({"Labels": "[" * 5000}, "row 3: the Labels is '[[[["),
        ({"Projection": "PA?"}, "row 3: the Projection is 'PA?'; allowed are PA, L"),
        ({"StudyDate_DICOM": "20141315"}, "row 3: the StudyDate_DICOM is '20141315'; allowed is YYYYMMDD"),
        ({"PatientBirth": "30"}, "row 3: the PatientBirth is '30'; allowed is a year"),
        ({"PatientBirth": "1830"}, "row 3: PatientBirth is 1830 and the study of 2014; allowed are 0 to 120"),
        ({"PatientSex_DICOM": "W"}, "row 3: the PatientSex_DICOM is 'W'; allowed are F, M"),
    ],
)
def test_damage_is_refused_with_its_row(tmp_path: Path, damage: dict[str, str], problem: str) -> None:
    labels = damage.pop("Labels", "['normal']")
    write_rows(tmp_path / "PADCHEST_chest_x_ray_images_labels_160K.csv", HEADER, [ROWS[0], film(1, labels, **damage)])
    told = refused(tmp_path, "padchest")
    assert any(line.startswith(problem) for line in told), told


def test_a_part_of_the_table_under_its_own_name_is_read(tmp_path: Path) -> None:
    miniature(tmp_path)
    whole = import_source(tmp_path, name="padchest")
    assert whole.path is not None
    whole.path.rename(tmp_path / "PADCHEST_chest_x_ray_images_labels_part.csv")
    assert len(import_source(tmp_path, name="padchest")) == len(whole)
