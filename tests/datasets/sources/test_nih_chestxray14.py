from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from deepcovid.datasets.sources import SOURCES, import_source
from deepcovid.datasets.sources.nih_chestxray14 import LICENCE
from tests.datasets.sources.making import cells, draw, refused, write_rows

# Both releases break "OriginalImage[Width,Height]" into two columns; the first ends its lines with a comma.
HEADER_2020 = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
)
HEADER_2017 = HEADER_2020 + ","


def film(name: str, findings: str, age: str, *, sex: str = "M", view: str = "PA", patient: str = "") -> list[str]:
    number = patient or name[:8].lstrip("0")
    return [name, findings, "0", number, age, sex, view, "2682", "2749", "0.143", "0.143"]


ROWS = [
    film("00000001_000.png", "Cardiomegaly", "58"),
    film("00000001_001.png", "Cardiomegaly|Emphysema", "58"),
    film("00000002_000.png", "No Finding", "81"),
    film("00000013_005.png", "Infiltration|Pneumonia|Pleural_Thickening", "60", view="AP", sex="F"),
    film("00000005_006.png", "Infiltration", "70", sex="F"),
]
LISTS = {
    "train_val_list.txt": ["00000001_000.png", "00000001_001.png", "00000002_000.png"],
    "test_list.txt": ["00000013_005.png", "00000005_006.png"],
}


def miniature(folder: Path) -> None:
    """Five films of four patients in two of the folders that the archives make, with the two lists."""
    write_rows(folder / "Data_Entry_2017_v2020.csv", HEADER_2020, ROWS)
    draw(folder, [f"images_00{1 + number % 2}/images/{row[0]}" for number, row in enumerate(ROWS)])
    for name, films in LISTS.items():
        (folder / name).write_text("\n".join(films) + "\n")


def test_every_cell(tmp_path: Path) -> None:
    miniature(tmp_path)
    frame = import_source(tmp_path, name="nih-chestxray14").frame
    assert cells(frame["image"])[:2] == ["images_001/images/00000001_000.png", "images_002/images/00000001_001.png"]
    assert cells(frame["label"]) == ["cardiomegaly", "cardiomegaly", "normal", "pneumonia", "infiltration"]
    assert cells(frame["findings"])[3] == "Infiltration|Pneumonia|Pleural_Thickening"
    assert cells(frame["patient"]) == ["1", "1", "2", "13", "5"]
    assert cells(frame["split"]) == ["train", "train", "train", "test", "test"]
    assert cells(frame["view"]) == ["PA", "PA", "PA", "AP", "PA"]
    assert cells(frame["sex"]) == ["M", "M", "M", "F", "F"]
    assert cells(frame["age"]) == [58, 58, 81, 60, 70]
    assert set(frame["license"]) == {LICENCE}
    assert cells(frame["OriginalImage[Width"]) == ["2682"] * 5
    assert cells(frame["Height]"]) == ["2749"] * 5


def test_the_first_release_is_read_alike(tmp_path: Path) -> None:
    ages = ["058Y", "411", "013M", "155Y", "70"]
    rows = [[*row[:4], age, *row[5:], ""] for row, age in zip(ROWS, ages, strict=True)]
    write_rows(tmp_path / "Data_Entry_2017.csv", HEADER_2017.replace("Gender", "Sex"), rows)
    draw(tmp_path / "images", [row[0] for row in rows])
    table = import_source(tmp_path, name="nih-chestxray14")
    assert cells(table.frame["image"])[0] == "images/00000001_000.png"
    assert cells(table.frame["age"]) == [58, None, pytest.approx(13 / 12, abs=1e-4), None, 70]
    assert "2 ages in Patient Age are over 120 years and were left empty: 155Y (1), 411 (1)" in table.notes
    assert cells(table.frame["sex"]) == ["M", "M", "M", "F", "F"]
    assert "split" not in table.frame.columns


