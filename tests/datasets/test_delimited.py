"""Tests of strict reading of delimited text."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.datasets.delimited import MAX_COLUMNS, read_delimited
from deepcovid.errors import TableError
from tests.datasets.making import csv


def test_rows_carry_the_number_that_a_spreadsheet_shows_and_blank_rows_are_left_out(tmp_path: Path) -> None:
    read = read_delimited(csv(tmp_path, 'image,findings\na.png,"two\nlines"\n\n  ,\nb.png,none\n\n'))
    assert read.rows == {2: ["a.png", "two\nlines"], 5: ["b.png", "none"]}
    assert read.header == ["image", "findings"]
    assert read.notes == ()


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_separator_is_read_and_said(tmp_path: Path, mark: str, name: str) -> None:
    read = read_delimited(csv(tmp_path, f"image{mark}label\na.png{mark}covid, severe\n"))
    assert read.rows == {2: ["a.png", "covid, severe"]}
    assert any(name in note for note in read.notes)


@pytest.mark.parametrize(
    ("encoding", "said"), [("utf-8", None), ("utf-8-sig", None), ("latin-1", "latin-1"), ("utf-16", "UTF-16")]
)
def test_encodings_are_found_out_and_said(tmp_path: Path, encoding: str, said: str | None) -> None:
    read = read_delimited(csv(tmp_path, "image,location\na.png,Málaga\n".encode(encoding)))
    assert read.header == ["image", "location"]
    assert read.rows == {2: ["a.png", "Málaga"]}
    assert [said in note for note in read.notes] == ([True] if said else [])


@pytest.mark.parametrize(
    ("data", "problem", "mend"),
    [
        (b"", "empty", "write a header"),
        (b"\n\n", "empty", "write a header"),
        (b"PK\x03\x04rest", "Excel", "save it as .csv"),
        (b"PAR1rest", "Parquet", "save it as .parquet"),
        (b"image,la\x00bel\n", "zero bytes", "UTF-8 CSV"),
        (b'image,label\na.png,covid\nb.png,"covid\nc.png,normal\n', "row 3 cannot be read", "close its quotes"),
        (b"image,label\na.png," + b"x" * 200_000, "row 2 cannot be read", "quotes"),
    ],
)
def test_what_is_no_text_table_is_refused_with_its_mend(tmp_path: Path, data: bytes, problem: str, mend: str) -> None:
    path = csv(tmp_path, data)
    with pytest.raises(TableError) as caught:
        read_delimited(path)
    assert caught.value.path == path
    assert problem in caught.value.problem
    assert mend in caught.value.mend


def test_a_table_wider_than_any_table_is_refused(tmp_path: Path) -> None:
    path = csv(tmp_path, ",".join(f"c{number}" for number in range(MAX_COLUMNS + 1)) + "\n")
    with pytest.raises(TableError, match=r"10,001 columns; allowed are 10,000"):
        read_delimited(path)


def test_rows_of_another_width_are_named_and_trailing_separators_forgiven(tmp_path: Path) -> None:
    read = read_delimited(csv(tmp_path, "image,label\na.png\nb.png,covid,\nc.png,covid,PA\n"))
    assert [problem[:5] for problem in read.problems] == ["row 2", "row 4"]
    assert "1 cells under a header of 2" in read.problems[0]
    assert "put quotes around" in read.problems[1]
    assert read.rows[3] == ["b.png", "covid"]


def test_many_rows_of_another_width_are_counted(tmp_path: Path) -> None:
    read = read_delimited(csv(tmp_path, "image,label\n" + "a.png\n" * 50))
    assert len(read.problems) == 21
    assert "30 more" in read.problems[-1]
