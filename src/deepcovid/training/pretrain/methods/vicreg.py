"""`vicreg`: two ways to see a film give one answer, whose numbers vary over films and do not repeat one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcovid.training.pretrain.method import Batch, Seen, Surroundings, normed_layers, register_method

if TYPE_CHECKING:
    import torch

WIDTH = 512  # of the paper's 8,192: batches here are of tens of films
INVARIANCE, VARIANCE, COVARIANCE = 25.0, 25.0, 1.0
SCALE = 0.04  # so that a sum with other losses has terms of one size; the paper's sum begins near 25
EPSILON = 1e-4


@register_method(
    "vicreg",
    paper="Bardes, Ponce, LeCun, arXiv 2105.04906; a projector of 512, the loss times 0.04",
    views=2,
)
def vicreg(around: Surroundings) -> torch.nn.Module:
    """The expander of section 4.2, three layers, and the loss of equation 6."""
    from torch import nn

    class VicReg(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layers = normed_layers(around.maps, width=WIDTH)
            self.expander = nn.Sequential(*layers, nn.Linear(WIDTH, WIDTH, bias=False))

        def forward(self, seen: Seen, batch: Batch) -> torch.Tensor:
            first, second = (self.expander(features) for features in seen.features[:2])
            return SCALE * vicreg_loss(first, second)

    return VicReg()


def vicreg_loss(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Equation 6 of the paper with λ = μ = 25, ν = 1; embeddings (N, D), N at least 2."""
    import torch

    variance = sum(torch.relu(1 - torch.sqrt(one.var(dim=0) + EPSILON)).mean() for one in (first, second))
    covariance = sum(_between(one) for one in (first, second))
    return INVARIANCE * torch.nn.functional.mse_loss(first, second) + VARIANCE * variance / 2 + COVARIANCE * covariance


def _between(embeddings: torch.Tensor) -> torch.Tensor:
    """Equation 4: the squared covariances off the diagonal, over the width."""
    centred = embeddings - embeddings.mean(dim=0)
    matrix = centred.T @ centred / (len(embeddings) - 1)
    return (matrix.square().sum() - matrix.diagonal().square().sum()) / matrix.shape[0]
