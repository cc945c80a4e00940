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
    """The heads of `tasks`; of a batch without phantoms the loss is 0."""
    from torch import nn

    class Phantoms(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tasks = tasks(around)

        def forward(self, seen: Seen, batch: Batch) -> torch.Tensor:
            real = batch["dense"][:, 0, 0, 0, 0].isnan()
            unknown = float("nan")
            told = batch["told"].masked_fill(real[:, None], unknown)
            loss: torch.Tensor = self.tasks(
                seen, {**batch, "told": told, "age": batch["age"].masked_fill(real, unknown)}
            )
            return loss

    return Phantoms()
