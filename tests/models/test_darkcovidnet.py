"""DarkCovidNet as Ozturk et al. describe it (2020, Table 1) and as their notebook builds it."""

from __future__ import annotations

import pytest
from torch import nn

from deepcovid.models.zoo import build_network


@pytest.mark.parametrize(("classes", "parameters"), [(2, 1_164_434), (3, 1_167_586)])
def test_parameters_of_the_paper(classes, parameters):
    network = build_network("darkcovidnet", classes=classes)
    assert sum(numbers.numel() for numbers in network.parameters()) == parameters


def test_seventeen_convolutions_of_the_published_widths(network_of):
    convolutions = [part for part in network_of("darkcovidnet").backbone.modules() if isinstance(part, nn.Conv2d)]
    widths = [8, 16, 32, 16, 32, 64, 32, 64, 128, 64, 128, 256, 128, 256, 128, 256, 2]
    assert [part.out_channels for part in convolutions] == widths
    assert all(part.bias is None and part.padding == (1, 1) for part in convolutions)
    assert [index for index, part in enumerate(convolutions) if part.kernel_size == (1, 1)] == [3, 6, 9, 12, 14]


def test_five_poolings_leave_thirteen_pixels(network_of):
    network = network_of("darkcovidnet")
    assert sum(isinstance(part, nn.MaxPool2d) for part in network.backbone.modules()) == 5
    assert network.head.in_features == 2 * 13 * 13  # 338, the input of the authors' linear layer
    slopes = {part.negative_slope for part in network.backbone.modules() if isinstance(part, nn.LeakyReLU)}
    assert slopes == {0.1}


def test_the_last_block_normalises_after_its_activation(network_of):
    assert [type(part) for part in network_of("darkcovidnet").backbone[-1]] == [nn.Conv2d, nn.ReLU, nn.BatchNorm2d]
