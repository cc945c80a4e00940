"""Every recipe learns sixteen real films by heart: from the files to the probabilities of what was trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from deepcovid.datasets.table import Table
from deepcovid.imaging.readers import read_film
from deepcovid.models.engine import open_session
from deepcovid.models.outputs import probabilities_of
from deepcovid.models.stacking import HIDDEN, fit_combiner
from deepcovid.progress import Silent
from deepcovid.runs.data import Prepared
from deepcovid.runs.fitting import fit_films, start_fabric, start_network
from deepcovid.runs.settings import Settings
from deepcovid.runs.trained import Trained
from deepcovid.training.recipe import Recipe, load_recipe, member_recipes, recipe_names
from tests.recipes.by_torch import put_torch_in_place_of_graphs
from tests.recipes.small import prepared_for, settle, sixteen_films, small

if TYPE_CHECKING:
    from deepcovid.models.network import FilmNetwork

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.films
SETTINGS = Settings(device="cpu", threads=1, workers=1, allow_random_backbone=True)
RIGHT = 0.9  # of sixteen films; the most frequent class has nine, or seven
LONG = ("instacovnet19",)  # five whole networks, NASNet-A Large among them

Scorer = Callable[[np.ndarray], np.ndarray]  # from a film (1, 1, H, W) to its logits (1, K)


@pytest.fixture(scope="module")
def films(real_films: Path) -> Table:
    return sixteen_films(real_films)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in LONG else ()) for name in recipe_names()]
)
def test_sixteen_films_are_learnt_by_heart(
    name: str, films: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scored as a detector scores: films of any size, the network's own resizing, no dropout, BatchNorm's kept statistics."""

    def by_torch(recipe: Recipe) -> np.ndarray:
        network, prepared = begun(recipe, films)
        put_torch_in_place_of_graphs(network, monkeypatch)
        trained = fitted(recipe, network, prepared, tmp_path / recipe.name)
        network.load_state_dict({key: torch.tensor(array) for key, array in trained.weights.items()})
        return probabilities(trained.prepared, lambda film: _logits(network, film))

    assert share_right(name, films, by_torch) > RIGHT


@pytest.mark.long
@pytest.mark.parametrize("name", recipe_names())
def test_the_exported_graph_knows_sixteen_films_by_heart(name: str, films: Table, tmp_path: Path) -> None:
    """As above, with nothing in the place of model.onnx."""

    def by_graph(recipe: Recipe) -> np.ndarray:
        network, prepared = begun(recipe, films)
        trained = fitted(recipe, network, prepared, tmp_path / recipe.name)
        session = open_session(trained.graph)
        return probabilities(trained.prepared, lambda film: session.run(["logits"], {"film": film})[0])

    assert share_right(name, films, by_graph) > RIGHT


def share_right(name: str, films: Table, train: Callable[[Recipe], np.ndarray]) -> float:
    """The share of films whose likeliest class is theirs, by a recipe's network, or by the combiner on a stack's members."""
    recipe = load_recipe(name)
    if not recipe.members:
        told, prepared = train(small(recipe)), prepared_for(recipe, films)
        return float(np.mean(told.argmax(axis=1) == prepared.targets))
    members = [small(member) for member in member_recipes(recipe)]
    prepared = prepared_for(members[0], films)
    scores = np.stack([train(member)[:, prepared.positive_index] for member in members], axis=1)
    options: dict[str, Any] = {"kind": recipe.combiner, "hidden": recipe.head.hidden or HIDDEN, "seed": recipe.seed}
    combiner = fit_combiner(scores, prepared.is_positive, **options)
    return float(np.mean((combiner.score(scores) > 0.5) == prepared.is_positive))


def begun(recipe: Recipe, films: Table) -> tuple[FilmNetwork, Prepared]:
    """The recipe's network, untrained, and the films with its classes."""
    prepared = prepared_for(recipe, films)
    network, _ = start_network(recipe, settings=SETTINGS, progress=Silent(), classes=len(prepared.classes))
    settle(network, prepared)
    return network, prepared


def fitted(recipe: Recipe, network: FilmNetwork, prepared: Prepared, folder: Path) -> Trained:
    """The network trained by the recipe on all films."""
    fabric = start_fabric(SETTINGS, progress=Silent())
    return fit_films(network, prepared, recipe=recipe, settings=SETTINGS, fabric=fabric, folder=folder,
                     identity=recipe.name, progress=Silent())  # fmt: skip


def probabilities(prepared: Prepared, scorer: Scorer) -> np.ndarray:
    """Of all films, (16, K), each read from its file anew."""
    paths = [prepared.table.image_path(image) for image in prepared.frame["image"]]
    rows = [scorer(read_film(path).pixels[None, None])[0] for path in paths]
    assert len(rows) == 16
    return probabilities_of(np.stack(rows), activation=prepared.activation)


def _logits(network: FilmNetwork, film: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        logits: np.ndarray = network.eval()(torch.from_numpy(film))[0].numpy()
    return logits
