"""What is known of a network before it is built: its backbone, its size, its parameters, its published weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from deepcovid.imaging.preprocessing import IMAGENET, Preprocessing
from deepcovid.models.heads import LINEAR, HeadShape
from deepcovid.models.outputs import Output
from deepcovid.registry import Registry

Neck = Literal["pool", "flatten"]
NECKS: tuple[Neck, ...] = ("pool", "flatten")

# Builds a backbone with random numbers: normalised film (N, channels, h, w) → feature map (N, F, h', w'). It takes
# `channels`, `classes` (which matter only where the last convolution has one channel a class) and, where
# `Architecture.choosable` is true, `activation` ("" is the paper's).
BackboneBuilder = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class PublishedWeights:
    """A checkpoint that its authors published, and how its names become those of our backbone.

    Attributes:
        enum: torchvision's or timm's name of it.
        url: where it is published; the last part is the file's name.
        sha256: its digest, or as many of the first digits as are published (torchvision's file names carry 8). Empty
            where none is: such a file is not fetched, it has to be brought.
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
        parameters: of the whole network at that size with two classes, its own head and its own output.
        last_convolution: the module of the backbone whose maps Grad-CAM weighs; nothing after it mixes positions, but
            for VGG's last 2×2 pooling.
        source: the paper.
        licence: of the code that builds it.
        weights: its published ImageNet weights, if any.
        head, output: its paper's, from the neck to the probabilities.
        preprocessing: its paper's, or that of its weights; `size` comes first.
        choosable: whether `activation` may replace that of its own hidden units.
        prefix, dropped: of checkpoints that are given as files, where none is published: as in `PublishedWeights`.
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
    head: HeadShape = LINEAR
    output: Output = "softmax"
    preprocessing: Preprocessing = IMAGENET
    choosable: bool = False
    prefix: str = ""
    dropped: tuple[str, ...] = ()


ARCHITECTURES: Registry[Architecture] = Registry("network")


def register_network(name: str, **facts: Any) -> Callable[[BackboneBuilder], BackboneBuilder]:
    """A decorator that enters a backbone's builder under `name`; `facts` are the other fields of `Architecture`."""

    def enter(build: BackboneBuilder) -> BackboneBuilder:
        ARCHITECTURES.add(name, Architecture(name=name, build=build, **facts))
        return build

    return enter
