"""DarkCovidNet: a small network from scratch, shaped after Darknet-19 (Ozturk et al. 2020)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from deepcovid.models.activations import build_activation
from deepcovid.models.architecture import register_network

if TYPE_CHECKING:
    from torch import nn

SLOPE = 0.1  # of LeakyReLU below zero
TRIPLES = ((16, 32), (32, 64), (64, 128), (128, 256))


@register_network(
    "darkcovidnet",
    neck="flatten",
    size=(256, 256),
    features=338,  # 2 maps of 13 × 13
    parameters=1_164_434,
    last_convolution="13.0",
    source='Ozturk et al., "Automated detection of COVID-19 cases using deep neural networks with X-ray images", '
    "Computers in Biology and Medicine 121 (2020) 103792, Table 1; the authors' notebooks at muhammedtalo/COVID-19",
    licence="Apache-2.0 (ours, from the paper)",
    choosable=True,
)
def darkcovidnet(*, channels: int, classes: int, activation: str = "") -> nn.Module:
    """17 convolutions without bias; the last makes one map a class, and the head is linear on all its values.

    The 1×1 convolutions have padding 1, as in the authors' code: each widens its map by two pixels, so that a 256-pixel
    film ends as 13 × 13. 1,164,434 parameters with two classes, 1,167,586 with three. `activation` replaces LeakyReLU; the
    ReLU of the last block stays.
    """
    from torch import nn

    block = partial(_block, activation=activation)
    layers: list[nn.Module] = [block(channels, 8), _halved(), block(8, 16), _halved()]
    for narrow, wide in TRIPLES:
        triple = nn.Sequential(block(narrow, wide), block(wide, narrow, size=1), block(narrow, wide))
        layers += [triple, _halved()]
    layers.pop()  # no pooling after the last triple
    layers += [block(256, 128, size=1), block(128, 256), _class_maps(256, classes)]
    return nn.Sequential(*layers)


def _block(inputs: int, outputs: int, *, activation: str, size: int = 3) -> nn.Module:
    from torch import nn

    convolution = nn.Conv2d(inputs, outputs, kernel_size=size, padding=1, bias=False)
    curve = build_activation(activation) if activation else nn.LeakyReLU(SLOPE, inplace=True)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), curve)


def _halved() -> nn.Module:
    from torch import nn

    return nn.MaxPool2d(2, stride=2)


def _class_maps(inputs: int, classes: int) -> nn.Module:
    from torch import nn

    convolution = nn.Conv2d(inputs, classes, kernel_size=3, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight)  # as fastai's conv_layer, which the authors use here alone
    return nn.Sequential(convolution, nn.ReLU(inplace=True), nn.BatchNorm2d(classes))
