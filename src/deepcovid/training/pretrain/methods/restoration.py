"""`restoration`: the film as it was, from the film as it was spoilt: greys bent, parts erased, lettering laid over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcovid.training.pretrain.method import Batch, Seen, Surroundings, register_method

if TYPE_CHECKING:
    import torch

COARSER = 4  # the film is restored at a quarter of its sides
WIDTH = 64
SCALE = 10.0  # so that the loss of an untrained network is about 1 and sums with others


@register_method(
    "restoration",
    paper="Zhou et al., Models Genesis, arXiv 1908.06912; the spoiling is that of all methods here, the decoder has no skips",
)
def restoration(around: Surroundings) -> torch.nn.Module:
    """A decoder from the feature map to a quarter of the film's sides, without skips, so that the map must hold the chest."""
    from torch import nn
    from torch.nn import functional

    coarse = (max(around.size[0] // COARSER, 1), max(around.size[1] // COARSER, 1))

    class Restoration(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.narrow = nn.Conv2d(around.maps, WIDTH, 1)
            self.finer = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
            self.last = nn.Conv2d(WIDTH, 1, 3, padding=1)

        def forward(self, seen: Seen, batch: Batch) -> torch.Tensor:
            maps = functional.relu(self.narrow(seen.maps[0]))
            middle = (max(coarse[0] // 2, 1), max(coarse[1] // 2, 1))
            maps = functional.relu(self.finer(functional.interpolate(maps, size=middle, mode="bilinear")))
            restored = self.last(functional.interpolate(maps, size=coarse, mode="bilinear"))
            wanted = functional.adaptive_avg_pool2d(batch["clean"][:, 0], coarse)
            return SCALE * functional.mse_loss(restored, standardised(wanted))

    return Restoration()


def standardised(films: torch.Tensor) -> torch.Tensor:
    """Films (N, 1, h, w) about 0, a third of the spread of greys of each being one tenth: exposure is nothing to restore."""
    return (films - films.mean(dim=(2, 3), keepdim=True)) / (films.std(dim=(2, 3), keepdim=True) + 0.02) * 0.3
