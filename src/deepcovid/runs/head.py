"""The head's way: features of a frozen backbone computed once, the last layer trained on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deepcovid.configuration import to_mapping
from deepcovid.datasets.columns import group_ids
from deepcovid.export.onnx import backbone_of, export_network, with_head
from deepcovid.features.extraction import BackboneExtractor
from deepcovid.features.store import FeatureStore, Kept, Request
from deepcovid.models.outputs import probabilities_of
from deepcovid.progress import Progress
from deepcovid.runs.data import Prepared
from deepcovid.runs.environment import versions
from deepcovid.runs.trained import Trained, films_hash
from deepcovid.storage import cache_dir, sha256_bytes, sha256_file, sha256_json, sha256_sources, write_bytes, write_text
from deepcovid.training.checkpoint import Checkpoint
from deepcovid.training.loop import epoch_seed
from deepcovid.training.probe import HeadData, head_of, train_head
from deepcovid.training.recipe import Recipe
from deepcovid.training.svm import fit_svm

OVERSAMPLED = 1_000_000  # numbers of draws from here on are copies of the rarer class

if TYPE_CHECKING:
    import lightning_fabric

    from deepcovid.imaging.augmentation import Draw
    from deepcovid.models.network import FilmNetwork


def backbone_graph(network: FilmNetwork) -> tuple[bytes, BackboneExtractor]:
    """The network's ONNX graph with a head of zeros, and what runs it; exported once for each backbone, kept in the cache."""
    from deepcovid.models.network import backbone_hash

    used = {name: versions()[name] for name in ("torch", "onnx", "onnxscript")}
    facts = {
        "network": network.name,
        "neck": network.neck,
        "head": {name: list(tensor.shape) for name, tensor in network.head.state_dict().items()},
        "shape": to_mapping(network.shape),
        "output": network.output,
        "activation": network.activation,
        "preprocessing": network.preprocessing.to_dict(),
        "backbone": backbone_hash(network),
        "exporter": used,
        "code": [sha256_sources(package) for package in ("models", "export")],
    }
    path = cache_dir() / "graphs" / f"{sha256_json(facts)[:24]}.onnx"
    seal = path.with_suffix(".sha256")
    if path.is_file() and seal.is_file() and sha256_file(path).encode() == seal.read_bytes():
        return _opened(path.read_bytes(), network)
    graph = export_network(network)
    state = network.head.state_dict()
    zeros = {f"head.{name}": np.zeros(tuple(tensor.shape), dtype=np.float32) for name, tensor in state.items()}
    write_bytes(path, with_head(graph, zeros))
    write_text(seal, sha256_file(path))
    return _opened(path.read_bytes(), network)


def _opened(graph: bytes, network: FilmNetwork) -> tuple[bytes, BackboneExtractor]:
    # of the backbone alone, so that networks with other heads share its features
    return graph, BackboneExtractor(backbone_of(graph), preprocessing=network.preprocessing, neck=network.neck)


