from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.errors import ImageError
from deepcovid.imaging.finding import find_films, is_film_name, look_for_films


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / ".cache").mkdir()
    for name in ("b.PNG", "a.jpeg", "deep/c.tif", "notes.txt", "._b.PNG", ".cache/d.png", "table.csv"):
        (tmp_path / name).write_bytes(b"x")
    for name in ("deep/er/IM0001", "deep/er/1.2.840.113619.7", "deep/DICOMDIR"):
        (tmp_path / name).write_bytes(bytes(128) + b"DICM")
    (tmp_path / "README").write_bytes(b"x")
    return tmp_path


def test_a_folder_gives_every_film_below_it_sorted(folder: Path):
    names = ["a.jpeg", "b.PNG", "deep/c.tif", "deep/er/1.2.840.113619.7", "deep/er/IM0001"]
    assert find_films(folder) == [folder / name for name in names]


def test_files_folders_and_patterns_together_give_each_film_once(folder: Path):
    found = find_films([folder / "b.PNG", folder / "*.*", str(folder / "deep/**/c.*"), folder / "notes.txt"])
    assert found == sorted(folder / name for name in ("a.jpeg", "b.PNG", "deep/c.tif", "notes.txt"))


def test_a_pattern_may_name_folders(folder: Path):
    assert folder / "deep" / "er" / "IM0001" in find_films(folder / "d*")


@pytest.mark.parametrize(
    ("name", "mend"), [("gone.png", "check the path"), ("gone*.png", "check the pattern"), (".cache/sub", "check")]
)
def test_what_does_not_exist_is_an_error_that_names_it(folder: Path, name: str, mend: str):
    with pytest.raises(ImageError) as error:
        find_films([folder / "a.jpeg", folder / name])
    assert str(folder / name) in str(error.value)
    assert mend in error.value.mend


def test_a_folder_without_films_is_an_error(tmp_path: Path):
    (tmp_path / "notes.txt").write_bytes(b"x")
    with pytest.raises(ImageError, match=r"holds no film → name one with"):
        find_films(tmp_path)


def test_a_name_alone_is_enough_for_known_suffixes():
    assert is_film_name("nowhere/film.DCM")
    assert not is_film_name("nowhere/film")
    assert not is_film_name("nowhere/film.gif")


def test_what_is_left_out_is_told_with_the_reason(folder: Path):
    (folder / "drawing.svg").write_bytes(b"x")
    (folder / "linked").symlink_to(folder / "deep", target_is_directory=True)
    found = look_for_films(folder)
    assert found.films == find_films(folder)
    assert {path.relative_to(folder).as_posix(): reason for path, reason in found.left_out.items()} == {
        ".cache": "a hidden folder",
        "._b.PNG": "a hidden file",
        "README": "no film by its name",
        "deep/DICOMDIR": "no film by its name",
        "linked": "a link to a folder, which is not followed",
        "notes.txt": "no film by its name",
        "table.csv": "no film by its name",
    }
    assert list(found.refused) == [folder / "drawing.svg"]
    assert "a .svg image is not read → save the film as PNG" in found.refused[folder / "drawing.svg"]


def test_a_link_out_of_the_folder_is_refused_and_read_when_named(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
):
    outside = tmp_path_factory.mktemp("outside") / "film.png"
    outside.write_bytes(b"x")
    (folder / "link.png").symlink_to(outside)
    (folder / "inside.png").symlink_to("a.jpeg")
    found = look_for_films(folder)
    assert folder / "inside.png" in found.films
    assert list(found.refused) == [folder / "link.png"]
    assert "leads out of the folder" in found.refused[folder / "link.png"]
    both = look_for_films([folder, folder / "link.png"])
    assert folder / "link.png" in both.films
    assert not both.refused
