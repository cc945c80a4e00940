"""The residual networks that torchvision builds: ResNet and ResNeXt."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from deepcovid.models.architecture import register_network
from deepcovid.models.torchvision_import import import_torchvision
from deepcovid.models.torchvision_shared import LICENCE, published, require_three_channels

if TYPE_CHECKING:
    from torch import nn

RESNET = 'He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385'
RESNEXT = 'Xie et al., "Aggregated Residual Transformations for Deep Neural Networks", arXiv 1611.05431'
TAIL = {"avgpool", "fc"}


@register_network(
    "resnet18",
    neck="pool",
    size=(224, 224),
    features=512,
    parameters=11_177_538,
    last_convolution="layer4.1.conv2",
    source=RESNET,
    licence=LICENCE,
    weights=published(
        "ResNet18_Weights.IMAGENET1K_V1",
        "resnet18-f37072fd.pth",
        sha256="f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
        prefix="",
        dropped="fc.",
    ),
)
def resnet18(*, channels: int, classes: int) -> nn.Module:
    """ResNet-18 up to its last block: 512 maps at 1/32 of the size."""
    return _resnet("resnet18", channels)


@register_network(
    "resnet50",
    neck="pool",
    size=(224, 224),
    features=2048,
    parameters=23_512_130,
    last_convolution="layer4.2.conv3",
    source=RESNET,
    licence=LICENCE,
    weights=published(
        "ResNet50_Weights.IMAGENET1K_V1",
        "resnet50-0676ba61.pth",
        sha256="0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
        prefix="",
        dropped="fc.",
    ),
)
def resnet50(*, channels: int, classes: int) -> nn.Module:
    """ResNet-50 up to its last block: 2,048 maps at 1/32 of the size."""
    return _resnet("resnet50", channels)


@register_network(
    "resnet101",
    neck="pool",
    size=(224, 224),
    features=2048,
    parameters=42_504_258,
    last_convolution="layer4.2.conv3",
    source=RESNET,
    licence=LICENCE,
    weights=published(
        "ResNet101_Weights.IMAGENET1K_V1",
        "resnet101-63fe2227.pth",
        sha256="63fe2227",
        prefix="",
        dropped="fc.",
    ),
)
def resnet101(*, channels: int, classes: int) -> nn.Module:
    """ResNet-101 up to its last block: 2,048 maps at 1/32 of the size."""
    return _resnet("resnet101", channels)


@register_network(
    "resnet152",
    neck="pool",
    size=(224, 224),
    features=2048,
    parameters=58_147_906,
    last_convolution="layer4.2.conv3",
    source=RESNET,
    licence=LICENCE,
    weights=published(
        "ResNet152_Weights.IMAGENET1K_V1",
        "resnet152-394f9c45.pth",
        sha256="394f9c45",
        prefix="",
        dropped="fc.",
    ),
)
def resnet152(*, channels: int, classes: int) -> nn.Module:
    """ResNet-152 up to its last block: 2,048 maps at 1/32 of the size."""
    return _resnet("resnet152", channels)


@register_network(
    "resnext50_32x4d",
    neck="pool",
    size=(224, 224),
    features=2048,
    parameters=22_984_002,
    last_convolution="layer4.2.conv3",
    source=RESNEXT,
    licence=LICENCE,
    weights=published(
        "ResNeXt50_32X4D_Weights.IMAGENET1K_V1",
        "resnext50_32x4d-7cdf4587.pth",
        sha256="7cdf4587",
        prefix="",
        dropped="fc.",
    ),
)
def resnext50_32x4d(*, channels: int, classes: int) -> nn.Module:
    """ResNeXt-50 with 32 groups of 4 up to its last block: 2,048 maps at 1/32 of the size."""
    return _resnet("resnext50_32x4d", channels)


def _resnet(name: str, channels: int) -> nn.Module:
    require_three_channels(name, channels=channels)
    from torch import nn

    model = getattr(import_torchvision().models, name)(num_classes=1)
    return nn.Sequential(OrderedDict((part, layer) for part, layer in model.named_children() if part not in TAIL))
