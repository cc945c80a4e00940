from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepcovid.datasets.table import load_table
from deepcovid.errors import RecipeError
from deepcovid.models.heads import HeadShape
from deepcovid.runs import lr_find
from deepcovid.runs.lr_find import FoundRate, find_rate
from deepcovid.runs.settings import Settings
from deepcovid.training.range_test import Span
from deepcovid.training.recipe import Optimiser, Recipe, load_recipe

pytest.importorskip("torch")
SETTINGS = Settings(device="cpu", threads=1, allow_random_backbone=True)
SPAN = Span(lowest=1e-6, highest=10.0, steps=20)


@pytest.fixture
def recipe() -> Recipe:
    """DarkCovidNet at 48 px, all of it."""
    demo = load_recipe("small")
    return replace(demo, preprocessing=replace(demo.preprocessing, size=(48, 48)), batch_size=6)


def find(table: Path, recipe: Recipe, *, span: Span = SPAN) -> FoundRate:
    return find_rate(load_table(table), recipe=recipe, span=span, passes=1, settings=SETTINGS)


@pytest.mark.parametrize("trainable", ["all", 1, "head"])
def test_a_network_its_last_block_and_its_head_are_tested_the_same_twice(
    drawn_table: Path, recipe: Recipe, tmp_path: Path, trainable: str | int
) -> None:
    chosen = replace(recipe, trainable=trainable)
    found, again = find(drawn_table, chosen), find(drawn_table, chosen)
    pd.testing.assert_frame_equal(found.steps, again.steps, check_exact=True)
    assert found.told == again.told
    assert found.told["films"] < 72  # the training side only
    assert 0 < found.told["positive_films"] < found.told["films"]
    assert found.steps["loss"].iloc[0] == pytest.approx(found.told["loss"]["start"], rel=0.6)
    share = found.told["positive_films"] / found.told["films"]
    guess = -share * np.log(share) - (1 - share) * np.log(1 - share)
    assert found.told["loss"]["constant_guess"] == pytest.approx(guess)
    paths = found.write(tmp_path / "out")
    assert paths["png"].read_bytes()[:4] == b"\x89PNG"
    assert len(pd.read_csv(paths["csv"])) == len(found.steps)


def test_rates_are_judged_against_the_range_in_which_the_loss_falls(drawn_table: Path, recipe: Recipe) -> None:
    head = replace(recipe, trainable="head", batch_size=40)
    verdicts = {}
    span = replace(SPAN, steps=60)
    for rate in (1e-9, 1e3):
        told = find(drawn_table, replace(head, optimiser=Optimiser(learning_rate=rate)), span=span).told
        verdicts[rate] = told["verdict"]
        assert told["verdict"] in told["sentence"]
        assert told["begins"]["value"] < told["suggestion"]["value"] <= told["lowest"]["value"]
    assert verdicts == {1e-9: "below", 1e3: "above"}
    own = replace(head, optimiser=Optimiser(learning_rate=told["suggestion"]["value"]))
    assert find(drawn_table, own, span=span).told["verdict"] == "within"


def test_validation_and_test_films_are_not_even_opened(
    drawn_table: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    prepared = lr_find.prepare_for

    def spied(*args: object, **options: object) -> object:
        found = prepared(*args, **options)
        seen.extend(found.frame["image"][found.frame["split"] == "train"])
        return found

    monkeypatch.setattr(lr_find, "prepare_for", spied)
    opened: list[str] = []
    from deepcovid.features import extraction

    read = extraction.read_film
    monkeypatch.setattr(extraction, "read_film", lambda path: (opened.append(path.name), read(path))[1])
    find(drawn_table, recipe)
    assert sorted(opened) == sorted(Path(name).name for name in seen)
    assert np.unique(seen).size < 72


def test_a_fall_to_the_constant_guess_is_no_learning(drawn_table: Path, recipe: Recipe) -> None:
    told = find(drawn_table, replace(recipe, trainable="head", batch_size=40), span=replace(SPAN, steps=60)).told
    chance = told["loss"]["constant_guess"]
    for least, warned in ((chance, True), (chance / 2, False)):
        notes = lr_find._notes(told | {"loss": told["loss"] | {"least": least}}, recipe, SPAN)
        assert any("how frequent the classes are" in note for note in notes) == warned


def test_a_support_vector_machine_has_no_learning_rate(drawn_table: Path, recipe: Recipe) -> None:
    machine = Recipe(name="machine", weights="none", head=HeadShape(kind="svm"))
    with pytest.raises(RecipeError, match="has no learning rate: its head is a support vector machine"):
        find(drawn_table, machine)
