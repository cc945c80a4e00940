"""Networks by name: what there is, and one function that builds any of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from deepcovid.errors import RecipeError, did_you_mean
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models import covid_xnet as _covid_xnet  # noqa: F401
from deepcovid.models import darkcovidnet as _darkcovidnet  # noqa: F401 - importing these files fills the registry
from deepcovid.models import rawat as _rawat  # noqa: F401
from deepcovid.models import timm_networks as _timm_networks  # noqa: F401
from deepcovid.models import torchvision_networks as _torchvision_networks  # noqa: F401
from deepcovid.models import torchvision_residual as _torchvision_residual  # noqa: F401
from deepcovid.models.any_timm import PREFIX, timm_architecture
from deepcovid.models.architecture import ARCHITECTURES, NECKS, Architecture, Neck
from deepcovid.models.heads import HeadShape, build_head
from deepcovid.models.outputs import Output, units
from deepcovid.models.torchvision_import import import_torch

if TYPE_CHECKING:
    from deepcovid.models.network import FilmNetwork


def network_names() -> list[str]:
    """The names of all registered networks, sorted."""
    return ARCHITECTURES.names()


def architecture(name: str) -> Architecture:
    """What is known of the network `name` before it is built; "timm:NAME" is any network of timm.

    Raises:
        UnknownNameError: no network has that name; the message lists them.
        RecipeError: timm has none of that name.
    """
    return timm_architecture(name) if name.startswith(PREFIX) else ARCHITECTURES[name]


def build_network(
    name: str,
    *,
    classes: int,
    size: tuple[int, int] | None = None,
    neck: Neck | None = None,
    preprocessing: Preprocessing | None = None,
    head: HeadShape | None = None,
    output: Output | None = None,
    activation: str = "",
) -> FilmNetwork:
    """Build a network with random numbers, drawn from torch's global generator; `load_backbone_weights` comes next.

    Args:
        name: of a registered network, or "timm:NAME".
        classes: logits, from 1.
        size: (height, width) in pixels; absent, that of `preprocessing`, or else the paper's.
        neck: "pool" or "flatten"; absent, the paper's.
        preprocessing: absent, the network's own: ImageNet's mean and standard deviation for most.
        head: hidden layers and dropout; absent, the paper's: none for most.
        output: how raw outputs become class probabilities; absent, the paper's: softmax for most.
        activation: of the backbone's hidden units; "" is the paper's.

    Raises:
        UnknownNameError: no network has that name.
        RecipeError: no classes, an unknown neck, an output or activation that the network cannot have, or a size or
            number of channels that the backbone cannot take.
        MissingPackageError: torch is not installed.
    """
    known = architecture(name)
    preprocessing = _settled(known, size, preprocessing)
    chosen, shape, link = neck or known.neck, head or known.head, output or known.output
    wanted = units(classes, output=link)
    if chosen not in NECKS:
        raise RecipeError(
            f"there is no neck {chosen!r}", mend=f"{did_you_mean(chosen, NECKS)}choose one of: {', '.join(NECKS)}"
        )
    import_torch(f"building {name}")
    from deepcovid.models.network import FilmNetwork

    maps, height, width = feature_map_shape(name, classes=classes, preprocessing=preprocessing)
    backbone = _backbone(known, channels=preprocessing.channels, classes=classes, activation=activation)
    features = maps if chosen == "pool" else maps * height * width
    return FilmNetwork(
        name,
        preprocessing=preprocessing,
        backbone=backbone,
        neck=chosen,
        head=build_head(features, units=wanted, shape=shape),
        shape=shape,
        output=link,
        activation=activation,
    )


def _backbone(known: Architecture, *, channels: int, classes: int, activation: str = "") -> Any:
    if not activation:
        return known.build(channels=channels, classes=classes)
    if not known.choosable:
        able = ", ".join(name for name in network_names() if ARCHITECTURES[name].choosable)
        raise RecipeError(
            f"{known.name} has its paper's activation, and {activation!r} was asked for",
            mend=f"leave activation out, or take a network that lets it be chosen: {able}",
        )
    return known.build(channels=channels, classes=classes, activation=activation)


def feature_map_shape(name: str, *, classes: int, preprocessing: Preprocessing) -> tuple[int, int, int]:
    """The feature map's (F, h', w') at a size, found without computing or drawing a number.

    Raises:
        RecipeError: the film would shrink to nothing.
    """
    known, (height, width) = architecture(name), preprocessing.size
    try:
        return _map_shape(known, channels=preprocessing.channels, classes=classes, height=height, width=width)
    except RuntimeError as error:
        raise RecipeError(
            f"a film of {height} × {width} pixels is too small for {name}",
            mend=f"give a larger size; its paper's is {known.size[0]} × {known.size[1]}",
        ) from error


@cache  # a forward pass without numbers takes up to a second, and every network that is built asks
def _map_shape(known: Architecture, *, channels: int, classes: int, height: int, width: int) -> tuple[int, int, int]:
    import torch

    with torch.device("meta"), torch.no_grad():
        backbone = _backbone(known, channels=channels, classes=classes).eval()
        shape = backbone(torch.empty(1, channels, height, width)).shape
    return int(shape[1]), int(shape[2]), int(shape[3])


def backbone_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """The names and shapes of a backbone's state dict (its own channels, two classes), without drawing a number."""
    torch = import_torch(f"building {name}")
    known = architecture(name)
    with torch.device("meta"):
        backbone = _backbone(known, channels=known.preprocessing.channels, classes=2)
    return {key: tuple(tensor.shape) for key, tensor in backbone.state_dict().items()}


def _settled(known: Architecture, size: tuple[int, int] | None, given: Preprocessing | None) -> Preprocessing:
    if given is None:
        return replace(known.preprocessing, size=size or known.size)
    return given if size is None else replace(given, size=size)
