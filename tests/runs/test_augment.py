from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from deepcovid.datasets.table import Table
from deepcovid.errors import RecipeError
from deepcovid.imaging.augmentation import Augmentation
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.runs.augment import augment, vary
from deepcovid.runs.cases import augmented_films
from deepcovid.training.recipe import Recipe, load_recipe
from tests.conftest import make_table
from tests.runs.test_head import prepared

PLAIN = Preprocessing(size=(40, 40), mean=(0.5,) * 3, std=(0.25,) * 3)


def recipe(**changes: object) -> Recipe:
    return dataclasses.replace(load_recipe("deepcovid-resnet18"), preprocessing=PLAIN, **changes)


def test_variants_are_those_that_a_head_is_trained_on() -> None:
    from deepcovid.runs.head import draws_for

    shown = recipe()
    film = np.random.default_rng(0).random((60, 50), dtype=np.float32)
    varied = vary(film, shown, image="3.png")
    assert list(varied.draws) == draws_for(prepared(31, 5), shown)[3][1:6]
    expected = varied.draws[0].apply(PLAIN.resize_film(film))
    assert np.array_equal(varied.variants[0], expected)


def test_variants_are_equalised_after_they_are_drawn() -> None:
    shown = dataclasses.replace(recipe(), preprocessing=dataclasses.replace(PLAIN, equalise=True))
    film = np.random.default_rng(0).random((60, 50), dtype=np.float32) / 3
    varied = vary(film, shown, image="a.png")
    assert varied.film.max() > 0.99
    again = shown.preprocessing.balance(varied.draws[0].apply(PLAIN.resize_film(film))[None])[0]
    assert np.array_equal(varied.variants[0], again)


def test_a_sheet_is_written(tmp_path: Path) -> None:
    table = make_table(tmp_path)
    films = sorted((table.parent / "images").iterdir())[:2]
    varied = augment(films, recipe=recipe(), out=tmp_path / "sheet.png", draws=3)
    assert [one.image for one in varied] == [film.name for film in films]
    assert Image.open(tmp_path / "sheet.png").width > 600
    assert all("turned" in draw["words"][-2] for one in varied for draw in one.to_dict()["draws"])
    with pytest.raises(RecipeError, match="leaves films as they are"):
        augment(films, recipe=load_recipe("darkcovidnet"), out=tmp_path / "no.png")
    assert not (tmp_path / "no.png").exists()


def test_a_report_shows_only_what_training_varies(tmp_path: Path) -> None:
    from deepcovid.datasets.table import load_table

    table: Table = load_table(make_table(tmp_path))
    told = {"rows": table.frame, "label_column": "label", "positive": "covid", "normal": "normal"}
    over = augmented_films(table, recipe(), **told)
    assert {film.tone for film in over} == {"positive"}
    assert [film.caption for film in over[::6]] == ["covid, as it is"] * 3
    all_labels = augmented_films(table, recipe(minority_count=0, draws=2), **told)
    labels = table.frame["label"].unique()
    assert len(all_labels) % 6 == 0
    assert {film.caption for film in all_labels[::6]} == {f"{label}, as it is" for label in labels}
    still = recipe(augmentation=Augmentation(), minority_count=0)
    assert augmented_films(table, still, **told) == []
    assert isinstance(told["rows"], pd.DataFrame)
