from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.datasets.sources.people import parse_age
from deepcovid.datasets.sources.reading import read_metadata
from deepcovid.errors import TableError
from tests.datasets.sources.making import cells


def written(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path = folder / "metadata.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_cells_are_trimmed_text_with_row_numbers(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, 'id, url,age,\r\n007, x ,\r\n\r\n1e5,"a, ""b""\nc",é,\r\n', encoding=encoding)
    data = read_metadata(path, required=("id", "url"))
    assert list(data.frame.columns) == ["id", "url", "age"], "the last column has no name and no cell"
    assert cells(data.frame["id"]) == ["007", "1e5"]
    assert cells(data.frame["url"]) == ["x", 'a, "b"\nc']
    assert cells(data.frame["age"]) == [None, "é"]
    assert list(data.frame.index) == [2, 4]
    assert bool(data.notes) == (encoding == "latin-1")


def test_an_unnamed_column_that_holds_something_is_kept(tmp_path: Path) -> None:
    data = read_metadata(written(tmp_path, "id,\n1,credit\n"), required=("id",))
    assert cells(data.frame["unnamed_2"]) == ["credit"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("id,view\n1,PA\n", "row 1: there is no column 'finding' (there are: id, view)"),
        ("id,finding,id\n1,x,1\n", "the column 'id' stands 2 times"),
        ("id,finding\n1,x,y\n", "row 2: 3 cells under a header of 2"),
        ("id,finding\n", "the file has a header and no row"),
    ],
)
def test_damage_of_form(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(TableError) as caught:
        read_metadata(written(tmp_path, text), required=("id", "finding")).parsed({"image": "a"})
    assert any(told.startswith(problem) for told in caught.value.problems)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"metadata\.csv: there is no such file"):
        read_metadata(tmp_path / "metadata.csv", required=())


def test_every_problem_is_told_at_once_and_long_lists_are_cut(tmp_path: Path) -> None:
    rows = "".join(f"{n},old{n}\n" for n in range(80))
    data = read_metadata(written(tmp_path, f"id,age\n{rows}"), required=("id", "age"))
    ages = data.cells("age", parse_age)
    with pytest.raises(TableError, match="80 problems") as caught:
        data.parsed({"image": data.text("id"), "age": ages})
    assert caught.value.problems[0].startswith("row 2: the age is 'old0'; allowed are years from 0 to 120")
    assert caught.value.problems[-1] == "… and 30 more problems"
    assert len(caught.value.problems) == 51


def test_words_that_a_collection_is_known_to_use_are_counted(tmp_path: Path) -> None:
    data = read_metadata(written(tmp_path, "id,age\n1,?!\n2,61\n3,?!\n4,\n"), required=("id",))
    assert cells(data.cells("age", parse_age, otherwise="empty")) == [None, 61, None, None]
    assert data.notes == ["2 cells of age say nothing that is known here: '?!' (2)"]
    assert not data.problems


def test_originals_keep_their_names_unless_they_are_ours(tmp_path: Path) -> None:
    data = read_metadata(written(tmp_path, "Sex,view,image,url\nfemale,front,x,u\n"), required=())
    frame = data.parsed({"image": "a.png", "sex": "F"}).frame
    assert list(frame.columns) == ["image", "sex", "original_Sex", "original_view", "original_image", "url"]
    assert cells(frame.iloc[0]) == ["a.png", "F", "female", "front", "x", "u"]


def test_a_word_of_a_cell_draws_nothing_on_the_terminal(tmp_path: Path) -> None:
    data = read_metadata(written(tmp_path, f"id,age\n1,\x1b[31m{'x' * 500}\n"), required=())
    data.cells("age", parse_age)
    assert "\x1b" not in data.problems[0]
    assert len(data.problems[0]) < 320


def test_quotes_of_windows_1252_are_no_control_characters(tmp_path: Path) -> None:
    path = written(tmp_path, "id,notes\n1,low 90’s – “fever”\n", encoding="cp1252")
    assert cells(read_metadata(path, required=()).frame["notes"]) == ["low 90’s – “fever”"]


def test_a_usual_column_that_is_not_there_is_said(tmp_path: Path) -> None:
    data = read_metadata(written(tmp_path, "id,age\n1,2\n"), required=("id",), usual=("age", "date", "license"))
    assert data.notes == ["the metadata lack the column date, license"]


def test_an_empty_file_is_to_be_fetched_anew_not_written_by_hand(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_bytes(b"\r\n")
    with pytest.raises(TableError, match="the file is empty → get the file anew"):
        read_metadata(tmp_path / "metadata.csv", required=("a",))
