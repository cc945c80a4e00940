"""How much the feature store saves: training a head on stored features against running the frozen backbone in every epoch.

    python benchmarks/head_training.py [--films 120] [--network squeezenet1_0] [--epochs 100]

The baseline is the way of Deep-COVID's released script: torch, eager, batches of 20, the frozen backbone run anew for every
film in every epoch. A few of its epochs are timed turn by turn with ours and scaled to the whole training; weights are
random, since their values change no time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from deepcovid.datasets.phantom import make_phantoms
from deepcovid.datasets.table import load_table
from deepcovid.export.onnx import export_network
from deepcovid.features.extraction import BackboneExtractor, resized_film
from deepcovid.features.store import FeatureStore, Request
from deepcovid.models.engine import cores
from deepcovid.models.zoo import build_network
from deepcovid.training.checkpoint import Checkpoint
from deepcovid.training.probe import HeadData, train_head
from deepcovid.training.recipe import Recipe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=120)
    parser.add_argument("--network", default="squeezenet1_0")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), options), indent=2))


def measure(folder: Path, options: argparse.Namespace) -> dict[str, object]:
    """Seconds of both ways over `turns` turns, and the median ratio."""
    import torch

    make_phantoms(folder / "films", patients=max(12, options.films // 2), seed=0)
    table = load_table(folder / "films" / "table.csv")
    paths = [table.image_path(image) for image in table.frame["image"]][: options.films]
    targets = (table.frame["label"] == "covid").to_numpy(dtype=np.int64)[: options.films]
    torch.manual_seed(0)
    network = build_network(options.network, classes=2).eval()
    graph = export_network(network)
    ours, theirs = [], []
    for turn in range(options.turns):
        ours.append(_stored(folder / f"turn{turn}", graph, network, paths, targets, options))
        theirs.append(_every_epoch(network, paths, targets) * options.epochs)
    ratios = [there / here for here, there in zip(ours, theirs, strict=True)]
    return {
        "network": options.network,
        "films": len(paths),
        "epochs": options.epochs,
        "cores": cores(),
        "stored_features_seconds": [round(seconds, 2) for seconds in ours],
        "backbone_every_epoch_seconds (one epoch timed, scaled)": [round(seconds, 1) for seconds in theirs],
        "median_ratio": round(statistics.median(ratios), 1),
    }


def _stored(folder: Path, graph: bytes, network, paths, targets, options) -> float:
    import lightning_fabric

    began = time.perf_counter()
    extractor = BackboneExtractor(graph, preprocessing=network.preprocessing, neck=network.neck)
    store = FeatureStore(extractor.space, folder=folder)
    kept = store.ensure([Request(path) for path in paths], compute=extractor, workers=cores())
    features = store.stacked([key for key in kept.keys if key])
    slots = [[row] for row in range(len(paths))]
    data = HeadData(features, targets, slots, features[:0], targets[:0])
    train_head(
        data,
        recipe=Recipe(name="bench", epochs=options.epochs),
        classes=2,
        checkpoint=Checkpoint(folder, identity="bench"),
        fabric=lightning_fabric.Fabric(accelerator="cpu", devices=1),
    )
    return time.perf_counter() - began


def _every_epoch(network, paths, targets) -> float:
    import torch

    optimiser = torch.optim.Adam(network.head.parameters(), lr=1e-4)
    began = time.perf_counter()
    for start in range(0, len(paths), 20):
        films = [resized_film(path, network.preprocessing)[None] for path in paths[start : start + 20]]
        batch = torch.from_numpy(np.stack(films))
        with torch.no_grad():
            features = network.features(batch)
        loss = torch.nn.functional.cross_entropy(network.head(features), torch.from_numpy(targets[start : start + 20]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
