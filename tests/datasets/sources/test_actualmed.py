from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.datasets.sources import SOURCES, import_source
from tests.datasets.sources.making import cells, draw, refused, write_rows

HEADER = (
    "patientid,offset,sex,age,finding,survival,temperature,pO2 saturation,view,modality,imagename,"
    "artifacts/distortion,notes"
)
NEGATIVE = "Negative (covid-19 viral infection is excluded), date taken (YYYYMMDD): 20200317"


def film(patient: str, name: str, *, finding: str = "", view: str = "PA", notes: str = "") -> list[str]:
    return [patient, "", "", "", finding, "", "", "", view, "X-ray", name, "", notes]


ROWS = [
    film("ANON196", "CR.1.2.840.113564.1.png", notes="Inconclusive, date taken (YYYYMMDD): 20200313"),
    film("ANON56", "CR.1.2.840.113564.2.png", finding="No finding", notes=NEGATIVE),
    film(
        "ANON196", "DX.1.2.840.113564.3.png", finding="COVID-19", view="AP", notes=", date taken (YYYYMMDD): 20200318"
    ),
]


def miniature(folder: Path) -> None:
    """Three films of two patients, one of them inconclusive; the file is latin-1."""
    write_rows(folder / "metadata.csv", HEADER, ROWS, encoding="latin-1")
    draw(folder / "images", [row[10] for row in ROWS])


def test_the_day_is_read_from_the_notes(tmp_path: Path) -> None:
    miniature(tmp_path)
    frame = SOURCES["actualmed"].read(tmp_path).frame
    assert cells(frame["date"]) == ["2020-03-13", "2020-03-17", "2020-03-18"]
    assert cells(frame["label"]) == [None, "normal", "covid"]
    assert cells(frame["findings"]) == [None, "No finding", "COVID-19"]
    assert cells(frame["patient"]) == ["ANON196", "ANON56", "ANON196"]
    assert cells(frame["image"])[2] == "images/DX.1.2.840.113564.3.png"


def test_the_inconclusive_film_is_kept_and_counted(tmp_path: Path) -> None:
    miniature(tmp_path)
    table = import_source(tmp_path, name="actualmed")
    assert len(table) == 3
    assert "1 of 3 films have no label" in table.notes
    assert any("3 images instead of 238" in note for note in table.notes)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (film("ANON1", "b.png", notes="date taken (YYYYMMDD): 20201340"), "row 3: the notes is 'date taken"),
        (film("ANON1", "b.png", view="PPA"), "row 3: the view is 'PPA'; allowed are PA, AP"),
        (film("", "b.png"), "row 3: the patientid cell is empty"),
        (film("ANON1", ""), "row 3: the imagename cell is empty"),
        (film("ANON1", ROWS[0][10]), "row 2, row 3: the file 'images/CR.1.2.840.113564.1.png' stands in 2 rows"),
    ],
)
def test_damage_is_refused_with_its_row(tmp_path: Path, row: list[str], problem: str) -> None:
    write_rows(tmp_path / "metadata.csv", HEADER, [ROWS[0], row])
    draw(tmp_path / "images", [ROWS[0][10], "b.png"])
    assert any(told.startswith(problem) for told in refused(tmp_path, "actualmed"))


def test_notes_may_be_absent_then_no_day_is_known(tmp_path: Path) -> None:
    miniature(tmp_path)
    write_rows(tmp_path / "metadata.csv", HEADER.removesuffix(",notes"), [row[:-1] for row in ROWS])
    parsed = SOURCES["actualmed"].read(tmp_path)
    assert parsed.frame["date"].isna().all()
    assert "the metadata lack the column notes" in parsed.notes