def test_one_list_alone_is_no_split(tmp_path: Path) -> None:
    miniature(tmp_path)
    (tmp_path / "test_list.txt").unlink()
    table = import_source(tmp_path, name="nih-chestxray14")
    assert "split" not in table.frame.columns
    assert "train_val_list.txt is there without the other list: the published split was not read" in table.notes


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (film("1.png", "Mass", "50"), "row 3: the Image Index is '1.png'; allowed is 00000001_000.png"),
        (film("a/00000009_000.png", "Mass", "50"), "row 3: the Image Index is 'a/00000009_000.png'; allowed is"),
        (film("00000009_000.png", "Mass", "50", patient="8"), "row 3: the Patient ID is '8', but the film is 00000009"),
        (film("00000009_000.png", "Tumour", "50"), "row 3: the Finding Labels is 'Tumour'; allowed are Atelectasis"),
        (
            film("00000009_000.png", "Mass|No Finding", "50"),
            "row 3: the Finding Labels is 'Mass|No Finding'; 'No Finding' stands",
        ),
        (film("00000009_000.png", "", "50"), "row 3: the Finding Labels cell is empty"),
        (film("00000009_000.png", "Mass", "old"), "row 3: the Patient Age is 'old'; allowed are years"),
        (film("00000009_000.png", "Mass", "50", sex="X"), "row 3: the Patient Gender is 'X'; allowed are F, M"),
        (film("00000009_000.png", "Mass", "50", view="P"), "row 3: the View Position is 'P'; allowed are PA"),
        (film("00000009_000.png", "Mass", "50")[:-2], "row 3: 9 cells under a header of 11"),
        (ROWS[0], "row 2, row 3: the file 'images/00000001_000.png' stands in 2 rows"),
    ],
)
def test_damage_is_refused_with_its_row(tmp_path: Path, row: list[str], problem: str) -> None:
    write_rows(tmp_path / "Data_Entry_2017_v2020.csv", HEADER_2020, [ROWS[0], row])
    told = refused(tmp_path, "nih-chestxray14")
    assert any(line.startswith(problem) for line in told), told


def test_a_film_in_two_folders_or_in_both_lists_is_a_problem(tmp_path: Path) -> None:
    miniature(tmp_path)
    draw(tmp_path, ["images_002/images/00000001_000.png"])
    (tmp_path / "test_list.txt").write_text("00000001_000.png\n00000005_006.png\n")
    problems = refused(tmp_path, "nih-chestxray14")
    assert problems == [
        "test_list.txt line 1: 00000001_000.png stands in the other list, too; allowed is one",
        "images_001/images/00000001_000.png and images_002/images/00000001_000.png have one name; allowed is one file a film",
    ]


def test_a_release_without_a_column_of_sexes_is_refused(tmp_path: Path) -> None:
    write_rows(tmp_path / "Data_Entry_2017.csv", HEADER_2020.replace("Patient Gender", "Gender"), ROWS)
    assert "row 1: there is no column 'Patient Gender' or 'Patient Sex'" in refused(tmp_path, "nih-chestxray14")


def test_many_rows_are_read(tmp_path: Path) -> None:
    rows = [
        film(f"{1 + n // 4:08}_{n % 4:03}.png", "Mass|Nodule" if n % 2 else "No Finding", str(n % 94))
        for n in range(20_000)
    ]
    csv = tmp_path / "Data_Entry_2017_v2020.csv"
    write_rows(csv, HEADER_2020, rows)
    frame = SOURCES["nih-chestxray14"].read(tmp_path).frame
    assert frame["label"].value_counts().to_dict() == {"normal": 10_000, "mass": 10_000}


@pytest.mark.films
def test_the_films_at_hand_are_read_as_in_their_table(tmp_path: Path, real_films: Path) -> None:
    known = pd.read_csv(real_films / "table.csv", dtype="str")
    known = known[known["source"] == "nih-chestxray14"].reset_index(drop=True)
    number = known["patient"].str.removeprefix("nih-")
    years = known["age"].astype(float).astype(int).astype(str)
    rows = zip(known["original"], known["findings"], number, years, known["sex"], known["view"], strict=True)
    written = [film(name, found, age, sex=sex, view=view, patient=who) for name, found, who, age, sex, view in rows]
    write_rows(tmp_path / "Data_Entry_2017_v2020.csv", HEADER_2020, written)
    frame = SOURCES["nih-chestxray14"].read(tmp_path).frame
    assert len(frame) == 1_000
    for ours, theirs in (("view", "view"), ("sex", "sex"), ("findings", "findings")):
        assert cells(frame[ours]) == cells(known[theirs])
    assert cells(frame["age"]) == cells(known["age"].astype(float))
    assert cells("nih-" + frame["patient"]) == cells(known["patient"])
    assert cells(frame["label"] == "normal") == cells(known["label"] == "normal")
    assert cells(frame["label"] == "pneumonia") == cells(known["darkcovidnet"] == "pneumonia")


@pytest.mark.parametrize("name", ["Data_Entry_2017.csv", "Data_Entry_2017_v2020 (1).csv", "Data_Entry_2017_part.csv"])
def test_the_table_may_have_any_name_that_starts_as_published(tmp_path: Path, name: str) -> None:
    miniature(tmp_path)
    (tmp_path / "Data_Entry_2017_v2020.csv").rename(tmp_path / name)
    assert len(import_source(tmp_path, name="nih-chestxray14")) == len(ROWS)


def test_of_several_tables_the_later_release_is_read_and_the_other_is_said(tmp_path: Path) -> None:
    miniature(tmp_path)
    write_rows(tmp_path / "Data_Entry_2017.csv", HEADER_2017, [])
    assert "Data_Entry_2017.csv is there too, and was not read" in SOURCES["nih-chestxray14"].read(tmp_path).notes
