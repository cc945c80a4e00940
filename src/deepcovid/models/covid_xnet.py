"""COVID-XNet: a small network from scratch whose feature map says where it looked (after Duran-Lopez et al. 2020)."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise
from typing import TYPE_CHECKING

from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.activations import build_activation
from deepcovid.models.architecture import register_network

if TYPE_CHECKING:
    from torch import nn

WIDTHS = (32, 64, 128, 128, 256)


@register_network(
    "covid-xnet",
    neck="pool",
    size=(224, 224),
    features=256,
    parameters=536_546,
    last_convolution="block5.convolution",
    source='Duran-Lopez et al., "COVID-XNet: A Custom Deep Learning System to Diagnose and Locate COVID-19 in Chest X-ray '
    'Images", Applied Sciences 10 (2020) 5683; the widths, kernels and film size here are ours',
    licence="Apache-2.0 (ours)",
    preprocessing=Preprocessing(size=(224, 224), channels=1, mean=(0.5,), std=(0.25,), equalise=True),
    choosable=True,
)
def covid_xnet(*, channels: int, classes: int, activation: str = "") -> nn.Module:
    """Five blocks of a 3×3 convolution, BatchNorm and ReLU, the first four halved by pooling: 256 maps at 1/16 of the size.

    Published and kept: equalised films, a convolutional network of the authors' own for two classes, class activation
    maps, which ask for a mean over positions before one linear layer (Zhou et al. 2016). What we could read does not
    give the layers' widths, kernels and number, nor the film's size: those are ours, so that figures of this network
    are not a repetition of theirs.
    """
    from torch import nn

    blocks: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (inputs, outputs) in enumerate(pairwise((channels, *WIDTHS)), start=1):
        block: OrderedDict[str, nn.Module] = OrderedDict()
        block["convolution"] = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        block["norm"] = nn.BatchNorm2d(outputs)
        block["activation"] = build_activation(activation or "relu")
        if number < len(WIDTHS):
            block["pooling"] = nn.MaxPool2d(2)
        blocks[f"block{number}"] = nn.Sequential(block)
    return nn.Sequential(blocks)
