"""How many films a second a network takes, in turns with ResNet18 on the same machine; `make_systems.py --time` asks."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deepcovid.export.onnx import export_network
from deepcovid.models.engine import open_session
from deepcovid.models.zoo import build_network
from deepcovid.runs.environment import machine, versions
from deepcovid.storage import write_table
from deepcovid.training.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    from deepcovid.models.network import FilmNetwork

BASELINE = "deepcovid-resnet18"
BATCH, TURNS = 4, 5
SHORTEST = 0.5  # seconds of processor time in a turn, at least


def measure(recipe: Recipe, baseline: Ways) -> dict[str, Any]:
    """Films a second of processor time by either way, and how they stand to the baseline's, measured in turns with it."""
    ways = Ways(network_of(recipe))
    row: dict[str, Any] = {}
    for name in ("torch", "onnxruntime"):
        ours, theirs = getattr(ways, name), getattr(baseline, name)
        films_a_second(ours, least=0), films_a_second(theirs, least=0)  # the first call allocates
        turns = [(films_a_second(theirs), films_a_second(ours), films_a_second(theirs)) for _ in range(TURNS)]
        ratios = [2 * own / (before + after) for before, own, after in turns]
        row |= {
            name: statistics.median(own for _, own, _ in turns),
            f"{name}_ratio": statistics.median(ratios),
            f"{name}_ratio_low": min(ratios),
            f"{name}_ratio_high": max(ratios),
        }
    return {key: float(f"{value:.4g}") for key, value in row.items()} | facts()


class Ways:
    """A network's two ways from films to logits, each a call and how many films it takes."""

    def __init__(self, network: FilmNetwork) -> None:
        import torch

        height, width = network.preprocessing.size
        films = np.random.default_rng(0).random((BATCH, 1, height, width), dtype=np.float32)
        session = open_session(export_network(network))
        network.eval()

        def by_torch() -> None:
            with torch.inference_mode():
                network(torch.from_numpy(films))

        self.torch = (by_torch, BATCH)
        self.onnxruntime = (lambda: session.run(["logits"], {"film": films[:1]}), 1)


def films_a_second(way: tuple[Callable[[], Any], int], *, least: float = SHORTEST) -> float:
    """Films by seconds of processor time, so that what else runs on the machine takes little away."""
    call, films = way
    began, calls = time.process_time(), 0
    while not calls or time.process_time() - began < least:
        call()
        calls += 1
    return calls * films / (time.process_time() - began)


def network_of(recipe: Recipe) -> FilmNetwork:
    """The recipe's network with random numbers."""
    return build_network(
        recipe.network,
        classes=2,
        neck=recipe.neck or None,
        preprocessing=recipe.preprocessing,
        head=recipe.head,
        output=recipe.output,
        activation=recipe.activation,
    )


def facts() -> dict[str, Any]:
    """On what it was measured."""
    known, here = versions(), machine()
    return {
        "processor": here["processor"],
        "cores": here["cores"],
        "batch": BATCH,
        "torch_version": known["torch"],
        "onnxruntime_version": known["onnxruntime"],
    }


def measure_all(wanted: Mapping[str, Recipe], path: Path, *, anew: bool = False) -> None:
    """Measure the networks that the table does not have (`anew`: all), and keep each row as it is done."""
    import torch

    torch.set_num_threads(1)
    known = pd.read_csv(path) if path.exists() and not anew else pd.DataFrame({"network": []})
    baseline = Ways(network_of(load_recipe(BASELINE)))
    for key in sorted(set(wanted) - set(known["network"])):
        row = {"network": key, **measure(wanted[key], baseline)}
        known = pd.concat([known, pd.DataFrame([row])], ignore_index=True).sort_values("network")
        write_table(path, known)
        sys.stdout.write(f"{key}: {row['torch']:.1f} films/s by torch, {row['onnxruntime']:.1f} by onnxruntime\n")
        sys.stdout.flush()