def draws_for(prepared: Prepared, recipe: Recipe) -> dict[int, list[Draw | None]]:
    """Which draws of each training film are wanted, by row; None is the film as it is.

    Films of the positive class are repeated in turn until there are `minority_count` of them (Deep-COVID: 31 → 496);
    every film has `draws` more.
    """
    images = list(prepared.frame["image"])
    wanted: dict[int, list[Draw | None]] = {int(row): [None] for row in prepared.rows("train")}
    for row, draws in wanted.items():
        draws += [draw_of(recipe, image=images[row], number=number) for number in range(recipe.draws)]
    positives = [row for row in wanted if prepared.is_positive[row]]
    for number in range(max(0, recipe.minority_count - len(positives))):
        row = positives[number % len(positives)]
        wanted[row].append(draw_of(recipe, image=images[row], number=OVERSAMPLED + number // len(positives)))
    return wanted


def draw_of(recipe: Recipe, *, image: str, number: int) -> Draw:
    """A film's draw of this number, by the film's name and not by its place in the table: other films change nothing."""
    return recipe.augmentation.sample(epoch_seed(recipe.seed, int(sha256_bytes(image.encode())[:8], 16), number))


@dataclass(frozen=True, eq=False)
class HeadFilms:
    """Features of a frozen backbone, laid out for the training of a head.

    Attributes:
        prepared: the films that could be read.
        data: the rows to train and validate on.
        films: float32 (N, D), the features of all films as they are.
        store, kept: where they lie, and what was computed now.
        graph: the backbone as ONNX bytes, with a head of zeros.
    """

    prepared: Prepared
    data: HeadData
    films: np.ndarray
    store: FeatureStore
    kept: Kept
    graph: bytes


def head_films(
    network: FilmNetwork, prepared: Prepared, *, recipe: Recipe, workers: int, progress: Progress
) -> HeadFilms:
    """Compute the features that the recipe's head is trained on, or take them from the store.

    Args:
        network: with the backbone's weights.
        prepared: films, classes and sides.
        recipe: its draws of the training films.
        workers: films side by side.
        progress: told of films.
    """
    progress.say("Writing the backbone as an ONNX graph, or taking it from the cache …")
    graph, extractor = backbone_graph(network)
    store = FeatureStore(extractor.space)
    requests, places = _requests(prepared, draws_for(prepared, recipe))
    kept = store.ensure(requests, compute=extractor, workers=workers, progress=progress)
    progress.say(f"Features: {kept.computed} computed, {kept.reused} taken from the store.")
    readable, data, films = _head_data(prepared, store, kept, places, recipe)
    return HeadFilms(readable, data, films, store, kept, graph)


def train_head_of(
    network: FilmNetwork,
    prepared: Prepared,
    *,
    recipe: Recipe,
    fabric: lightning_fabric.Fabric,
    folder: Path,
    identity: str,
    workers: int,
    class_weights: np.ndarray | None,
    progress: Progress,
) -> Trained:
    """Train the head of `network` on features of its frozen backbone, and score every film.

    Args:
        network: with the backbone's weights.
        prepared: films, classes and sides.
        recipe: with trainable = "head".
        fabric: the device of the head's training; features are computed by ONNX Runtime on the CPU.
        folder: where checkpoints are kept.
        identity: of the run.
        workers: films side by side.
        class_weights: of the loss.
        progress: told of films and epochs.
    """
    from deepcovid.models.network import to_tensors

    laid = head_films(network, prepared, recipe=recipe, workers=workers, progress=progress)
    prepared, data, store, kept = laid.prepared, laid.data, laid.store, laid.kept
    classes = len(prepared.classes)
    if recipe.head.kind == "svm":
        progress.say("Fitting a linear support vector machine on the features …")
        head, fitted = fit_svm(data, recipe=recipe, classes=classes)
    else:
        head, fitted = train_head(
            data,
            recipe=recipe,
            classes=classes,
            checkpoint=Checkpoint(folder, identity=sha256_json([identity, store.space, kept.keys])),
            fabric=fabric,
            start=head_of(network.head, shape=recipe.head, output=recipe.output),
            class_weights=class_weights,
            progress=progress,
        )
    trained = {f"head.{name}": array for name, array in head.tensors.items()}
    weights = to_tensors(network) | trained
    probabilities = probabilities_of(head.logits(laid.films), activation=prepared.activation)
    facts = {
        "features": {"computed": kept.computed, "reused": kept.reused, "space": store.space, "store": store.name},
        "films_hash": films_hash(kept.keys),
        "training_films": {"rows": len(data.slots), "arrays": len(data.features)},
    }
    graph = with_head(laid.graph, trained)
    return Trained(prepared, graph, weights, probabilities, fitted, facts, kept.failures)


def _requests(prepared: Prepared, wanted: dict[int, list[Draw | None]]) -> tuple[list[Request], list[int]]:
    """Every film as it is, then the draws of training films; and the row that each request is of."""
    requests, places = [], []
    for row, image in enumerate(prepared.frame["image"]):
        path = prepared.table.image_path(image)
        for draw in wanted.get(row, [None]):
            requests.append(Request(path, draw))
            places.append(row)
    return requests, places


def _head_data(
    prepared: Prepared, store: FeatureStore, kept: Kept, places: Sequence[int], recipe: Recipe
) -> tuple[Prepared, HeadData, np.ndarray]:
    """Features laid out for training, the readable films, and the features of all of them as they are."""
    by_row: dict[int, list[str]] = {}
    for row, key in zip(places, kept.keys, strict=True):
        if key is not None:
            by_row.setdefault(row, []).append(key)
    unread = [row for row in range(len(prepared.frame)) if row not in by_row]
    readable = prepared.without(unread) if unread else prepared
    keys = [by_row[row] for row in sorted(by_row)]
    train, val = readable.rows("train"), readable.rows("val")
    variants = [keys[row] for row in train]
    starts = np.cumsum([0, *(len(names) for names in variants)])
    slots = [
        slot
        for row, start, names in zip(train, starts, variants, strict=False)
        for slot in _slots(int(start), len(names), recipe, positive=bool(readable.is_positive[row]))
    ]
    films = store.stacked([names[0] for names in keys])
    data = HeadData(
        features=store.stacked([key for names in variants for key in names]),
        targets=np.repeat(readable.targets[train], [len(names) for names in variants], axis=0),
        slots=slots,
        val_features=films[val],
        val_targets=readable.targets[val],
        groups=np.repeat(group_ids(readable.frame).to_numpy()[train], [len(names) for names in variants]),
    )
    return readable, data, films


def _slots(start: int, count: int, recipe: Recipe, *, positive: bool) -> list[list[int]]:
    """A film and its `draws` share one place in the epoch; each over-sampled copy has a place of its own."""
    shared = 1 + recipe.draws
    rows = list(range(start, start + count))
    return [rows[:shared], *([row] for row in rows[shared:])] if positive else [rows]
