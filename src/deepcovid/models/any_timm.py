"""`timm:NAME`: any network of timm by its name there, without a registration of its own."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.architecture import Architecture, PublishedWeights
from deepcovid.models.timm_backbone import pretrained_cfg, timm_backbone, unused_children
from deepcovid.models.torchvision_import import import_torch

PREFIX = "timm:"
HUB = "https://huggingface.co/"
DIGEST = re.compile(
    r"-([0-9a-f]{8,64})\.(?:pth|safetensors)$"
)  # torch.hub's custom: the digest's first digits in the name


@cache
def timm_architecture(name: str) -> Architecture:
    """What is known of `timm:NAME`, found by building it without numbers.

    Args:
        name: of timm with the prefix, such as "timm:resnet26" or, with the tag of its weights, "timm:resnet26.bt_in1k".

    Raises:
        RecipeError: timm has no such network, or its features are no map.
        MissingPackageError: torch or timm is not installed.
    """
    torch = import_torch(f"building {name}")
    plain = name.removeprefix(PREFIX)
    cfg = pretrained_cfg(plain)
    with torch.device("meta"), torch.no_grad():
        backbone = timm_backbone(plain, channels=3).eval()
        features = int(backbone(torch.empty(1, *cfg.input_size)).shape[1])
    convolutions = [path for path, part in backbone.named_modules() if isinstance(part, torch.nn.Conv2d)]

    def build(*, channels: int, classes: int) -> Any:
        return timm_backbone(plain, channels=channels)

    return Architecture(
        name=name,
        build=build,
        neck="pool",
        size=(int(cfg.input_size[1]), int(cfg.input_size[2])),
        features=features,
        parameters=sum(numbers.numel() for numbers in backbone.parameters()) + 2 * features + 2,
        last_convolution=convolutions[-1] if convolutions else "",
        source=cfg.paper_name or f"timm's {plain}",
        licence="Apache-2.0 (timm)",
        weights=timm_weights(plain),
        preprocessing=Preprocessing(mean=tuple(cfg.mean), std=tuple(cfg.std)),
    )


def timm_weights(name: str) -> PublishedWeights | None:
    """The published weights of timm's network `name`, as timm's own configuration names them; None where it has none.

    Where their address carries a digest they can be fetched; else they are named by their place on the hub, and have to
    be brought as a file.
    """
    cfg = pretrained_cfg(name)
    digest = DIGEST.search(cfg.url or "")
    if not digest and not cfg.hf_hub_id:
        return None
    classifier = (cfg.classifier,) if isinstance(cfg.classifier, str) else tuple(cfg.classifier or ())
    parts = (*classifier, *unused_children(name))
    return PublishedWeights(
        enum=f"{cfg.architecture}.{cfg.tag}" if cfg.tag else cfg.architecture,
        url=cfg.url if digest else f"{HUB}{cfg.hf_hub_id}/resolve/main/model.safetensors",
        sha256=digest[1] if digest else "",
        dropped=tuple(f"{part}." for part in parts),
        licence=f"{cfg.license or 'not stated'} (timm); learned from {_learned_from(cfg.tag or '')}",
    )


def _learned_from(tag: str) -> str:
    known = {"in1k": "ImageNet-1k", "in21k": "ImageNet-21k", "in12k": "ImageNet-12k", "in22k": "ImageNet-22k"}
    found = [known[part] for part in re.split(r"[_.]", tag) if part in known]
    return " and ".join(dict.fromkeys(found)) or f"what timm's tag {tag!r} says"
