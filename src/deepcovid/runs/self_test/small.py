"""The small convolutional network that the phantom bench trains in seconds, as a classifier that an audit can ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepcovid.imaging.resizing import resized
from deepcovid.models.classifier import Scored
from deepcovid.models.torchvision_import import import_torch
from deepcovid.storage import sha256_bytes

if TYPE_CHECKING:
    from torch import nn

SIDE = 96  # pixels of its input
WIDTHS = (16, 32, 48, 64)
EPOCHS = 24
BATCH = 32
RATE = 3e-3


class SmallClassifier:
    """Four strided convolutions with BatchNorm, their mean over positions, and one logit; about 50,000 weights.

    Args:
        network: trained.
    """

    name, positive, threshold = "small", "covid", 0.5

    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval()
        state = b"".join(tensor.numpy().tobytes() for tensor in network.state_dict().values())
        self.hash = sha256_bytes(state)

    def look(self, pixels: np.ndarray) -> Scored:
        """The probability of covid and 64 features of one film."""
        import torch

        with torch.inference_mode():
            film = torch.from_numpy(resized(pixels, size=(SIDE, SIDE)))[None, None]
            features = self.network[0](film - 0.5)
            logit = self.network[1](features)
        return Scored(float(torch.sigmoid(logit)), features[0].numpy().copy())

    def undecided(self, scores: np.ndarray) -> np.ndarray | None:
        """It always says."""
        return None


def train_small(films: np.ndarray, positive: np.ndarray, *, seed: int, epochs: int = EPOCHS) -> SmallClassifier:
    """Train on films, uint8 (N, H, W), by binary cross-entropy, Adam and a one-cycle rate; the same seed, the same bits.

    Args:
        films: of one size.
        positive: bool (N,).
        seed: of weights and order.
        epochs: passes over the films.
    """
    torch = import_torch("the audit's self-test")
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = _network()
    x = torch.from_numpy(np.stack([resized(film.astype(np.float32) / 255, size=(SIDE, SIDE)) for film in films]))[
        :, None
    ]
    y = torch.from_numpy(positive.astype(np.float32))[:, None]
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    steps = -(-len(x) // BATCH) * epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=RATE, total_steps=steps)
    network.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(x), generator=generator).split(BATCH):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(network(x[rows] - 0.5), y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return SmallClassifier(network)


def _network() -> nn.Module:
    from torch import nn

    layers: list[nn.Module] = []
    for before, after in zip((1, *WIDTHS[:-1]), WIDTHS, strict=True):
        layers += [nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(body, nn.Linear(WIDTHS[-1], 1))
