"""The gate's network: a film of any size in, logits and features out; resizing and normalising are part of the graph."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

SIDE = 96
WIDTHS = (16, 32, 48, 64, 64, 96, 96)
STRIDES = (2, 2, 2, 1, 1, 2, 1)


class GateNetwork(nn.Module):
    """Seven 3 × 3 convolutions on two views of the picture (its greys, and its greys standardised); 224,000 weights.

    Forward takes (N, 1, H, W) in [0, 1] and returns logits (N, K) and features (N, 192). Outside training the logits are
    those of the mean of the features of the picture and of its mirror image: which side is left does not matter here.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for a, b, stride in zip((2, *WIDTHS[:-1]), WIDTHS, STRIDES, strict=True):
            layers += [
                nn.Conv2d(a, b, 3, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(b),
                nn.ReLU(inplace=True),
            ]
        self.body = nn.Sequential(*layers)
        self.drop = nn.Dropout(0.25)
        self.head = nn.Linear(2 * WIDTHS[-1], classes)

    def features(self, small: torch.Tensor) -> torch.Tensor:
        """(N, 1, 96, 96) in [0, 1] → (N, 192)."""
        centred = small - small.mean(dim=(2, 3), keepdim=True)
        spread = (centred * centred).mean(dim=(2, 3), keepdim=True).sqrt()
        maps = self.body(torch.cat([2 * small - 1, centred / (spread + 0.02)], dim=1))
        return torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)

    def forward(self, film: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        small = functional.interpolate(film, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)
        features = self.features(small)
        if not self.training:
            features = 0.5 * (features + self.features(small.flip(3)))
        return self.head(self.drop(features)), features
