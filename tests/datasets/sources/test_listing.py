"""Tests of how the files of a copy are found."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from deepcovid.datasets.sources.listing import files_below, files_there, home_of, named_films, place_of, prefix_of
from deepcovid.errors import TableError
from tests.datasets.making import touch


def test_files_are_there_as_the_system_says_they_are(tmp_path: Path) -> None:
    touch(tmp_path, ["a/1.png", "a/b/2.png", "3.png"])
    (tmp_path / "link.png").symlink_to(tmp_path / "3.png")
    cells = pd.Series(
        ["a/1.png", "a/2.png", "a/b/2.png", "3.png", "link.png", "a/b", "none/1.png", "", "a/1.PNG"], index=range(5, 14)
    )
    there = files_there(tmp_path, cells)
    assert there.tolist() == [os.path.isfile(tmp_path / cell) for cell in cells]
    assert there.index.tolist() == cells.index.tolist()


def test_each_folder_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, [f"a/{number}.png" for number in range(50)])
    listed, scan = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda place: listed.append(place) or scan(place))
    assert files_there(tmp_path, pd.Series([f"a/{number}.png" for number in range(60)])).sum() == 50
    assert len(listed) == 1


def test_films_below_are_sorted_and_what_a_mac_adds_is_not_among_them(tmp_path: Path) -> None:
    touch(tmp_path, ["b/2.PNG", "a/1.png", "a/.1.png", ".git/3.png", "__MACOSX/4.png", "a/5.txt", "6.png"])
    assert files_below(tmp_path, suffixes=(".png",)) == ["6.png", "a/1.png", "b/2.PNG"]


def test_a_name_that_two_files_have_is_a_problem_and_the_first_counts(tmp_path: Path) -> None:
    touch(tmp_path, ["a/1.png", "b/1.png", "b/2.png"])
    places, problems = named_films(tmp_path, suffixes=(".png",))
    assert places == {"1.png": "a/1.png", "2.png": "b/2.png"}
    assert problems == ["a/1.png and b/1.png have one name; allowed is one file a film"]


def test_the_home_is_the_folder_itself_or_the_one_inside(tmp_path: Path) -> None:
    touch(tmp_path, ["copy/data.csv", "other/read.txt", "__MACOSX/data.csv", ".trash/data.csv"])
    home = home_of(tmp_path, "data.csv", layout="data.csv")
    assert home == tmp_path / "copy" == home_of(tmp_path / "copy", "data.csv", layout="data.csv")
    assert prefix_of(home, tmp_path) == "copy/"
    assert prefix_of(home, home) == ""


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["read.txt"], "there is no data.csv or info.csv here → give a folder that holds\nLAYOUT"),
        (["a/data.csv", "b/info.csv"], "there are several copies here: a, b → give one of these folders"),
    ],
)
def test_a_home_that_is_not_sure_is_not_guessed_at(tmp_path: Path, files: list[str], message: str) -> None:
    touch(tmp_path, files)
    with pytest.raises(TableError) as caught:
        home_of(tmp_path, "data.csv", "info.csv", layout="LAYOUT")
    assert message in str(caught.value)
    with pytest.raises(TableError, match="there is no such folder"):
        home_of(tmp_path / "nowhere", "data.csv", layout="LAYOUT")


@pytest.mark.parametrize(
    ("films", "place"),
    [
        (["images/1.png", "old/1.png"], "images/"),
        (["1.png"], ""),
        (["data/deep/1.png", "data/deep/2.png"], "data/deep/"),
        (["data/1.png", "other/2.png"], "images/"),
        (["data/3.png"], "images/"),
    ],
)
def test_films_are_looked_for_where_they_usually_lie_then_in_the_one_folder_that_holds_them(
    tmp_path: Path, films: list[str], place: str
) -> None:
    touch(tmp_path, films)
    assert place_of(tmp_path, pd.Series(["1.png", "2.png", None])) == place


def test_a_home_is_told_by_a_pattern_too(tmp_path: Path) -> None:
    touch(tmp_path, ["copy/Data_2017_v2.csv"])
    assert home_of(tmp_path, "Data_2017*.csv", layout="Data_2017*.csv") == tmp_path / "copy"
