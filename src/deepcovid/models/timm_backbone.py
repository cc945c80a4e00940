"""A network of timm as a backbone: its own modules under their own names, with the feature map as output."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from deepcovid.errors import RecipeError
from deepcovid.models.torchvision_import import import_timm

if TYPE_CHECKING:
    import torch
    from torch import nn


def timm_backbone(name: str, *, channels: int) -> nn.Module:
    """The network `name` of timm without its classifier: normalised film (N, channels, h, w) → feature map (N, F, h', w').

    Layers that stand behind the feature map (a classifier's own normalisation or convolution) are left out. A
    transformer's tokens come as the map of their patches; its class token is used inside and left out of the map.
    Networks that are made for one size take others where timm resamples their position embedding.

    Raises:
        RecipeError: what comes out is no feature map, or this size is not taken.
        MissingPackageError: timm is not installed.
    """
    return _created(name, channels, unused_children(name))


@cache
def unused_children(name: str) -> tuple[str, ...]:
    """The parts of timm's network that its feature map does not come from, found by a pass without numbers."""
    import torch

    with torch.device("meta"), torch.no_grad():
        model = _created(name, 3, ()).eval()
        called: set[str] = set()
        for path, part in model.named_modules():
            part.register_forward_pre_hook(lambda _part, _inputs, path=path: called.add(path))
        model(torch.empty(1, *pretrained_cfg(name).input_size))
    used = {path.partition(".")[0] for path in called}
    return tuple(child for child, part in model.named_children() if child not in used and _has_numbers(part))


def _has_numbers(part: nn.Module) -> bool:
    return any(True for _ in part.parameters())


def pretrained_cfg(name: str) -> Any:
    """What timm knows of a network's published weights: input_size, mean, std, url, hf_hub_id, classifier, licence.

    Raises:
        RecipeError: timm has no network of that name.
    """
    import difflib

    timm = import_timm(f"building timm:{name}")
    if not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), n=3)
        guess = f"did you mean {', '.join(f'timm:{other}' for other in near)}? " if near else ""
        raise RecipeError(
            f"timm {timm.__version__} has no network {name!r}",
            mend=f"{guess}`python -c \"import timm; print(timm.list_models('*part*'))\"` lists them",
        )
    found = timm.get_pretrained_cfg(name)
    if found is None:
        known = ", ".join(tag for tag in timm.list_pretrained(f"{name.partition('.')[0]}.*"))
        raise RecipeError(f"timm knows no weights named {name!r}", mend=f"leave the tag out, or use one of: {known}")
    return found


def _created(name: str, channels: int, unused: tuple[str, ...]) -> nn.Module:
    from torch import nn

    timm = import_timm(f"building timm:{name}")
    wanted = {"pretrained": False, "num_classes": 0, "in_chans": channels}
    if pretrained_cfg(name).fixed_input_size:
        try:
            model = timm.create_model(name, dynamic_img_size=True, **wanted)
        except TypeError:  # it resamples no position embedding: its own size is the only one
            model = timm.create_model(name, **wanted)
    else:
        model = timm.create_model(name, **wanted)
    for child in unused:
        setattr(model, child, nn.Identity())
    # the same modules and names as timm's, so that its weights fit as they are; only `forward` is another
    own: Any = type(model)
    model.__class__ = _ending_at_the_map(own, name)
    return model


@cache
def _ending_at_the_map(own: Any, name: str) -> type[nn.Module]:
    """timm's class with the other forward pass; one class for all networks of a name."""
    return type(f"{own.__name__}Map", (_Map, own), {"timm_name": name})


class _Map:
    """What is put before a timm network's class: its forward pass ends at the feature map."""

    timm_name: str

    def forward(self, films: torch.Tensor) -> torch.Tensor:
        """Normalised films (N, C, h, w) → feature map (N, F, h', w')."""
        model: Any = self
        try:
            found = model.forward_features(films)
        except AssertionError as error:  # timm's way to refuse a size
            size = pretrained_cfg(self.timm_name).input_size[1:]
            raise RecipeError(
                f"timm:{self.timm_name} does not take films of {films.shape[2]} × {films.shape[3]} pixels ({error})",
                mend=f"set preprocessing.size = [{size[0]}, {size[1]}]",
            ) from error
        return _as_map(model, found, films)

    def blocks_in_order(self) -> list[torch.nn.Module]:
        """The parts in their order, timm's lists of blocks or stages taken apart: what `trainable = 2` counts."""
        model: Any = self
        return [part for child in model.children() for part in _parts(child)]


def _parts(child: nn.Module) -> list[nn.Module]:
    from torch import nn

    inner = [part for part in child.children() if _has_numbers(part)]
    whole = not isinstance(child, nn.Sequential | nn.ModuleList) or len(inner) < 2
    return [child] if whole else list(child.children())


def _as_map(model: Any, found: Any, films: torch.Tensor) -> torch.Tensor:
    import torch

    if torch.is_tensor(found) and found.ndim == 4:
        maps = found.permute(0, 3, 1, 2) if str(getattr(model, "output_fmt", "")).endswith("NHWC") else found
        return maps.contiguous()
    if torch.is_tensor(found) and found.ndim == 3:
        tokens = found[:, int(getattr(model, "num_prefix_tokens", 0)) :]  # (N, h'·w', F)
        height, width = _grid(model, tokens.shape[1], films)
        if height * width == tokens.shape[1]:
            return tokens.transpose(1, 2).reshape(-1, tokens.shape[2], height, width)
    raise RecipeError(
        f"the features of timm:{model.timm_name} are no map of positions, which neck and heat maps need",
        mend="use another network of timm; convolutional ones and plain vision transformers have one",
    )


def _grid(model: Any, tokens: int, films: torch.Tensor) -> tuple[int, int]:
    """Rows and columns of a transformer's patches."""
    patches: Any = getattr(model, "patch_embed", None)
    if hasattr(patches, "dynamic_feat_size"):
        rows, columns = patches.dynamic_feat_size(tuple(films.shape[2:]))
        return int(rows), int(columns)
    side = round(tokens**0.5)
    return side, side
