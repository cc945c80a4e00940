"""From films and a recipe to something trained: the part of a run that cross-validation, stacking and learning share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcovid.datasets.table import Table
from deepcovid.errors import MissingPackageError, RecipeError
from deepcovid.models.engine import cores
from deepcovid.progress import Progress
from deepcovid.runs.data import Prepared
from deepcovid.runs.learnt_before import caution_on
from deepcovid.runs.settings import Settings
from deepcovid.training.devices import fabric_on
from deepcovid.training.losses import class_weights
from deepcovid.training.recipe import Recipe

if TYPE_CHECKING:
    import lightning_fabric

    from deepcovid.models.network import FilmNetwork
    from deepcovid.models.weights import WeightsUsed
    from deepcovid.runs.trained import Trained


def start_network(
    recipe: Recipe, *, settings: Settings, progress: Progress, classes: int = 2, films: Table | None = None
) -> tuple[FilmNetwork, WeightsUsed]:
    """The recipe's network with the weights that it starts from; a warning where these have met the patients of `films`.

    Raises:
        RecipeError: the recipe is of a stack, which is no network.
        WeightsError: the weights cannot be had, or are random under a frozen backbone without permission.
        MissingPackageError: torch is not installed.
    """
    from deepcovid.models.weights import load_backbone_weights, require_trained_backbone
    from deepcovid.models.zoo import build_network

    if recipe.members:
        raise RecipeError(
            f"{recipe.name} is a stack of {', '.join(recipe.members)}",
            mend="train it with `deepcovid train`, or take its members one by one",
        )
    chosen = settings.weights or recipe.weights
    require_trained_backbone(chosen, trainable=recipe.trainable, allow_random=settings.allow_random_backbone)
    try:
        import torch
    except ImportError as error:
        raise MissingPackageError("torch", extra="train", purpose="training") from error
    progress.say(f"Building {recipe.network} …")  # weights may be fetched first, and a large network takes a while
    torch.manual_seed(recipe.seed)
    network = build_network(
        recipe.network,
        classes=classes,
        neck=recipe.neck or None,
        preprocessing=recipe.preprocessing,
        head=recipe.head,
        output=recipe.output,
        activation=recipe.activation,
    )
    used = load_backbone_weights(network, chosen, seed=recipe.seed, progress=progress)
    progress.say(used.sentence)
    if films is not None and used.listed and (caution := caution_on(films, used.listed)):
        progress.warn(caution)
        used = replace(used, caution=caution)
    elif films is not None and used.is_file and not used.listed:
        progress.say(
            "No list of films stands beside these weights: whether they were learnt from films of this table is not known."
        )
    return network, used


def threads_of(recipe: Recipe | None, settings: Settings) -> int:
    """The threads that torch trains with: one for a head on stored features (see docs/log.md), else as the settings say."""
    import torch

    if recipe is not None and recipe.stored_features:
        return 1
    return settings.threads or torch.get_num_threads()


def start_fabric(settings: Settings, *, progress: Progress, recipe: Recipe | None = None) -> lightning_fabric.Fabric:
    """The device that trains; what trains there, and with how many threads, is said.

    Raises:
        RunError: the device is not there.
    """
    fabric = fabric_on(settings.device)
    fabric.launch()
    used, side_by_side = threads_of(recipe, settings), settings.workers or cores()
    progress.say(
        f"Training on {fabric.device} with {used} {'thread' if used == 1 else 'threads'}; films are read "
        f"{'one by one' if side_by_side == 1 else f'{side_by_side} side by side'}."
    )
    return fabric


def fit_films(
    network: FilmNetwork,
    prepared: Prepared,
    *,
    recipe: Recipe,
    settings: Settings,
    fabric: lightning_fabric.Fabric,
    folder: Path,
    identity: str,
    progress: Progress,
) -> Trained:
    """Train `network` on the side `train` and score every film, on stored features or through the whole network.

    Args:
        network: with the weights to start from; trained in place.
        prepared: films, classes and sides; a side `val` may be empty where the recipe keeps the last epoch.
        recipe: what is trained, and how.
        settings: workers, loaders, threads.
        fabric: the device.
        folder: where checkpoints are kept and resumed from.
        identity: hash of all that decides the result.
        progress: told what happens.
    """
    common: dict[str, Any] = {
        "recipe": recipe,
        "fabric": fabric,
        "folder": folder,
        "identity": identity,
        "workers": settings.workers or cores(),
        "class_weights": class_weights(prepared.targets[prepared.rows("train")], classes=len(prepared.classes))
        if recipe.balance == "class-weights"
        else None,
        "progress": progress,
    }
    if recipe.stored_features:
        from deepcovid.runs.head import train_head_of

        return train_head_of(network, prepared, **common)
    from deepcovid.runs.whole import train_whole
    from deepcovid.training.threads import threads

    with threads(settings.threads):
        return train_whole(network, prepared, loaders=settings.loaders, **common)
