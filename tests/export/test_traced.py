"""Networks of one build are traced once, and what comes of it is what a trace of their own would give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from deepcovid.export import traced as tracing
from deepcovid.export.onnx import export_network
from deepcovid.export.parity import largest_difference
from deepcovid.imaging.preprocessing import Preprocessing

torch = pytest.importorskip("torch")
SMALL = Preprocessing(size=(16, 16), mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.2))
FILMS = np.random.default_rng(0).random((2, 1, 30, 20), dtype=np.float32)


class Slope(torch.nn.Module):
    """A layer that names nothing of what it holds, so that two of them look alike when printed."""

    def __init__(self, slope: Any) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, film: Any) -> Any:
        return film * self.slope


def network(seed: int, *, slope: Any = 0.5) -> Any:
    """Two convolutions with a BatchNorm, which the exporter folds into the first, and a linear head."""
    from deepcovid.models.network import FilmNetwork

    torch.manual_seed(seed)
    first = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, stride=2), torch.nn.BatchNorm2d(4), torch.nn.LeakyReLU(0.1))
    backbone = torch.nn.Sequential(first, Slope(slope), torch.nn.Conv2d(4, 5, 3))
    made = FilmNetwork("x", preprocessing=SMALL, backbone=backbone, neck="pool", head=torch.nn.Linear(5, 2))
    first[1].running_mean.normal_()
    return made.eval()


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What is traced from here on; nothing is known at the beginning."""
    found: list[Any] = []
    once = tracing._trace
    monkeypatch.setattr(tracing, "_trace", lambda module, **how: found.append(once(module, **how)) or found[-1])
    monkeypatch.setattr(tracing, "_graphs", type(tracing._graphs)())
    return found


def test_the_second_network_of_a_build_is_not_traced_and_gives_the_bytes_of_a_trace(traces: list[Any]) -> None:
    first, second = network(1), network(2)
    graphs = [export_network(first), export_network(second)]
    assert len(traces) == 1
    assert max(largest_difference(graph, one, FILMS) for graph, one in zip(graphs, (first, second), strict=True)) < 1e-5
    tracing._graphs.clear()
    assert export_network(second) == graphs[1]
    assert export_network(first) == graphs[0]
    assert len(traces) == 2


def test_numbers_are_not_kept(traces: list[Any]) -> None:
    export_network(network(1))
    learnt = dict(network(1).named_parameters())
    assert all(traces[0].graph.initializers[name].const_value is None for name in learnt)


@pytest.mark.parametrize("change", ["slope of a layer of ones own", "slope of a layer of torch", "classes", "frozen"])
def test_a_network_that_differs_in_anything_is_traced_anew(change: str, traces: list[Any]) -> None:
    first, other = network(1), network(1)
    match change:
        case "slope of a layer of ones own":
            other.backbone[1].slope = 0.25
        case "slope of a layer of torch":
            other.backbone[0][2].negative_slope = 0.7
        case "classes":
            other.head = torch.nn.Linear(5, 3)
        case _:
            other.backbone.requires_grad_(False)
    graphs = [export_network(first), export_network(other)]
    assert len(traces) == 2
    assert max(largest_difference(graph, one, FILMS) for graph, one in zip(graphs, (first, other), strict=True)) < 1e-5


def test_numbers_that_are_shared_are_told_from_those_that_are_equal(traces: list[Any]) -> None:
    def pair(shared: bool) -> Any:
        made = network(1)
        made.backbone.append(torch.nn.Conv2d(5, 5, 1)).append(torch.nn.Conv2d(5, 5, 1))
        made.backbone[4].load_state_dict(made.backbone[3].state_dict())
        if shared:
            made.backbone[4] = made.backbone[3]
        return made.eval()

    for one in (pair(True), pair(False)):
        torch.nn.init.normal_(one.backbone[3].weight)
        assert largest_difference(export_network(one), one, FILMS) < 1e-5
    assert len(traces) == 2


def test_what_holds_a_tensor_beside_its_numbers_is_traced_each_time(traces: list[Any]) -> None:
    """It becomes a constant of the graph, which no name tells apart."""
    scale = torch.tensor(0.5)
    for _ in range(2):
        one = network(1, slope=scale)
        assert largest_difference(export_network(one), one, FILMS) < 1e-5
        scale.mul_(4)
    assert len(traces) == 2


def test_few_are_kept(traces: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "KEPT", 2)
    for slope in (0.1, 0.2, 0.1, 0.3, 0.1, 0.2):  # the last used stays
        tracing.traced(Slope(slope), example=torch.zeros(1, 1, 2, 2), axes={}, outputs=["maps"], opset=20)
    assert len(traces) == 4
    assert len(tracing._graphs) == 2
