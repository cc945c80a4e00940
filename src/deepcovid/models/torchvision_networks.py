"""SqueezeNet, DenseNet and VGG as torchvision builds them, and the DenseNet of TorchXRayVision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcovid.errors import RecipeError
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.architecture import register_network
from deepcovid.models.torchvision_import import import_torchvision
from deepcovid.models.torchvision_shared import LICENCE, published, require_three_channels

if TYPE_CHECKING:
    from torch import nn

SQUEEZENET = 'Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", arXiv 1602.07360'
DENSENET = 'Huang et al., "Densely Connected Convolutional Networks", arXiv 1608.06993'
VGG = 'Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", arXiv 1409.1556'
XRAYVISION = Preprocessing(size=(224, 224), channels=1, mean=(0.0,), std=(1.0,), value_range=(-1024.0, 1024.0))


@register_network(
    "squeezenet1_0",
    neck="pool",
    size=(224, 224),
    features=512,
    parameters=736_450,
    last_convolution="12.expand3x3",
    source=SQUEEZENET,
    licence=LICENCE,
    weights=published(
        "SqueezeNet1_0_Weights.IMAGENET1K_V1",
        "squeezenet1_0-b66bff10.pth",
        sha256="b66bff10",
        prefix="features.",
        dropped="classifier.",
    ),
)
def squeezenet1_0(*, channels: int, classes: int) -> nn.Module:
    """SqueezeNet 1.0 up to its last fire module: 512 maps at 1/16 of the size.

    In the paper a 1×1 convolution makes one map a class and the maps are averaged; both are linear, so a linear head
    on averaged features is the same function. torchvision puts a ReLU between the two, which clips every class score
    at zero: for a detector that throws away how sure it is of a negative, so it is left out here.
    """
    return _squeezenet("squeezenet1_0", channels)


@register_network(
    "squeezenet1_1",
    neck="pool",
    size=(224, 224),
    features=512,
    parameters=723_522,
    last_convolution="12.expand3x3",
    source=SQUEEZENET,
    licence=LICENCE,
    weights=published(
        "SqueezeNet1_1_Weights.IMAGENET1K_V1",
        "squeezenet1_1-b8a52dc0.pth",
        sha256="b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b",
        prefix="features.",
        dropped="classifier.",
    ),
)
def squeezenet1_1(*, channels: int, classes: int) -> nn.Module:
    """SqueezeNet 1.1: as 1.0 with 2.4 times less work; the head as there."""
    return _squeezenet("squeezenet1_1", channels)


@register_network(
    "densenet121",
    neck="pool",
    size=(224, 224),
    features=1024,
    parameters=6_955_906,
    last_convolution="denseblock4.denselayer16.conv2",
    source=DENSENET,
    licence=LICENCE,
    weights=published(
        "DenseNet121_Weights.IMAGENET1K_V1",
        "densenet121-a639ec97.pth",
        sha256="a639ec97d7c33b07ae66f0b5fb7d0192f95a3b11b7576c66c0126c2a727c4395",
        prefix="features.",
        dropped="classifier.",
    ),
)
def densenet121(*, channels: int, classes: int) -> nn.Module:
    """DenseNet-121 up to ReLU(norm5): 1,024 maps at 1/32 of the size."""
    return _densenet("densenet121", channels)


@register_network(
    "densenet161",
    neck="pool",
    size=(224, 224),
    features=2208,
    parameters=26_476_418,
    last_convolution="denseblock4.denselayer24.conv2",
    source=DENSENET,
    licence=LICENCE,
    weights=published(
        "DenseNet161_Weights.IMAGENET1K_V1",
        "densenet161-8d451a50.pth",
        sha256="8d451a50bad6b9a83f477126c443716882a17af26e94d338154b058fb2dfd359",
        prefix="features.",
        dropped="classifier.",
    ),
)
def densenet161(*, channels: int, classes: int) -> nn.Module:
    """DenseNet-161 up to ReLU(norm5): 2,208 maps at 1/32 of the size."""
    return _densenet("densenet161", channels)


@register_network(
    "densenet121-xrv",
    neck="pool",
    size=(224, 224),
    features=1024,
    parameters=6_949_634,
    last_convolution="denseblock4.denselayer16.conv2",
    source=f"{DENSENET}; on one channel as Cohen et al. train it: TorchXRayVision, MIDL 2022, arXiv 2111.00595",
    licence=LICENCE,
    preprocessing=XRAYVISION,
    prefix="features.",
    dropped=("classifier.", "op_threshs"),
)
def densenet121_xrv(*, channels: int, classes: int) -> nn.Module:
    """DenseNet-121 on one channel of [-1024, 1024], for TorchXRayVision's weights given as a file of named arrays."""
    from torch import nn

    features = _densenet("densenet121", 3)
    if channels != 1:
        raise RecipeError(
            f"densenet121-xrv takes 1 channel, but the preprocessing has channels = {channels}",
            mend="set preprocessing: channels = 1, mean = [0.0], std = [1.0], value_range = [-1024.0, 1024.0]",
        )
    first = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    nn.init.kaiming_normal_(first.weight)  # as torchvision's DenseNet does
    features.conv0 = first
    return features


@register_network(
    "vgg16",
    neck="flatten",
    size=(224, 224),
    features=25_088,
    parameters=14_764_866,
    last_convolution="28",
    source=VGG,
    licence=LICENCE,
    weights=published(
        "VGG16_Weights.IMAGENET1K_V1",
        "vgg16-397923af.pth",
        sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        prefix="features.",
        dropped="classifier.",
    ),
)
def vgg16(*, channels: int, classes: int) -> nn.Module:
    """VGG-16 up to its last pooling: 512 maps at 1/32 of the size; Rawat's head sees all 25,088 values of them.

    Only the convolutions are built: torchvision's own constructor also draws 119 million numbers of a classifier.
    """
    require_three_channels("vgg16", channels=channels)
    from torch import nn

    vgg = import_torchvision().models.vgg
    layers: nn.Sequential = vgg.make_layers(vgg.cfgs["D"])
    for layer in layers:
        if isinstance(layer, nn.Conv2d):  # as torchvision's VGG.__init__ does
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return layers


def _squeezenet(name: str, channels: int) -> nn.Module:
    require_three_channels(name, channels=channels)
    features: nn.Module = getattr(import_torchvision().models, name)(num_classes=1).features
    return features


def _densenet(name: str, channels: int) -> nn.Module:
    require_three_channels(name, channels=channels)
    from torch import nn

    features: nn.Module = getattr(import_torchvision().models, name)(num_classes=1).features
    features.add_module("relu5", nn.ReLU())
    return features
