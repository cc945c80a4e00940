"""Networks of the reviewed systems, and today's baselines, that timm builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.architecture import PublishedWeights, register_network
from deepcovid.models.timm_backbone import timm_backbone

if TYPE_CHECKING:
    from torch import nn

LICENCE = "Apache-2.0 (timm)"
RELEASES = "https://github.com/rwightman/pytorch-image-models/releases/download"
HALVES = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))  # films from -1 to 1
INCEPTION = 'Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", arXiv 1512.00567'
INCEPTION_RESNET = (
    'Szegedy et al., "Inception-v4, Inception-ResNet and the Impact of Residual Connections", arXiv 1602.07261'
)
VIT = 'Dosovitskiy et al., "An Image is Worth 16x16 Words", arXiv 2010.11929'


def published(
    enum: str,
    url: str,
    *,
    sha256: str = "",
    dropped: tuple[str, ...],
    learned_from: str = "ImageNet-1k",
) -> PublishedWeights:
    """A checkpoint as timm's configuration of it names it; where only the hub has it, no digest is known."""
    licence = f"Apache-2.0 (timm); learned from {learned_from}, whose images are for non-commercial research"
    return PublishedWeights(enum=enum, url=url, sha256=sha256, dropped=dropped, licence=licence)


def hub(tag: str) -> str:
    """Where Hugging Face's hub keeps a network of timm's."""
    return f"https://huggingface.co/timm/{tag}/resolve/main/model.safetensors"


@register_network(
    "xception",
    neck="pool",
    size=(299, 299),
    features=2048,
    parameters=20_811_050,
    last_convolution="conv4.pointwise",
    source='Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", arXiv 1610.02357',
    licence=LICENCE,
    preprocessing=HALVES,
    weights=published(
        "legacy_xception.tf_in1k",
        f"{RELEASES}/v0.1-cadene/xception-43020ad28.pth",
        sha256="43020ad28",
        dropped=("fc.",),
    ),
)
def xception(*, channels: int, classes: int) -> nn.Module:
    """Xception as Keras has it (timm's legacy_xception): 2,048 maps at 1/32 of the size."""
    return timm_backbone("legacy_xception", channels=channels)


@register_network(
    "inception_v3",
    neck="pool",
    size=(299, 299),
    features=2048,
    parameters=21_789_666,
    last_convolution="Mixed_7c.branch_pool.conv",
    source=INCEPTION,
    licence=LICENCE,
    preprocessing=HALVES,
    weights=published(
        "inception_v3.tv_in1k",
        "https://download.pytorch.org/models/inception_v3_google-1a9a5a14.pth",
        sha256="1a9a5a14",
        dropped=("fc.", "AuxLogits."),
    ),
)
def inception_v3(*, channels: int, classes: int) -> nn.Module:
    """Inception-v3 without its auxiliary classifier: 2,048 maps at about 1/37 of the size."""
    return timm_backbone("inception_v3", channels=channels)


@register_network(
    "inception_resnet_v2",
    neck="pool",
    size=(299, 299),
    features=1536,
    parameters=54_309_538,
    last_convolution="conv2d_7b.conv",
    source=INCEPTION_RESNET,
    licence=LICENCE,
    preprocessing=HALVES,
    weights=published("inception_resnet_v2.tf_in1k", hub("inception_resnet_v2.tf_in1k"), dropped=("classif.",)),
)
def inception_resnet_v2(*, channels: int, classes: int) -> nn.Module:
    """Inception-ResNet-v2: 1,536 maps at about 1/37 of the size."""
    return timm_backbone("inception_resnet_v2", channels=channels)


@register_network(
    "mobilenet_v1",
    neck="pool",
    size=(224, 224),
    features=1024,
    parameters=3_209_026,
    last_convolution="blocks.4.1.conv_pw",
    source='Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", '
    "arXiv 1704.04861",
    licence=LICENCE,
    preprocessing=HALVES,
    weights=published(
        "mobilenetv1_100.ra4_e3600_r224_in1k",
        hub("mobilenetv1_100.ra4_e3600_r224_in1k"),
        dropped=("classifier.",),
    ),
)
def mobilenet_v1(*, channels: int, classes: int) -> nn.Module:
    """MobileNet of full width: 1,024 maps at 1/32 of the size. timm's published numbers are of 2024, not Google's."""
    return timm_backbone("mobilenetv1_100", channels=channels)


