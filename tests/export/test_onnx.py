from __future__ import annotations

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
    logits, feature_map = open_session(exporting.with_head(graph, weight=weight, bias=bias)).run(
        ["logits", "feature_map"], {"film": film}
    )
    np.testing.assert_allclose(logits, feature_map.mean((2, 3)) @ weight.T + bias, rtol=1e-4)
    with pytest.raises(DetectorError, match=r"no head\.weight of shape"):
        exporting.with_head(graph, weight=weight[:, :10], bias=bias)


def test_the_file_tells_its_preprocessing_and_no_path_of_this_machine(pair: tuple) -> None:
    stamped = exporting.with_facts(pair[1], preprocessing=SMALL.to_dict(), classes=["not covid", "covid"])
    props = open_session(stamped).get_modelmeta().custom_metadata_map
    assert Preprocessing.from_dict(json.loads(props["deepcovid.preprocessing"])) == SMALL
    assert json.loads(props["deepcovid.classes"]) == ["not covid", "covid"]
    for word in (b"/root", b"/home", b".py", b"site-packages"):
        assert word not in stamped


def test_a_graph_of_another_function_is_refused(pair: tuple) -> None:
    network, graph = pair
    other = exporting.with_head(graph, weight=np.ones((2, 512), np.float32), bias=np.zeros(2, np.float32))
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
