"""Whether a recipe's network can be built and takes films of its size, found without numbers and before any training."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

from deepcovid.models.layers_table import weightless
from deepcovid.training.finetune import set_trainable
from deepcovid.training.recipe import Recipe, recipe_from

if TYPE_CHECKING:
    from deepcovid.models.network import FilmNetwork


def moving_parameters(recipe: Recipe, *, classes: int = 2) -> int:
    """How many parameters a training of the recipe moves.

    Args:
        recipe: network, size, head, activation, and what is trainable.
        classes: of the task.

    Raises:
        DeepCovidError: the network does not exist, lets no activation be chosen, has fewer blocks than are to be trained,
            or cannot take films of that size.
    """
    return _counted(build_of(recipe), classes)


def build_of(recipe: Recipe) -> str:
    """What the recipe's network is built by, as JSON: recipes of one build have the same layers and train the same of them."""
    parts = ("network", "neck", "trainable", "preprocessing", "head", "output", "loss", "activation", "task")
    told = recipe.to_dict()
    return json.dumps({name: told[name] for name in parts}, sort_keys=True)


@functools.lru_cache(maxsize=256)
def _counted(told: str, classes: int) -> int:
    network = network_of(recipe_from({"name": "bare", **json.loads(told)}, where="recipe"), classes=classes)
    return sum(numbers.numel() for numbers in network.parameters() if numbers.requires_grad)


def network_of(recipe: Recipe, *, classes: int = 2) -> FilmNetwork:
    """The recipe's network without numbers, of which the parameters that it trains require gradients.

    Raises:
        DeepCovidError: as `moving_parameters`.
    """
    network = weightless(
        recipe.network,
        classes=classes,
        neck=recipe.neck or None,
        preprocessing=recipe.preprocessing,
        head=recipe.head,
        output=recipe.output,
        activation=recipe.activation,
    )
    set_trainable(network, recipe.trainable)
    return network
