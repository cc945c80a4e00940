"""Tests of what a check knows of each film, and how long it remembers."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deepcovid.datasets.film_facts import FilmFacts, film_facts
from deepcovid.errors import DeepCovidError
from tests.datasets.twins import grey8, phantom_films

SPACE = {"kind": "test"}


def save(folder: Path, name: str, pixels: np.ndarray, **options: Any) -> Path:
    path = folder / name
    Image.fromarray(pixels).save(path, **options)
    return path


def test_the_facts_of_a_film(tmp_path: Path) -> None:
    film = grey8(phantom_films(12)[0])
    jpeg = save(tmp_path, "a.jpg", film, quality=80)
    deep = save(tmp_path, "b.png", film.astype(np.uint16) * 257)
    found = film_facts([jpeg, deep], space=SPACE, folder=tmp_path / "store")
    a, b = found.facts
    assert isinstance(a, FilmFacts)
    assert isinstance(b, FilmFacts)
    assert (a.format, a.height, a.width, a.quality, a.bit_depth) == ("JPEG", 160, 160, 80, 8)
    assert (b.format, b.quality, b.bit_depth, b.size) == ("PNG", None, 16, deep.stat().st_size)
    assert a.thumbnail.shape == (64, 64)
    assert a.whole.shape == (32, 32)
    assert (a.gate, found.failures, found.computed) == (None, {}, 2)


def test_a_film_is_read_once_and_the_store_gives_the_same(tmp_path: Path) -> None:
    path = save(tmp_path, "a.png", grey8(phantom_films(12)[1]))
    calls: list[int] = []

    def judge(pixels: np.ndarray) -> dict[str, Any]:
        calls.append(pixels.size)
        return {"passes": False, "reason": "collage", "confidence": 0.5}

    first = film_facts([path, path], space=SPACE, folder=tmp_path / "store", judge=judge, workers=2)
    second = film_facts([path], space=SPACE, folder=tmp_path / "store", judge=judge)
    other = film_facts([path], space={"kind": "other"}, folder=tmp_path / "store", judge=judge)
    assert (first.computed, second.computed, other.computed, len(calls)) == (1, 0, 1, 2)
    one, again = first.facts[1], second.facts[0]
    assert isinstance(one, FilmFacts)
    assert isinstance(again, FilmFacts)
    np.testing.assert_array_equal(one.thumbnail, again.thumbnail)
    assert one.to_bytes() == again.to_bytes()
    assert again.gate == {"passes": False, "reason": "collage", "confidence": 0.5}
    assert FilmFacts.from_bytes(again.to_bytes()).sha256 == again.sha256


def test_a_damaged_store_is_said_with_its_file(tmp_path: Path) -> None:
    path = save(tmp_path, "a.png", grey8(phantom_films(12)[1]))
    film_facts([path], space=SPACE, folder=tmp_path / "store")
    (store,) = (tmp_path / "store").glob("*.sqlite")
    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE blobs SET value = substr(value, 1, 100)")
    with pytest.raises(DeepCovidError, match="damaged → delete that file") as error:
        film_facts([path], space=SPACE, folder=tmp_path / "store")
    assert error.value.path == store


def test_what_cannot_be_read_is_told_row_by_row_and_the_rest_goes_on(tmp_path: Path) -> None:
    good = save(tmp_path, "a.png", grey8(phantom_films(12)[2]))
    cut = tmp_path / "cut.png"
    cut.write_bytes(good.read_bytes()[:300])
    (tmp_path / "notes.png").write_text("no film")
    paths = [tmp_path / "absent.png", good, cut, tmp_path / "notes.png", tmp_path, cut]
    found = film_facts(paths, space=SPACE, folder=tmp_path / "store", workers=2)
    assert [facts is not None for facts in found.facts] == [False, True, False, False, False, False]
    assert found.failures[0] == "there is no such file"
    assert found.failures[4] == "this is a folder"
    assert "cut off" in found.failures[2]
    assert found.failures[5] == found.failures[2]
    assert "not a film" in found.failures[3]


def test_a_name_that_is_too_long_is_a_failure_of_its_row(tmp_path: Path) -> None:
    found = film_facts([tmp_path / ("x" * 5000 + ".png")], space=SPACE, folder=tmp_path / "store")
    assert found.failures[0].startswith("the file cannot be read")
