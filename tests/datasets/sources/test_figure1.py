from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.datasets.sources import SOURCES, import_source
from tests.datasets.sources.making import cells, draw, refused, write_rows

HEADER = "patientid,offset,sex,age,finding,survival,temperature,pO2 saturation,view,modality,artifacts/distortion,notes"


def film(
    patient: str, *, finding: str = "", age: str = "", view: str = "", sex: str = "", notes: str = ""
) -> list[str]:
    return [patient, "5", sex, age, finding, "", "38+", "91-92", view, "X-ray", "", notes]


ROWS = [
    film("COVID-00001", finding="COVID-19", age="33", view="AP erect", sex="M", notes='Heart rate of "146"'),
    film("COVID-00002", age="50+", sex="M"),
    film("COVID-00013a", age="60", view="AP", sex="F", notes="Fièvre 38° + toux"),
    film("COVID-00013b", age="60", view="AP", sex="F"),
    film("COVID-00023", finding="No finding"),
    film("COVID-00031", finding="Pneumonia", notes="labeled pneumonia"),
    film("COVID-00041", age="mid 50s", view="AP erect"),
]
FILES = [f"images/{row[0]}.{'png' if row[0] == 'COVID-00041' else 'jpg'}" for row in ROWS]


def miniature(folder: Path) -> None:
    """Seven films of six patients; the file is latin-1, as the last release's notes are."""
    write_rows(folder / "metadata.csv", HEADER, ROWS, encoding="latin-1")
    draw(folder, FILES)


def test_films_are_found_by_the_patients_id_whatever_their_format(tmp_path: Path) -> None:
    miniature(tmp_path)
    frame = SOURCES["figure1"].read(tmp_path).frame
    assert cells(frame["image"]) == FILES
    assert cells(frame["patient"])[2:4] == ["COVID-00013", "COVID-00013"]
    assert cells(frame["patientid"])[2:4] == ["COVID-00013a", "COVID-00013b"]
    assert cells(frame["label"]) == ["covid", None, None, None, "normal", "pneumonia", None]
    assert cells(frame["view"]) == ["AP", None, "AP", "AP", None, None, "AP"]
    assert cells(frame["age"]) == [33, 50, 60, 60, None, None, None]
    assert set(frame["license"]) == {"research use"}
    assert frame["notes"].iloc[2] == "Fièvre 38° + toux"


def test_a_column_that_names_the_images_is_followed(tmp_path: Path) -> None:
    header = HEADER.replace("modality,", "modality,imagename,")
    write_rows(tmp_path / "metadata.csv", header, [[*row[:10], f"x{row[0]}.jpeg", *row[10:]] for row in ROWS[:2]])
    draw(tmp_path / "images", ["xCOVID-00001.jpeg", "xCOVID-00002.jpeg"])
    frame = import_source(tmp_path, name="figure1").frame
    assert cells(frame["image"]) == ["images/xCOVID-00001.jpeg", "images/xCOVID-00002.jpeg"]


def test_bounds_and_decades_of_age_are_said(tmp_path: Path) -> None:
    miniature(tmp_path)
    table = import_source(tmp_path, name="figure1")
    assert len(table) == 7, "films of an unknown view are kept"
    notes = "\n".join(table.notes)
    assert "1 ages are ranges or bounds ('50+', say)" in notes
    assert "1 ages are a part of a decade" in notes
    assert "3 of 7 films have no view" in notes
    assert "4 of 7 films have no label" in notes
    assert "read as latin-1" in notes


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (film("COVID-00005", age="old"), "row 3: the age is 'old'; allowed are years from 0 to 120"),
        (film("COVID-00005", view="front"), "row 3: the view is 'front'; allowed are PA, AP"),
        (film("COVID-00005", sex="13"), "row 3: the sex is '13'; allowed are F, M"),
        (film(""), "row 3: the patientid cell is empty"),
        (film("COVID-00001"), "row 2, row 3: the file 'images/COVID-00001.jpg' stands in 2 rows"),
        (film("COVID-00005")[:7], "row 3: 7 cells under a header of 12"),
    ],
)
def test_damage_is_refused_with_its_row(tmp_path: Path, row: list[str], problem: str) -> None:
    write_rows(tmp_path / "metadata.csv", HEADER, [ROWS[0], row])
    draw(tmp_path, FILES)
    assert any(told.startswith(problem) for told in refused(tmp_path, "figure1"))


def test_films_may_lie_beside_the_metadata(tmp_path: Path) -> None:
    write_rows(tmp_path / "metadata.csv", HEADER, ROWS, encoding="latin-1")
    draw(tmp_path, [Path(name).name for name in FILES])
    assert cells(SOURCES["figure1"].read(tmp_path).frame["image"]) == [Path(name).name for name in FILES]
