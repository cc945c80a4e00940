"""COVID-XNet: what is published of it, and that its equalised films reach it."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from deepcovid.models.layers_table import table_of


def test_five_blocks_and_one_linear_layer_on_their_means(network_of):
    """Class activation maps (Zhou et al. 2016) ask for a mean over positions and one layer behind it."""
    network = network_of("covid-xnet")
    assert len(network.backbone) == 5
    assert network.neck == "pool"
    assert isinstance(network.head, nn.Linear)
    assert [row.shape for row in table_of("covid-xnet").rows if row.kind == "MaxPool2d"][-1] == (128, 14, 14)


def test_films_are_equalised_first(network_of):
    """A film and its square have the same ranks, so that equalising leaves nearly the same; else they differ by 0.67."""
    film = torch.from_numpy(np.random.default_rng(0).random((1, 1, 224, 224), dtype=np.float32))
    network = network_of("covid-xnet")
    same, other = network.prepare(film), network.prepare(film**2)
    assert (same - other).abs().mean() < 0.2 * 0.67
