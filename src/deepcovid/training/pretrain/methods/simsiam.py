"""`simsiam`: from one way to see a film the answer to another is predicted, and the one that is predicted stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcovid.training.pretrain.method import Batch, Seen, Surroundings, normed_layers, register_method

if TYPE_CHECKING:
    import torch

WIDTH, NARROW = 512, 128  # the paper's ratio of four


@register_method(
    "simsiam",
    paper="Chen, He, arXiv 2011.10566; a projector of 512 with a bottleneck of 128 in the predictor",
    views=2,
)
def simsiam(around: Surroundings) -> torch.nn.Module:
    """Projector and predictor of section 3; the loss plus 1, so that it falls from 1 towards 0."""
    from torch import nn

    class SimSiam(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layers = normed_layers(around.maps, width=WIDTH)
            last = [nn.Linear(WIDTH, WIDTH, bias=False), nn.BatchNorm1d(WIDTH, affine=False)]
            self.projector = nn.Sequential(*layers, *last)
            self.predictor = nn.Sequential(
                nn.Linear(WIDTH, NARROW, bias=False), nn.BatchNorm1d(NARROW), nn.ReLU(), nn.Linear(NARROW, WIDTH)
            )

        def forward(self, seen: Seen, batch: Batch) -> torch.Tensor:
            first, second = (self.projector(features) for features in seen.features[:2])
            return 1 + (apart(self.predictor(first), second) + apart(self.predictor(second), first)) / 2

    return SimSiam()


def apart(predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Equation 1: the negative cosine, the target without a gradient; (N, D) both."""
    import torch

    return -torch.nn.functional.cosine_similarity(predicted, target.detach(), dim=1).mean()
