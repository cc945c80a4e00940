"""The whole network's way: films decoded once, all layers or the last blocks trained, scores by the exported graph."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deepcovid.export.onnx import export_network
from deepcovid.export.parity import require_parity
from deepcovid.features.extraction import FilmExtractor
from deepcovid.features.store import FeatureStore, Kept, Request
from deepcovid.models.engine import open_session
from deepcovid.models.outputs import probabilities_of
from deepcovid.progress import Progress
from deepcovid.runs.data import Prepared
from deepcovid.runs.trained import Trained, films_hash
from deepcovid.storage import sha256_json
from deepcovid.training.checkpoint import Checkpoint
from deepcovid.training.finetune import FilmData, finetune
from deepcovid.training.recipe import Recipe

if TYPE_CHECKING:
    import lightning_fabric

    from deepcovid.models.network import FilmNetwork


@dataclass(frozen=True, eq=False)
class WholeFilms:
    """Films at a network's size: those that could be read, their keys in the store, and what was decoded now."""

    prepared: Prepared
    keys: list[str]
    store: FeatureStore
    kept: Kept

    def side(self, name: str) -> FilmData:
        """Keys and targets of one side."""
        rows = self.prepared.rows(name)
        return FilmData([self.keys[row] for row in rows], self.prepared.targets[rows])


def whole_films(network: FilmNetwork, prepared: Prepared, *, workers: int, progress: Progress) -> WholeFilms:
    """Decode and resize the films that a whole network is trained on, or take them from the store.

    Args:
        network: its preprocessing.
        prepared: films, classes and sides.
        workers: films side by side.
        progress: told of films.
    """
    extractor = FilmExtractor(network.preprocessing)
    store = FeatureStore(extractor.space)
    requests = [Request(prepared.table.image_path(image)) for image in prepared.frame["image"]]
    kept = store.ensure(requests, compute=extractor, workers=workers, progress=progress, description="films")
    progress.say(f"Films: {kept.computed} decoded, {kept.reused} taken from the store.")
    unread = [row for row, key in enumerate(kept.keys) if key is None]
    readable = prepared.without(unread) if unread else prepared
    return WholeFilms(readable, [key for key in kept.keys if key is not None], store, kept)


def train_whole(
    network: FilmNetwork,
    prepared: Prepared,
    *,
    recipe: Recipe,
    fabric: lightning_fabric.Fabric,
    folder: Path,
    identity: str,
    workers: int,
    loaders: int,
    class_weights: np.ndarray | None,
    progress: Progress,
) -> Trained:
    """Train `network` on films, export it, and score every film with the exported graph.

    Args:
        network: with the weights to start from.
        prepared: films, classes and sides.
        recipe: with trainable = "all", a number of blocks, or "head" with `recompute`.
        fabric: device, precision, processes.
        folder: where checkpoints are kept.
        identity: of the run.
        workers: films decoded or scored side by side.
        loaders: processes that fetch films while training.
        class_weights: of the loss.
        progress: told of films and epochs.
    """
    from deepcovid.models.network import to_tensors

    laid = whole_films(network, prepared, workers=workers, progress=progress)
    readable, keys, store, kept = laid.prepared, laid.keys, laid.store, laid.kept
    fitted = finetune(
        network,
        store=store,
        train=laid.side("train"),
        val=laid.side("val"),
        recipe=recipe,
        checkpoint=Checkpoint(folder, identity=sha256_json([identity, store.space, kept.keys])),
        fabric=fabric,
        class_weights=class_weights,
        workers=loaders,
        progress=progress,
    )
    progress.say("Writing the network as an ONNX graph …")
    graph = export_network(network)
    require_parity(graph, network, store.stacked(keys[:2])[:, None])
    logits = _logits(graph, store, keys, workers=workers, progress=progress)
    probabilities = probabilities_of(logits, activation=readable.activation)
    facts = {
        "films_hash": films_hash(keys),
        "films": {"computed": kept.computed, "reused": kept.reused, "space": store.space, "store": store.name},
    }
    return Trained(readable, graph, to_tensors(network), probabilities, fitted, facts, kept.failures)


def _logits(graph: bytes, store: FeatureStore, keys: list[str], *, workers: int, progress: Progress) -> np.ndarray:
    session = open_session(graph)

    def one(key: str) -> np.ndarray:
        (logits,) = session.run(["logits"], {"film": store.array(key)[None, None]})
        row: np.ndarray = logits[0]
        return row

    with ThreadPoolExecutor(max_workers=workers) as pool:
        return np.stack(list(progress.track(pool.map(one, keys), description="scores", total=len(keys))))
