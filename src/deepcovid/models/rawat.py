"""The two networks that Rawat trains from scratch (Covid-19 Detection Using Chest X-Ray, 2022, chapter IV, Tables 7 and 9)."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise
from typing import TYPE_CHECKING

from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.activations import build_activation
from deepcovid.models.architecture import register_network
from deepcovid.models.heads import HeadShape

if TYPE_CHECKING:
    from torch import nn

SOURCE = "Rawat, Covid-19 Detection Using Chest X-Ray (2022), chapter IV, Table"
LICENCE = "Apache-2.0 (ours, from the document)"
SCALED = Preprocessing(size=(224, 224), mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))  # /255 and nothing else


@register_network(
    "rawat-cnn",
    neck="flatten",
    size=(224, 224),
    features=18_432,  # 128 maps of 12 × 12
    parameters=40_317_025,
    last_convolution="block4.convolution",
    source=f"{SOURCE} 7",
    licence=LICENCE,
    head=HeadShape(hidden=(2048, 1024, 256, 64, 16)),
    output="one-sigmoid",
    preprocessing=SCALED,
    choosable=True,
)
def rawat_cnn(*, channels: int, classes: int, activation: str = "") -> nn.Module:
    """Four valid 3×3 convolutions, each halved by pooling; dropout after the second, third and fourth pooling."""
    return _blocks((channels, 128, 64, 64, 128), dropouts=(0, 0.15, 0.3, 0.15), activation=activation)


@register_network(
    "rawat-cnn-local-maxima",
    neck="flatten",
    size=(64, 64),
    features=4_608,  # 128 maps of 6 × 6
    parameters=1_348_641,
    last_convolution="block3.convolution",
    source=f"{SOURCE} 9",
    licence=LICENCE,
    head=HeadShape(hidden=(256, 64, 16)),
    output="one-sigmoid",
    preprocessing=SCALED,
    choosable=True,
)
def rawat_cnn_local_maxima(*, channels: int, classes: int, activation: str = "") -> nn.Module:
    """Three valid 3×3 convolutions, each halved by pooling; dropout after the second and third pooling.

    The document calls its training a local maximum: validation accuracy stayed at 50 % for ten epochs. The summary of it
    that is at hand names the two dropouts and not where they stand; they are put where `rawat-cnn` has its first two.
    """
    return _blocks((channels, 128, 64, 128), dropouts=(0, 0.5, 0.15), activation=activation)


def _blocks(widths: tuple[int, ...], *, dropouts: tuple[float, ...], activation: str) -> nn.Module:
    from torch import nn

    blocks: OrderedDict[str, nn.Module] = OrderedDict()
    for number, ((inputs, outputs), dropout) in enumerate(zip(pairwise(widths), dropouts, strict=True), start=1):
        block: OrderedDict[str, nn.Module] = OrderedDict()
        block["convolution"] = nn.Conv2d(inputs, outputs, 3)
        block["activation"] = build_activation(activation or "relu")
        block["pooling"] = nn.MaxPool2d(2)
        if dropout:
            block["dropout"] = nn.Dropout(dropout)
        nn.init.xavier_uniform_(block["convolution"].weight)  # Keras' first numbers, in which the document trains
        nn.init.zeros_(block["convolution"].bias)
        blocks[f"block{number}"] = nn.Sequential(block)
    return nn.Sequential(blocks)
