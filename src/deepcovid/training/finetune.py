"""Training whole networks, or their last blocks, on films that were decoded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcovid.errors import RecipeError
from deepcovid.features.store import FeatureStore
from deepcovid.imaging.augmentation import Augmentation
from deepcovid.progress import Progress
from deepcovid.training.checkpoint import Checkpoint
from deepcovid.training.loop import Fitted, epoch_seed, fit
from deepcovid.training.material import Batches, Material
from deepcovid.training.mixing import build_mixer
from deepcovid.training.recipe import Recipe

if TYPE_CHECKING:
    import lightning_fabric
    import torch

    from deepcovid.models.network import FilmNetwork


Place = tuple[int, int]  # a film's index, and its place in the epoch


@dataclass(frozen=True)
class FilmData:
    """Films of one side: their keys in the film store and their targets, int (N,) or (findings) float (N, K)."""

    keys: Sequence[str]
    targets: np.ndarray


class _EpochFilms:
    """A map-style data set of one epoch's films, varied by draws that depend only on seed, epoch and film."""

    def __init__(self, store: FeatureStore, data: FilmData, augmentation: Augmentation | None, seed: int) -> None:
        self.store, self.data, self.augmentation, self.seed = store, data, augmentation, seed

    def __len__(self) -> int:
        return len(self.data.keys)

    def __getitem__(self, place: Place) -> tuple[np.ndarray, int | np.ndarray]:
        index, position = place
        film = self.store.array(self.data.keys[index])
        if self.augmentation is not None:
            film = self.augmentation.sample(epoch_seed(self.seed, index, position)).apply(film)
        targets = self.data.targets[index]
        return film[None].copy(), targets.astype(np.float32) if targets.ndim else int(targets)


def set_trainable(network: FilmNetwork, trainable: str | int) -> list[torch.nn.Module]:
    """Let the head and the last `trainable` blocks of the backbone move ("all": everything; "head": no block); the parts
    that stay frozen.

    A block is a child of the backbone that has parameters; a normalisation belongs to the block before it.

    Raises:
        RecipeError: more blocks than the backbone has.
    """
    blocks = _blocks(network.backbone)
    if trainable == "all":
        return []
    if trainable == "head":
        network.backbone.requires_grad_(False)
        return [network.backbone]
    if int(trainable) > len(blocks):
        raise RecipeError(
            f"trainable is {trainable}, but the backbone has {len(blocks)} blocks",
            mend=f'give a number from 1 to {len(blocks)}, "all" or "head"',
        )
    moving = [part for block in blocks[-int(trainable) :] for part in block]
    frozen = [part for part in _parts(network.backbone) if not any(part is other for other in moving)]
    for part in frozen:
        part.requires_grad_(False)
    for numbers in network.backbone.parameters(recurse=False):  # a transformer's position embedding, before all blocks
        numbers.requires_grad_(False)
    return frozen


def _parts(backbone: torch.nn.Module) -> list[torch.nn.Module]:
    """The backbone's parts in their order: its children, or what it names itself."""
    named: Callable[[], list[torch.nn.Module]] | None = getattr(backbone, "blocks_in_order", None)
    return list(backbone.children()) if named is None else named()


def _blocks(backbone: torch.nn.Module) -> list[list[torch.nn.Module]]:
    import torch

    blocks: list[list[torch.nn.Module]] = []
    for child in _parts(backbone):
        if isinstance(child, torch.nn.modules.batchnorm._NormBase) and blocks:
            blocks[-1].append(child)
        elif any(True for _ in child.parameters()):
            blocks.append([child])
    return blocks


