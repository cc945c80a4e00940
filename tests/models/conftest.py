"""Networks built once for all tests; published weights of a tiny one on a local web server."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from deepcovid import storage
from deepcovid.models.architecture import ARCHITECTURES, Architecture, PublishedWeights
from deepcovid.models.zoo import build_network
from tests.web import WebServer


@pytest.fixture(scope="session")
def network_of() -> Callable:
    """The network of a name with two classes at its paper's size, built once, in eval mode; tests leave it as it is."""

    @cache
    def built(name: str):
        return build_network(name, classes=2).eval()

    return built


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for this test alone."""
    monkeypatch.setenv(storage.CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def build_tiny(*, channels: int, classes: int):
    """A backbone of two convolutions and a BatchNorm: 6 maps at a quarter of the size."""
    from torch import nn

    first = nn.Conv2d(channels, 4, 3, stride=2, padding=1)
    return nn.Sequential(first, nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 6, 3, stride=2, padding=1), nn.ReLU())


@pytest.fixture
def tiny_checkpoint(tmp_path: Path) -> Path:
    """What a publisher of the network `tiny` would offer: a state dict with its prefix and a classifier, as .pth."""
    import torch

    torch.manual_seed(7)
    state = {f"features.{name}": tensor for name, tensor in build_tiny(channels=3, classes=2).state_dict().items()}
    state |= {"classifier.weight": torch.zeros(1000, 6), "classifier.bias": torch.zeros(1000)}
    folder = tmp_path / "published"
    folder.mkdir()
    torch.save(state, folder / "tiny.pth")
    digest = storage.sha256_file(folder / "tiny.pth")
    return (folder / "tiny.pth").rename(folder / f"tiny-{digest[:8]}.pth")


@pytest.fixture
def tiny(web: WebServer, tiny_checkpoint: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Architecture:
    """A registered network whose weights the local server publishes, with an empty cache."""
    web.files[f"/{tiny_checkpoint.name}"] = tiny_checkpoint.read_bytes()
    known = Architecture(
        name="tiny",
        build=build_tiny,
        neck="pool",
        size=(16, 16),
        features=6,
        parameters=358,
        last_convolution="3",
        source="this test",
        licence="Apache-2.0",
        weights=PublishedWeights(
            enum="Tiny",
            url=f"{web.url}/{tiny_checkpoint.name}",
            sha256=tiny_checkpoint.stem.rpartition("-")[2],
            prefix="features.",
            dropped=("classifier.",),
        ),
    )
    monkeypatch.setitem(ARCHITECTURES._things, "tiny", known)
    return known
