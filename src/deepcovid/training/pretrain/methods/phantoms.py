"""`phantoms`: what `tasks` asks, of phantoms alone, whose truth is drawn; real films are for other methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcovid.training.pretrain.method import Batch, Seen, Surroundings, register_method
from deepcovid.training.pretrain.methods.tasks import tasks

if TYPE_CHECKING:
    import torch


@register_method(
    "phantoms",
    paper="Caruana, Multitask learning, Machine Learning 28:41 (1997); as `tasks`, of films that are drawn",
)
def phantoms(around: Surroundings) -> torch.nn.Module:
    """The heads of `tasks`, but for the age, which hardly shows in a phantom; of a batch without phantoms the loss is 0."""
    import torch
    from torch import nn

    class Phantoms(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tasks = tasks(around)

        def forward(self, seen: Seen, batch: Batch) -> torch.Tensor:
            real = batch["dense"][:, 0, 0, 0, 0].isnan()
            told = batch["told"].masked_fill(real[:, None], float("nan"))
            age = torch.full_like(batch["age"], float("nan"))
            loss: torch.Tensor = self.tasks(seen, {**batch, "told": told, "age": age})
            return loss

    return Phantoms()
