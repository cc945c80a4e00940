"""Histogram equalisation in torch, in operations that the ONNX exporter has, for films of any number and size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcovid.imaging.equalising import PARTS, STEPS

if TYPE_CHECKING:
    from torch import Tensor


def equalise_films(film: Tensor) -> Tensor:
    """Films (N, 1, h, w) in [0, 1] → the same with their histograms equalised, by the rule of `imaging.equalising.equalised`."""
    import torch

    flat = film.flatten(1)
    place = (flat - flat.amin(1, keepdim=True)) * STEPS
    parts = torch.round(place * PARTS).long()
    level = parts // PARTS
    rest = parts - PARTS * level
    counts = torch.zeros((flat.shape[0], STEPS + 2), dtype=torch.int64, device=film.device)
    counts = counts.scatter_add(1, level, PARTS - rest).scatter_add(1, level + 1, rest)
    beyond = counts.cumsum(1) - counts[:, :1]
    below = place.floor().long().clamp(0, STEPS)
    lower, step = beyond.gather(1, below).to(flat.dtype), counts.gather(1, below + 1).to(flat.dtype)
    found = beyond[:, -1:].to(flat.dtype)
    spread = (lower + (place - below.to(flat.dtype)) * step) / found.clamp(min=PARTS)
    share = found.clamp(max=PARTS) / PARTS
    return (share * spread + (1 - share) * flat).view_as(film)
