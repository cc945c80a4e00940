"""The layers of a recipe's network, with what the recipe trains: the documents' layer tables."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

from deepcovid.errors import RecipeError

if TYPE_CHECKING:
    from deepcovid.models.layers_table import LayerTable
    from deepcovid.training.recipe import Recipe


def table_of_recipe(recipe: Recipe, classes: int) -> LayerTable:
    """The layers of a recipe's network, with what the recipe trains."""
    from deepcovid.training.feasible import build_of

    if recipe.members:
        raise RecipeError(
            f"{recipe.name} is an ensemble of {', '.join(recipe.members)}", mend="show its members one by one"
        )
    return _table(build_of(recipe), classes)


@functools.lru_cache(maxsize=64)  # recipes and stacks share networks, and NASNet takes seconds
def _table(build: str, classes: int) -> LayerTable:
    from deepcovid.models.layers_table import layer_table
    from deepcovid.training.feasible import network_of
    from deepcovid.training.recipe import recipe_from

    recipe = recipe_from({"name": "bare", **json.loads(build)}, where="recipe")
    return layer_table(network_of(recipe, classes=classes))
