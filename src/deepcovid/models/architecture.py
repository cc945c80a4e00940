"""What is known of a network before it is built: its backbone, its size, its parameters, its published weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from deepcovid.registry import Registry

if TYPE_CHECKING:
    from torch import nn

Neck = Literal["pool", "flatten"]
NECKS: tuple[Neck, ...] = ("pool", "flatten")


class BackboneBuilder(Protocol):
    """Builds a backbone with random numbers: normalised film (N, channels, h, w) → feature map (N, F, h', w')."""

    def __call__(self, *, channels: int, classes: int) -> nn.Module:
        """The backbone; `classes` matters only where its last convolution has one channel a class."""


@dataclass(frozen=True, kw_only=True)
class PublishedWeights:
    """A checkpoint that its authors published, and how its names become those of our backbone.

    Attributes:
        enum: torchvision's name of it.
        url: where it is published; the last part is the file's name.
        sha256: its digest, or as many of the first digits as are published (torchvision's file names carry 8).
        prefix: what stands before a backbone's names in the checkpoint.
        dropped: how the names begin of what is left out (the classifier of another task).
        licence: of the numbers.
    """

    enum: str
    url: str
    sha256: str
    prefix: str = ""
    dropped: tuple[str, ...] = ()
    licence: str = "BSD-3-Clause (torchvision); learned from ImageNet-1k, whose images are for non-commercial research"

    @property
    def file(self) -> str:
        """The published file's name."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One registered network.

    Attributes:
        name: as on the command line and in detector.json.
        build: makes the backbone.
        neck: how its paper turns the feature map into the head's input: mean over positions, or all values.
        size: (height, width) of the film that its paper uses, in pixels.
        features: numbers that the head receives per film, at that size, with two classes.
        parameters: of the whole network at that size with two classes.
        last_convolution: the module of the backbone whose maps Grad-CAM weighs; nothing after it mixes positions, but
            for VGG's last 2×2 pooling.
        source: the paper.
        licence: of the code that builds it.
        weights: its published ImageNet weights, if any.
    """

    name: str
    build: BackboneBuilder
    neck: Neck
    size: tuple[int, int]
    features: int
    parameters: int
    last_convolution: str
    source: str
    licence: str
    weights: PublishedWeights | None = None


ARCHITECTURES: Registry[Architecture] = Registry("network")


def register_network(name: str, **facts: Any) -> Callable[[BackboneBuilder], BackboneBuilder]:
    """A decorator that enters a backbone's builder under `name`; `facts` are the other fields of `Architecture`."""

    def enter(build: BackboneBuilder) -> BackboneBuilder:
        ARCHITECTURES.add(name, Architecture(name=name, build=build, **facts))
        return build

    return enter
