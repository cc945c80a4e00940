"""Which units were ever above zero."""

from __future__ import annotations

import pytest

from deepcovid.training.monitor.units import Units

torch = pytest.importorskip("torch")


def test_channels_and_numbers_are_counted_over_all_films() -> None:
    from torch import nn

    net = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(8, 3), nn.ReLU())
    with torch.no_grad():
        net[2].weight.zero_()
        net[2].bias.copy_(torch.tensor([1.0, -1.0, 0.0]))
    units = Units(net)
    films = -torch.ones(2, 2, 2, 2)
    films[1, 0, 1, 1] = 1.0  # channel 0 lives in one place of one film
    with units.watching():
        net(films)
    start = units.alive
    assert [flag.tolist() for flag in start.values()] == [[True, False], [True, False, False]]
    with units.watching():
        net(-films.abs())
    layers = units.layers(start)
    assert (layers["0"].units, layers["0"].dead, layers["0"].died) == (2, 2, 1)
    assert (layers["3"].units, layers["3"].dead, layers["3"].died) == (3, 2, 0)


def test_a_layer_that_is_used_twice_counts_twice_and_frozen_ones_not_at_all() -> None:
    from torch import nn

    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.still, self.act = nn.Sequential(nn.ReLU()), nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.act(-self.act(self.still(x) + 1))

    net = Twice()
    units = Units(net, frozen=[net.still])
    with units.watching():
        for _ in range(2):
            units.begin_batch()
            net(torch.zeros(3, 4))
    assert {name: layer.dead for name, layer in units.layers({}).items()} == {"act": 0, "act:1": 4}