def epoch_order(targets: np.ndarray, *, recipe: Recipe, epoch: int) -> np.ndarray:
    """Which film stands at each place of an epoch: a shuffle, or for `sampler` a draw with equal shares of the classes."""
    rng = np.random.default_rng(epoch_seed(recipe.seed, epoch, 1))
    wanted = recipe.steps_per_epoch * recipe.batch_size or len(targets)
    if recipe.balance == "sampler":
        share = 1.0 / np.bincount(targets)[targets]
        return rng.choice(len(targets), size=wanted, p=share / share.sum())
    return np.concatenate([rng.permutation(len(targets)) for _ in range(-(-wanted // len(targets)))])[:wanted]


def finetune(
    network: FilmNetwork,
    *,
    store: FeatureStore,
    train: FilmData,
    val: FilmData,
    recipe: Recipe,
    checkpoint: Checkpoint,
    fabric: lightning_fabric.Fabric,
    class_weights: np.ndarray | None = None,
    workers: int = 0,
    progress: Progress | None = None,
) -> Fitted:
    """Train `network` in place on films of the store, by its raw outputs.

    With trainable = "head" the frozen backbone runs in every epoch, on films drawn anew. With `batchnorm` = "training" its
    BatchNorm normalises each batch by the batch's own statistics and goes on collecting them, which changes the frozen
    backbone's buffers (and only those), as the script that Deep-COVID's authors released does.

    Args:
        network: with the weights to start from.
        store: holds the films at the network's size.
        train, val: the two sides.
        recipe: which blocks, augmentation, optimiser, epochs, seed; same seed and threads, same bits on a CPU.
        checkpoint: where finished epochs are kept.
        fabric: device, precision and processes.
        class_weights: (K,) weights of the loss, or None.
        workers: processes that fetch and vary films; any number gives the same films.
        progress: told of every epoch.
    """
    material = film_material(
        network,
        store=store,
        train=train,
        val=val,
        recipe=recipe,
        fabric=fabric,
        class_weights=class_weights,
        workers=workers,
    )
    return fit(material, recipe=recipe, fabric=fabric, checkpoint=checkpoint, progress=progress)


def film_material(
    network: FilmNetwork,
    *,
    store: FeatureStore,
    train: FilmData,
    val: FilmData,
    recipe: Recipe,
    fabric: lightning_fabric.Fabric,
    class_weights: np.ndarray | None = None,
    workers: int = 0,
) -> Material:
    """What a loop over `network` trains on; the arguments are those of `finetune`. What does not move is frozen here."""
    frozen = set_trainable(network, recipe.trainable)
    varied = None if recipe.augmentation == Augmentation() else recipe.augmentation
    mixer = build_mixer(recipe.mixing, classes=network.classes)

    def epoch_batches(epoch: int) -> list[list[Place]]:
        order = epoch_order(train.targets, recipe=recipe, epoch=epoch)
        places = [(int(index), place) for place, index in enumerate(order)]
        # every process takes each world_size-th place
        return split_batches(places[fabric.global_rank :: fabric.world_size], recipe.batch_size)

    def train_batches(epoch: int) -> Batches:
        films = _EpochFilms(store, train, varied, epoch_seed(recipe.seed, epoch, 2))
        batches = _loader(films, epoch_batches(epoch), workers, fabric)
        return batches if mixer is None else (mixer(*batch) for batch in batches)

    def val_batches() -> Batches:
        places = [(index, 0) for index in range(len(val.keys))]
        films = _EpochFilms(store, val, None, 0)
        return _loader(films, split_batches(places, recipe.batch_size), workers, fabric)

    return Material(
        model=network,
        train_batches=train_batches,
        val_batches=val_batches,
        steps_per_epoch=len(epoch_batches(0)),
        class_weights=class_weights,
        frozen=frozen,
        forward="raw",
        raw_of=lambda outputs: outputs[0],
    )


def split_batches(places: Sequence[Place], size: int) -> list[list[Place]]:
    """Batches of `size`; a last batch of one film joins the one before, since BatchNorm knows no spread of one value."""
    batches = [list(places[start : start + size]) for start in range(0, len(places), size)]
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2].extend(batches.pop())
    return batches


def _loader(films: _EpochFilms, batches: list[list[Place]], workers: int, fabric: lightning_fabric.Fabric) -> Batches:
    import torch

    loader: Any = torch.utils.data.DataLoader(films, batch_sampler=batches, num_workers=workers)
    for pixels, targets in loader:
        yield pixels.to(fabric.device), targets.to(fabric.device)