@register_network(
    "mobilenet_v2",
    neck="pool",
    size=(224, 224),
    features=1280,
    parameters=2_226_434,
    last_convolution="conv_head",
    source='Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", arXiv 1801.04381',
    licence=LICENCE,
    weights=published(
        "mobilenetv2_100.ra_in1k",
        f"{RELEASES}/v0.1-weights/mobilenetv2_100_ra-b33bc2c4.pth",
        sha256="b33bc2c4",
        dropped=("classifier.",),
    ),
)
def mobilenet_v2(*, channels: int, classes: int) -> nn.Module:
    """MobileNetV2 of full width: 1,280 maps at 1/32 of the size."""
    return timm_backbone("mobilenetv2_100", channels=channels)


@register_network(
    "nasnetalarge",
    neck="pool",
    size=(331, 331),
    features=4032,
    parameters=84_728_216,
    last_convolution="cell_17.comb_iter_4_left.separable_2.pointwise_conv2d",
    source='Zoph et al., "Learning Transferable Architectures for Scalable Image Recognition", arXiv 1707.07012',
    licence=LICENCE,
    preprocessing=HALVES,
    weights=published(
        "nasnetalarge.tf_in1k",
        f"{RELEASES}/v0.1-weights/nasnetalarge-dc4a7b8b.pth",
        sha256="dc4a7b8b",
        dropped=("last_linear.",),
    ),
)
def nasnetalarge(*, channels: int, classes: int) -> nn.Module:
    """NASNet-A Large (6 @ 4032), the only NASNet that timm has: 4,032 maps at 1/32 of the size."""
    return timm_backbone("nasnetalarge", channels=channels)


@register_network(
    "convnext_tiny",
    neck="pool",
    size=(224, 224),
    features=768,
    parameters=27_820_130,
    last_convolution="stages.3.blocks.2.conv_dw",
    source='Liu et al., "A ConvNet for the 2020s", arXiv 2201.03545',
    licence=LICENCE,
    weights=published(
        "convnext_tiny.in12k_ft_in1k",
        hub("convnext_tiny.in12k_ft_in1k"),
        dropped=("head.",),
        learned_from="ImageNet-12k and ImageNet-1k",
    ),
)
def convnext_tiny(*, channels: int, classes: int) -> nn.Module:
    """ConvNeXt-Tiny: 768 maps at 1/32 of the size; the LayerNorm between its pooling and its classifier is left out."""
    return timm_backbone("convnext_tiny", channels=channels)


@register_network(
    "efficientnet_b0",
    neck="pool",
    size=(224, 224),
    features=1280,
    parameters=4_010_110,
    last_convolution="conv_head",
    source='Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", arXiv 1905.11946',
    licence=LICENCE,
    weights=published(
        "efficientnet_b0.ra_in1k",
        f"{RELEASES}/v0.1-weights/efficientnet_b0_ra-3dd342df.pth",
        sha256="3dd342df",
        dropped=("classifier.",),
    ),
)
def efficientnet_b0(*, channels: int, classes: int) -> nn.Module:
    """EfficientNet-B0: 1,280 maps at 1/32 of the size."""
    return timm_backbone("efficientnet_b0", channels=channels)


@register_network(
    "vit_tiny",
    neck="pool",
    size=(224, 224),
    features=192,
    parameters=5_524_802,
    last_convolution="patch_embed.proj",
    source=VIT,
    licence=LICENCE,
    preprocessing=HALVES,
    weights=published(
        "vit_tiny_patch16_224.augreg_in21k_ft_in1k",
        hub("vit_tiny_patch16_224.augreg_in21k_ft_in1k"),
        dropped=("head.",),
        learned_from="ImageNet-21k and ImageNet-1k",
    ),
)
def vit_tiny(*, channels: int, classes: int) -> nn.Module:
    """ViT-Tiny/16: the tokens of its patches as 192 maps of 14 × 14, averaged in place of reading the class token."""
    return timm_backbone("vit_tiny_patch16_224", channels=channels)


@register_network(
    "vit_small",
    neck="pool",
    size=(224, 224),
    features=384,
    parameters=21_666_434,
    last_convolution="patch_embed.proj",
    source=VIT,
    licence=LICENCE,
    preprocessing=HALVES,
    weights=published(
        "vit_small_patch16_224.augreg_in21k_ft_in1k",
        hub("vit_small_patch16_224.augreg_in21k_ft_in1k"),
        dropped=("head.",),
        learned_from="ImageNet-21k and ImageNet-1k",
    ),
)
def vit_small(*, channels: int, classes: int) -> nn.Module:
    """ViT-Small/16: the tokens of its patches as 384 maps of 14 × 14, averaged in place of reading the class token."""
    return timm_backbone("vit_small_patch16_224", channels=channels)
