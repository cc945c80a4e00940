from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepcovid.datasets.table import load_table
from deepcovid.errors import RunError
from deepcovid.runs.crossvalidation import SCORES, CrossValidated, Division, cross_validate
from deepcovid.runs.data import Prepared, prepare_unsplit
from deepcovid.runs.settings import Settings
from deepcovid.storage import read_json
from deepcovid.training.recipe import Recipe, load_recipe
from tests.conftest import make_table

pytest.importorskip("torch")
SETTINGS = Settings(device="cpu", threads=1, allow_random_backbone=True)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cache for this file: its one frozen network is exported once."""
    monkeypatch.setenv("DEEPCOVID_CACHE", str(cache))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare_unsplit(
        load_table(make_table(tmp_path_factory.mktemp("films"), patients=24)), positive="covid", label_column="label"
    )


@pytest.fixture(scope="module")
def whole() -> Recipe:
    """A whole network, whose killed fold leaves a checkpoint."""
    demo = load_recipe("small").changed(epochs=3, keep="last")
    return replace(demo, preprocessing=replace(demo.preprocessing, size=(48, 48)), early_stopping=None)


@pytest.fixture(scope="module")
def recipe(whole: Recipe) -> Recipe:
    """The last layer on random features: quick."""
    return replace(whole, trainable="head")


def run(films: Prepared, recipe: Recipe, out: Path, **division: object) -> CrossValidated:
    return cross_validate(
        films,
        recipe=recipe,
        out=out,
        division=Division(count=3, **division),
        settings=SETTINGS,  # type: ignore[arg-type]
    )


def test_every_film_gets_a_score_of_a_network_that_did_not_see_it(
    films: Prepared, recipe: Recipe, tmp_path: Path
) -> None:
    found = run(films, recipe, tmp_path / "cv")
    assert sorted(found.frame["image"]) == sorted(films.frame["image"])
    assert set(found.frame["fold"]) == {1, 2, 3}
    assert np.allclose(found.frame["score_covid"] + found.frame["score_not covid"], 1)
    assert np.array_equal(found.frame["score"], found.frame["score_covid"])
    assert all(record["patients_on_both_sides"] == 0 for record in found.records.values())
    assert all(len(history) == 3 and "val_accuracy" in history for history in found.histories.values())


def test_finished_folds_are_taken_as_they_are_and_others_go_on(films: Prepared, recipe: Recipe, tmp_path: Path) -> None:
    first = run(films, recipe, tmp_path / "cv", only=(2,))
    assert set(first.frame["fold"]) == {2}
    stamp = (tmp_path / "cv" / "fold-2" / SCORES).stat().st_mtime_ns
    whole = run(films, recipe, tmp_path / "cv")
    assert (tmp_path / "cv" / "fold-2" / SCORES).stat().st_mtime_ns == stamp
    again = run(films, recipe, tmp_path / "other")
    pd.testing.assert_frame_equal(whole.frame, again.frame)


def test_a_killed_fold_goes_on_and_ends_with_the_same_scores(films: Prepared, whole: Recipe, tmp_path: Path) -> None:
    from deepcovid.progress import Silent

    class Killer(Silent):
        """Stops before the second epoch."""

        def track(self, things, *, description, total=None):  # type: ignore[no-untyped-def]
            for number, thing in enumerate(things):
                if description == "epochs" and number == 1:
                    raise KeyboardInterrupt
                yield thing

    division = Division(count=3, only=(1,))
    with pytest.raises(KeyboardInterrupt):
        cross_validate(
            films, recipe=whole, out=tmp_path / "cv", division=division, settings=SETTINGS, progress=Killer()
        )
    assert read_json(tmp_path / "cv" / "fold-1" / "fold.json")["status"] == "running"
    resumed = run(films, whole, tmp_path / "cv", only=(1,))
    unbroken = run(films, whole, tmp_path / "whole", only=(1,))
    pd.testing.assert_frame_equal(resumed.frame, unbroken.frame)


def test_an_epoch_is_chosen_on_films_that_are_not_held_out(films: Prepared, recipe: Recipe, tmp_path: Path) -> None:
    found = run(films, recipe.changed(keep="best", epochs=2), tmp_path / "cv", only=(1,))
    sides = found.records[1]["counts"]
    assert sides["val"]["films"] > 0
    assert sides["test"]["films"] == len(found.frame)


def test_a_folder_of_another_configuration_is_refused(films: Prepared, recipe: Recipe, tmp_path: Path) -> None:
    run(films, recipe.changed(epochs=1), tmp_path / "cv", only=(1,))
    with pytest.raises(RunError, match="another recipe, table, weights or division"):
        run(films, recipe.changed(epochs=2), tmp_path / "cv", only=(1,))


def test_folds_that_are_not_there_are_refused() -> None:
    with pytest.raises(RunError, match=r"3 folds, of which \[4\]"):
        Division(count=3, only=(4,))
