from __future__ import annotations

import copy
import json

import numpy as np
import pytest

from deepcovid.errors import DetectorError
from deepcovid.export import onnx as exporting
from deepcovid.export.parity import largest_difference, require_parity
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.engine import open_session

torch = pytest.importorskip("torch")
SMALL = Preprocessing(size=(48, 48), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


@pytest.fixture(scope="module")
def pair() -> tuple[object, bytes]:
    from deepcovid.models.zoo import build_network

    torch.manual_seed(0)
    network = build_network("squeezenet1_1", classes=2, preprocessing=SMALL).eval()
    return network, exporting.export_network(network)


@pytest.mark.parametrize("shape", [(1, 1, 48, 48), (3, 1, 130, 77), (1, 1, 20, 300)])
def test_the_graph_says_what_the_network_says_at_any_size(pair: tuple, shape: tuple[int, ...]) -> None:
    films = np.random.default_rng(0).random(shape, dtype=np.float32)
    assert largest_difference(pair[1], pair[0], films) < 1e-4


def test_resizing_before_the_graph_or_in_it_is_the_same(pair: tuple) -> None:
    film = np.random.default_rng(1).random((301, 222), dtype=np.float32)
    session = open_session(pair[1])
    inside = session.run(["logits"], {"film": film[None, None]})[0]
    before = session.run(["logits"], {"film": SMALL.resize_film(film)[None, None]})[0]
    np.testing.assert_allclose(inside, before, atol=1e-4)


def test_the_head_can_be_replaced(pair: tuple) -> None:
    graph = pair[1]
    weight = np.arange(1024, dtype=np.float32).reshape(2, 512) / 1000
    bias = np.array([1.0, -2.0], dtype=np.float32)
    film = np.random.default_rng(2).random((1, 1, 48, 48), dtype=np.float32)
    logits, feature_map = open_session(exporting.with_head(graph, {"head.weight": weight, "head.bias": bias})).run(
        ["logits", "feature_map"], {"film": film}
    )
    np.testing.assert_allclose(logits, feature_map.mean((2, 3)) @ weight.T + bias, rtol=1e-4)
    with pytest.raises(DetectorError, match=r"no head\.weight of shape"):
        exporting.with_head(graph, {"head.weight": weight[:, :10], "head.bias": bias})
    with pytest.raises(DetectorError, match=r"given were \['head\.output\.weight'\]"):
        exporting.with_head(graph, {"head.output.weight": weight})


def test_the_file_tells_its_preprocessing_and_no_path_of_this_machine(pair: tuple) -> None:
    stamped = exporting.with_facts(pair[1], preprocessing=SMALL.to_dict(), classes=["not covid", "covid"])
    props = open_session(stamped).get_modelmeta().custom_metadata_map
    assert Preprocessing.from_dict(json.loads(props["deepcovid.preprocessing"])) == SMALL
    assert json.loads(props["deepcovid.classes"]) == ["not covid", "covid"]
    for word in (b"/root", b"/home", b".py", b"site-packages"):
        assert word not in stamped


def test_a_graph_of_another_function_is_refused(pair: tuple) -> None:
    network, graph = pair
    other = exporting.with_head(
        graph, {"head.weight": np.ones((2, 512), np.float32), "head.bias": np.zeros(2, np.float32)}
    )
    with pytest.raises(DetectorError, match=r"model\.onnx and the network differ"):
        require_parity(other, network, np.full((1, 1, 48, 48), 0.5, np.float32))


def test_the_same_film_gives_the_same_bits_alone_or_among_others(pair: tuple) -> None:
    """Why one film a call on one thread is enough: neighbours and threads change nothing."""
    films = np.random.default_rng(3).random((4, 1, 48, 48), dtype=np.float32)
    session = open_session(pair[1])
    alone = [session.run(["feature_map"], {"film": film[None]})[0] for film in films]
    again = [session.run(["feature_map"], {"film": film[None]})[0] for film in films[::-1]][::-1]
    for first, second in zip(alone, again, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.fixture(scope="module")
def deep() -> tuple[object, bytes]:
    """Two hidden layers of one width, so that the exporter meets equal biases, and one sigmoid."""
    from deepcovid.models.heads import HeadShape
    from deepcovid.models.zoo import build_network

    torch.manual_seed(1)
    head = HeadShape(hidden=(8, 8), activation="elu", dropout=0.4)
    network = build_network("squeezenet1_1", classes=2, preprocessing=SMALL, head=head, output="one-sigmoid").eval()
    return network, exporting.export_network(network)


def test_hidden_layers_export_with_the_weights_of_their_maps(deep: tuple) -> None:
    network, graph = deep
    films = np.random.default_rng(4).random((3, 1, 70, 50), dtype=np.float32)
    assert largest_difference(graph, network, films) < 1e-4
    assert [output.name for output in open_session(graph).get_outputs()] == ["logits", "feature_map", "cam_weights"]


def test_every_layer_of_a_head_can_be_replaced(deep: tuple) -> None:
    network, graph = deep
    torch.manual_seed(8)
    other = copy.deepcopy(network)
    for tensor in other.head.parameters():
        torch.nn.init.normal_(tensor)
    head = {f"head.{name}": tensor.detach().numpy() for name, tensor in other.head.state_dict().items()}
    films = np.random.default_rng(5).random((2, 1, 48, 48), dtype=np.float32)
    assert largest_difference(exporting.with_head(graph, head), other, films) < 1e-4
    with pytest.raises(DetectorError, match="the graph's head has"):
        exporting.with_head(graph, {"head.weight": np.zeros((1, 512), np.float32)})


def test_exporting_leaves_the_network_as_it_was(deep: tuple) -> None:
    network = deep[0]
    assert not network.head.hidden1.bias.any()
    assert network.head.hidden1.weight.abs().max() < 1


def test_two_sigmoids_export_without_overflow(pair: tuple) -> None:
    from deepcovid.models.network import FilmNetwork

    linear = pair[0]
    network = FilmNetwork(
        "squeezenet1_1",
        preprocessing=SMALL,
        backbone=linear.backbone,
        neck="pool",
        head=copy.deepcopy(linear.head),
        output="sigmoids",
    ).eval()
    with torch.no_grad():
        network.head.bias.copy_(torch.tensor([-200.0, 200.0]))
    logits = open_session(exporting.export_network(network)).run(
        ["logits"], {"film": np.full((1, 1, 48, 48), 0.5, np.float32)}
    )[0]
    assert np.isfinite(logits).all()
    assert logits[0, 0] == pytest.approx(-200, abs=5)
    assert logits[0, 1] == pytest.approx(0, abs=1e-6)


def test_the_backbone_of_a_graph_is_the_same_for_every_head_and_gives_the_same_feature_map(pair: tuple) -> None:
    from deepcovid.models.heads import HeadShape
    from deepcovid.models.zoo import build_network

    torch.manual_seed(0)
    deep = HeadShape(hidden=(5,), dropout=0.3)
    other = build_network("squeezenet1_1", classes=2, preprocessing=SMALL, head=deep, output="sigmoids").eval()
    other.backbone.load_state_dict(pair[0].backbone.state_dict())
    film = np.random.default_rng(0).random((1, 1, 50, 60), dtype=np.float32)
    parts = []
    for graph in (pair[1], exporting.export_network(other)):
        part = exporting.backbone_of(graph)
        whole, alone = (open_session(one).run(["feature_map"], {"film": film})[0] for one in (graph, part))
        assert whole.tobytes() == alone.tobytes()
        parts.append(part)
    assert parts[0] == parts[1]
