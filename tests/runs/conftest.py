"""A finished run that several tests look at."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from deepcovid.evaluation.rules import parse_rule
from deepcovid.runs.settings import Settings
from deepcovid.runs.train import Run, train
from deepcovid.training.recipe import load_recipe
from tests.conftest import make_table
from tests.runs.pictures import blank_pictures


@pytest.fixture
def blank() -> Iterator[None]:
    """No figure is drawn in this test."""
    with blank_pictures():
        yield


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A whole network trained on drawn films, with further rules for its operating points; not to be written to."""
    folder = tmp_path_factory.mktemp("whole")
    os.environ["DEEPCOVID_CACHE"] = str(folder / "cache")
    recipe = load_recipe("small").changed(epochs=4)
    small = type(recipe.preprocessing)(size=(48, 48), mean=recipe.preprocessing.mean, std=recipe.preprocessing.std)
    return train(
        make_table(folder / "data"),
        recipe=recipe.changed(preprocessing=small),
        out=folder / "run",
        settings=Settings(device="cpu", rules=(parse_rule("youden"), parse_rule("cost=20@0.05"))),
    )
