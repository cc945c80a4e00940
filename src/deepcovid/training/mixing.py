"""Mixing the films of a batch, and their targets with them: mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from deepcovid.training.recipe import Mixing

Mixer = Callable[["torch.Tensor", "torch.Tensor"], tuple["torch.Tensor", "torch.Tensor"]]


def build_mixer(mixing: Mixing, *, classes: int) -> Mixer | None:
    """What mixes a batch, or None where nothing is to be mixed; with both, one of the two is drawn for each batch.

    A mixer takes films (N, 1, H, W) and targets, int (N,) or float (N, K), and gives films and shares float (N, K): each
    film with the one before it, by torchvision. mixup: λ x + (1 − λ) x′ with λ ~ Beta(α, α), one for the batch; CutMix: a
    box of x′ with area 1 − λ, cut off at the border, and shares by what is left. A finding that is unknown in
    either film (NaN) is unknown in the mixture. Numbers come from torch's generator, which every epoch seeds anew.

    Args:
        mixing: the two parameters α.
        classes: K.
    """
    if not (mixing.mixup or mixing.cutmix):
        return None
    from deepcovid.models.torchvision_import import import_torchvision

    import_torchvision("mixing films")
    from torchvision.transforms import v2

    ways = []
    if mixing.mixup:
        ways.append(v2.MixUp(alpha=mixing.mixup, num_classes=classes))
    if mixing.cutmix:
        ways.append(v2.CutMix(alpha=mixing.cutmix, num_classes=classes))
    chosen: Mixer = ways[0] if len(ways) == 1 else v2.RandomChoice(ways)
    return chosen
