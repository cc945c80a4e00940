from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.datasets.sources import SOURCES, import_source
from tests.datasets.sources.making import cells, draw, refused, write_rows

HEADER = (
    "filename,patient_id,sex,age,view,label,pcr_test,survival,location,admission_offset,symptom_offset,also_had_ct,"
    "has_fever,has_cough,has_dyspnea,has_diarrhea,spo2,other_symptoms,medical_background,opacification,other,is_bilateral,"
    "url"
)


def film(
    name: str, patient: int, sex: str, age: str, *, view: str = "", label: str = "COVID-19", opacity: str = "1"
) -> list[object]:
    told = [
        "positive",
        "",
        "Spain",
        1,
        "",
        "",
        1,
        "",
        "",
        "",
        "",
        "chills, myalgia",
        "",
        opacity,
        "",
        1,
        "https://x.org/1",
    ]
    return [name, patient, sex, age, view, label, *told]


ROWS = [
    film("260.jpg", 10, "female", "68"),
    film("280-.jpg", 18, "male", "67", view="PA", opacity="0"),
    film("482p-.jpg", 145, "0.25", "male", view="AP"),
    film("374.png", 60, "", "female"),
    film("409.jpeg", 102, "male", "70", view="AP supine", label="COVID-19, Atelectasis"),
    film("410.jpeg", 102, "female", "70", view="L"),
    film("756.jpg", 213, "male", "28", view="AP erect", label=""),
]
NAMES = [str(row[0]) for row in ROWS]


def miniature(folder: Path) -> None:
    """Seven films, in UTF-8 with a byte order mark; two rows have sex in `age`, and one patient is of both sexes."""
    write_rows(folder / "metadata.csv", HEADER, ROWS, encoding="utf-8-sig")
    draw(folder / "chest_xray_images" / "covid19", NAMES)


def test_swapped_columns_are_put_right_and_counted(tmp_path: Path) -> None:
    miniature(tmp_path)
    parsed = SOURCES["covid-cxnet"].read(tmp_path)
    assert cells(parsed.frame["sex"]) == ["F", "M", "M", "F", "M", "F", "M"]
    assert cells(parsed.frame["age"]) == [68, 67, 0.25, None, 70, 70, 28]
    assert "2 rows have sex and age in each other's column, and were put right" in parsed.notes
    assert cells(parsed.frame["original_age"])[2] == "male", "the collection's own cell is kept"


def test_labels_and_views(tmp_path: Path) -> None:
    miniature(tmp_path)
    frame = SOURCES["covid-cxnet"].read(tmp_path).frame
    assert cells(frame["label"]) == [*["covid"] * 6, None]
    assert cells(frame["findings"])[4] == "COVID-19|Atelectasis"
    assert cells(frame["view"]) == [None, "PA", "AP", None, "AP supine", "lateral", "AP"]
    assert cells(frame["image"]) == [f"chest_xray_images/covid19/{name}" for name in NAMES]
    assert set(frame["modality"]) == {"X-ray"}


def test_what_is_odd_is_said_without_a_patients_id(tmp_path: Path) -> None:
    miniature(tmp_path)
    draw(tmp_path / "chest_xray_images" / "covid19", ["001.jpg"])
    table = import_source(tmp_path, name="covid-cxnet", views=("PA", "AP", "AP supine", "lateral"))
    notes = "\n".join(table.notes)
    assert "1 patients are of both sexes, so that their ids may be wrong: row 6, row 7" in notes
    assert "1 films show no opacity" in notes
    assert "beside the films lie 1 that no row of the metadata names" in notes
    assert "102" not in notes


def test_images_may_lie_beside_the_metadata(tmp_path: Path) -> None:
    write_rows(tmp_path / "metadata.csv", HEADER, ROWS[:2])
    draw(tmp_path, NAMES[:2])
    assert cells(import_source(tmp_path, name="covid-cxnet").frame["image"]) == ["260.jpg", "280-.jpg"]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (film("b.jpg", 1, "male", "female"), "row 3: the age is 'female'; allowed are years"),
        (film("b.jpg", 1, "68", "70"), "row 3: the sex is '68'; allowed are F, M"),
        (film("b.jpg", 1, "male", "old"), "row 3: the age is 'old'; allowed are years"),
        (film("b.jpg", 1, "male", "70", view="AB"), "row 3: the view is 'AB'; allowed are PA, AP"),
        (film("260.jpg", 1, "male", "70"), "row 2, row 3: the file '260.jpg' stands in 2 rows"),
        (film("", 1, "male", "70"), "row 3: the filename cell is empty"),
    ],
)
def test_damage_is_refused_with_its_row(tmp_path: Path, row: list[object], problem: str) -> None:
    write_rows(tmp_path / "metadata.csv", HEADER, [ROWS[0], row])
    draw(tmp_path, ["260.jpg", "b.jpg"])
    assert any(told.startswith(problem) for told in refused(tmp_path, "covid-cxnet"))


@pytest.mark.parametrize("place", ["covid19", "images", ".", "chest_xray_images", "data/films"])
def test_films_are_found_in_whatever_one_folder_holds_them(tmp_path: Path, place: str) -> None:
    write_rows(tmp_path / "metadata.csv", HEADER, ROWS, encoding="utf-8-sig")
    draw(tmp_path / place, NAMES)
    images = cells(SOURCES["covid-cxnet"].read(tmp_path).frame["image"])
    assert all((tmp_path / image).is_file() for image in images)
