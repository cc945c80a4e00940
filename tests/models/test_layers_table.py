"""Layer tables: sums that must hold, and work counted by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from deepcovid.models.architecture import ARCHITECTURES
from deepcovid.models.heads import HeadShape
from deepcovid.models.layers_table import layer_table, table_of, weightless
from deepcovid.models.zoo import architecture, build_network, network_names


@pytest.mark.parametrize("name", network_names())
def test_rows_add_up_to_the_whole(name):
    table = table_of(name)
    assert sum(row.parameters for row in table.rows) == table.parameters == architecture(name).parameters
    assert table.trainable + table.frozen == table.parameters
    assert table.gflops > 0


def test_work_is_counted_by_hand():
    """Three convolutions and four products, two operations a multiplication."""
    convolutions = 62**2 * 128 * 27 + 29**2 * 64 * 1152 + 12**2 * 128 * 576
    dense = 4608 * 256 + 256 * 64 + 64 * 16 + 16
    assert table_of("rawat-cnn-local-maxima").gflops == pytest.approx(2 * (convolutions + dense) / 1e9, rel=1e-12)


def test_frozen_parameters_and_statistics_are_told_apart():
    network = weightless("darkcovidnet", classes=3)
    network.backbone.requires_grad_(False)
    table = layer_table(network)
    norms = sum(2 * part.num_features for part in network.modules() if isinstance(part, torch.nn.BatchNorm2d))
    assert (table.parameters, table.trainable, table.statistics) == (1_167_586, 3 * 13 * 13 * 3 + 3, norms)
    assert table.megabytes == pytest.approx(4 * (1_167_586 + norms) / 1e6)


def test_a_real_network_gives_the_same_table_as_one_without_numbers():
    choices = {"size": (64, 64), "head": HeadShape(hidden=(8,)), "output": "sigmoids"}
    real = build_network("darkcovidnet", classes=2, **choices)
    assert layer_table(real) == table_of("darkcovidnet", **choices)


def test_parameters_beside_parts_and_of_parts_that_never_run_are_counted(monkeypatch):
    """As a vision transformer has them: a class token, and an attention whose output layer is used by its numbers."""

    class Attentive(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.token = torch.nn.Parameter(torch.zeros(8))
            self.patches = torch.nn.Conv2d(3, 8, 16, stride=16)
            self.attention = torch.nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, film: torch.Tensor) -> torch.Tensor:
            maps = self.patches(film) + self.token.view(1, -1, 1, 1)
            words = maps.flatten(2).transpose(1, 2)
            return self.attention(words, words, words)[0].transpose(1, 2).unflatten(2, maps.shape[2:])

    known = replace(architecture("squeezenet1_1"), name="attentive", build=lambda **_: Attentive(), size=(32, 32))
    monkeypatch.setitem(ARCHITECTURES._things, "attentive", known)
    table = table_of("attentive")
    rows = {row.layer: row for row in table.rows}
    assert sum(row.parameters for row in table.rows) == table.parameters
    assert rows["backbone"].parameters == 8
    assert rows["backbone.attention"].parameters == 3 * 8 * 8 + 3 * 8
    assert rows["backbone.attention.out_proj"].parameters == 8 * 8 + 8
    assert rows["backbone.patches"].shape == (8, 2, 2)
