"""A pretraining method: a named loss on what a backbone makes of a batch of films, with its paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepcovid.registry import Registry

if TYPE_CHECKING:
    import torch

# Of a batch of N films, each by name: `shown` and `clean` (N, V, 1, h, w), V ways to see each film, with and without
# changed greys; `told` (N, B) of 0, 1 and NaN for unknown; `age` (N,) in centuries, NaN for unknown; `dense`
# (N, V, 2, h, w), lung and lesion, NaN for unknown.
Batch = Mapping[str, "torch.Tensor"]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the backbone makes of each view of a batch: feature maps (N, F, h', w') and their means (N, F)."""

    maps: Sequence[torch.Tensor]
    features: Sequence[torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a method is built for.

    Attributes:
        maps: F, channels of the backbone's feature map.
        grid: (h', w'), its height and width.
        size: (h, w) of the film.
        told: the names of the yes-or-no targets, B of them.
    """

    maps: int
    grid: tuple[int, int]
    size: tuple[int, int]
    told: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Method:
    """One method.

    Attributes:
        name: as on the command line.
        paper: where it was published, and where this departs from it.
        views: how many ways to see each film it compares.
        build: makes its module, which holds the layers that are thrown away afterwards; `module(seen, batch)` is the loss.
    """

    name: str
    paper: str
    views: int
    build: Callable[[Surroundings], torch.nn.Module]


def normed_layers(narrow: int, *, width: int) -> list[torch.nn.Module]:
    """Two layers with BatchNorm and ReLU, `narrow` → `width` → `width`, as projectors of compared views begin."""
    from torch import nn

    layers: list[nn.Module] = []
    for before in (narrow, width):
        layers += [nn.Linear(before, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()]
    return layers


METHODS: Registry[Method] = Registry("pretraining method")


def register_method(
    name: str, *, paper: str, views: int = 1
) -> Callable[[Callable[[Surroundings], torch.nn.Module]], Callable[[Surroundings], torch.nn.Module]]:
    """A decorator that enters a builder under `name`."""

    def enter(build: Callable[[Surroundings], torch.nn.Module]) -> Callable[[Surroundings], torch.nn.Module]:
        METHODS.add(name, Method(name=name, paper=paper, views=views, build=build))
        return build

    return enter
