"""Tests of tables whose films are links, and whose cells a spreadsheet would run."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.datasets.folder import import_folder
from deepcovid.datasets.table import load_table, save_table
from deepcovid.errors import TableError
from tests.datasets.making import csv, touch


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside that of the table, with a film."""
    touch(tmp_path / "elsewhere", ["film.png"])
    return tmp_path / "elsewhere"


def test_a_link_out_of_the_tables_folder_is_refused_unless_allowed(tmp_path: Path, outside: Path) -> None:
    folder = tmp_path / "table"
    touch(folder, ["a.png", "deep/b.png"])
    (folder / "inside.png").symlink_to("deep/b.png")
    (folder / "out.png").symlink_to(outside / "film.png")
    (folder / "way").symlink_to(outside, target_is_directory=True)
    path = csv(folder, "image,label\na.png,x\ninside.png,y\nout.png,x\nway/film.png,y\n")
    with pytest.raises(TableError) as caught:
        load_table(path)
    assert [problem[:5] for problem in caught.value.problems] == ["row 4", "row 5"]
    assert all("--allow-outside" in problem for problem in caught.value.problems)
    assert len(load_table(path, allow_outside=True)) == 4
    assert len(load_table(path, check_files=False)) == 4


def test_a_tables_folder_that_is_a_link_itself_is_no_way_out(tmp_path: Path, outside: Path) -> None:
    csv(outside, "image,label\nfilm.png,x\n")
    (tmp_path / "linked").symlink_to(outside, target_is_directory=True)
    assert len(load_table(tmp_path / "linked" / "table.csv")) == 1


def test_links_are_left_out_of_an_import_unless_allowed(tmp_path: Path, outside: Path) -> None:
    folder = tmp_path / "data"
    touch(folder, ["covid/a.png", "normal/b.png"])
    (folder / "covid" / "out.png").symlink_to(outside / "film.png")
    (folder / "covid" / "nowhere.png").symlink_to("gone.png")
    (folder / "pneumonia").symlink_to(outside, target_is_directory=True)
    table = import_folder(folder)
    assert table.frame["image"].tolist() == ["covid/a.png", "normal/b.png"]
    notes = " ".join(table.notes)
    assert "1 films are links out of the folder" in notes
    assert "1 are no ordinary files" in notes
    assert "1 folders are links and were not entered: pneumonia" in notes
    allowed = import_folder(folder, allow_outside=True)
    assert allowed.frame["image"].tolist() == ["covid/a.png", "covid/out.png", "normal/b.png", "pneumonia/film.png"]


def test_formulas_are_told_kept_and_written_harmless(tmp_path: Path) -> None:
    text = "image,label,notes\n=a.png,=covid,\"=cmd|' /C calc'!A0\"\nb.png,normal,-3\n"
    table = load_table(csv(tmp_path, text, films=["=a.png", "b.png"]))
    assert table.frame["notes"].tolist() == ["=cmd|' /C calc'!A0", "-3"]
    assert any("3 cells begin as a spreadsheet's formulas do (in image, label, notes)" in note for note in table.notes)
    save_table(table, tmp_path / "again.csv")
    written = (tmp_path / "again.csv").read_text().splitlines()
    assert written[1] == "./=a.png,'=covid,'=cmd|' /C calc'!A0"
    again = load_table(tmp_path / "again.csv")
    assert again.frame["label"].tolist() == ["=covid", "normal"]
    assert again.frame["notes"].tolist() == table.frame["notes"].tolist()
    assert again.hash == table.hash


def test_a_table_without_a_header_quotes_none_of_its_cells(tmp_path: Path) -> None:
    path = csv(tmp_path, "a.png,covid,Doe^Jane\nb.png,normal,Roe^Rick\n", films=["a.png", "b.png"])
    with pytest.raises(TableError, match="row 1: a film stands where the header should") as caught:
        load_table(path)
    assert "Doe" not in str(caught.value)


def test_excels_separator_line_is_no_row(tmp_path: Path) -> None:
    path = csv(tmp_path, "sep=;\r\nimage;label\r\na.png;covid\r\n;x\r\n", films=["a.png"])
    with pytest.raises(TableError, match="row 3: the image cell is empty"):
        load_table(path)
