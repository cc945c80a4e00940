"""A network of two convolutions for runs whose network does not matter: traced and trained in a second, DarkCovidNet in six."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from deepcovid.models.architecture import ARCHITECTURES, Architecture
from deepcovid.training.recipe import Recipe, load_recipe

NAME = "two-convolutions"


def build_tiny(*, channels: int, classes: int) -> Any:
    """Two convolutions, each with a BatchNorm: 16 maps at an eighth of the size."""
    from torch import nn

    first = nn.Sequential(nn.Conv2d(channels, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))
    second = nn.Sequential(nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU())
    return nn.Sequential(first, second)


@contextmanager
def tiny_network() -> Iterator[None]:
    """The tiny network is registered."""
    known = Architecture(
        name=NAME,
        build=build_tiny,
        neck="pool",
        size=(48, 48),
        features=16,
        parameters=1_474,
        last_convolution="1.0",
        source="tests",
        licence="Apache-2.0",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES._things, NAME, known)
        yield


def tiny_recipe(**values: Any) -> Recipe:
    """All of the tiny network on 48 px for two epochs, the last of which is kept."""
    small = load_recipe("small")
    options: dict[str, Any] = {"epochs": 2, "early_stopping": None, "keep": "last", "network": NAME} | values
    return replace(small, preprocessing=replace(small.preprocessing, size=(48, 48)), **options)
