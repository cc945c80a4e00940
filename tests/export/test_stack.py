from __future__ import annotations

import numpy as np
import pytest

from deepcovid.errors import DetectorError
from deepcovid.export.onnx import export_network
from deepcovid.export.stack import MemberGraph, stack_graph
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.engine import open_session
from deepcovid.models.outputs import softmax
from deepcovid.models.stacking import Combiner

onnx = pytest.importorskip("onnx")


def toy(preprocessing: Preprocessing, *, opset: int = 20) -> MemberGraph:
    """Logits (0, 9 × mean over its own size, each pixel weighed by its place, less 3), so that borders count."""
    height, width = preprocessing.size
    weight = np.linspace(0, 2, height * width, dtype=np.float32).reshape(1, 1, height, width) / (height * width)
    size = f"{height}, {width}"
    text = f"""
    <ir_version: 9, opset_import: ["" : {opset}]>
    toy (float[n, 1, h, w] film) => (float[n, 2] logits, float[n, 1, hh, ww] feature_map)
    {{
        nine = Constant<value = float {{9.0}}>()
        three = Constant<value = float {{3.0}}>()
        shape = Constant<value = int64[4] {{-1, 1, {size}}}>()
        own = Reshape(film, shape)
        feature_map = Mul(own, places)
        sums = ReduceSum<keepdims = 1>(feature_map, axes)
        flat = Flatten(sums)
        nines = Mul(flat, nine)
        odds = Sub(nines, three)
        none = Sub(odds, odds)
        logits = Concat<axis = 1>(none, odds)
    }}
    """
    model = onnx.parser.parse_model(text)
    axes = np.array([1, 2, 3], np.int64)
    model.graph.initializer.extend(
        [onnx.numpy_helper.from_array(weight, "places"), onnx.numpy_helper.from_array(axes, "axes")]
    )
    return MemberGraph(model.SerializeToString(), preprocessing)


def sized(*size: int, fit: str = "stretch") -> Preprocessing:
    return Preprocessing(size=size, fit=fit, mean=(0.0,) * 3, std=(1.0,) * 3)  # type: ignore[arg-type]


LINEAR = Combiner("logistic", ((np.array([[0.7, -0.4, 1.3]]), np.array([0.2])),))
DEEP = Combiner(
    "network",
    (
        (np.array([[1.0, 0.5, -1.0], [-0.3, 0.2, 0.9]]), np.array([0.1, -0.2])),
        (np.array([[1.5, -2.0]]), np.array([0.3])),
    ),
)


@pytest.mark.parametrize("combiner", [LINEAR, DEEP], ids=["logistic", "network"])
@pytest.mark.parametrize("shape", [(90, 70), (31, 200), (24, 24), (9, 11)])
def test_one_graph_gives_what_members_and_combiner_give_apart(combiner: Combiner, shape: tuple[int, int]) -> None:
    """Each member's film is resized in the graph exactly as outside of it, borders included, whatever its fit."""
    members = [toy(sized(24, 24)), toy(sized(16, 20, fit="crop")), toy(sized(20, 12, fit="pad"))]
    film = np.random.default_rng(1).random(shape, dtype=np.float32)
    apart, maps = np.empty((1, 3)), []
    for place, member in enumerate(members):
        own = member.preprocessing.resize_film(film)[None, None]
        logits, feature_map = open_session(member.graph).run(["logits", "feature_map"], {"film": own})
        apart[0, place] = softmax(logits)[0, 1]
        maps.append(feature_map.mean())
    session = open_session(stack_graph(members, combiner))
    logits, scores, features = session.run(["logits", "member_scores", "features"], {"film": film[None, None]})
    np.testing.assert_allclose(features[0], maps, atol=1e-6)
    np.testing.assert_allclose(scores, apart, atol=2e-6)
    np.testing.assert_allclose(softmax(logits)[:, 1], combiner.score(apart), atol=5e-6)


def test_a_sure_member_is_kept_from_the_edge_as_when_it_was_fitted() -> None:
    member = toy(sized(4, 4))
    sure = Combiner("logistic", ((np.array([[10.0, 0.0]]), np.array([-100.0])),))
    film = np.full((2, 1, 4, 4), 9.0, dtype=np.float32)  # log-odds of 78
    logits = open_session(stack_graph([member, toy(sized(5, 5))], sure)).run(["logits"], {"film": film})[0]
    np.testing.assert_allclose(softmax(logits)[:, 1], sure.score(np.ones((2, 2))), rtol=1e-4)


def test_a_real_network_gives_its_own_score_within_the_stack() -> None:
    torch = pytest.importorskip("torch")
    from deepcovid.models.heads import HeadShape
    from deepcovid.models.zoo import build_network

    torch.manual_seed(0)
    padded = sized(40, 40, fit="pad")
    network = build_network(
        "rawat-cnn-local-maxima", classes=2, preprocessing=padded, head=HeadShape(hidden=(4,)), output="one-sigmoid"
    ).eval()
    member = MemberGraph(export_network(network), padded)
    film = np.random.default_rng(0).random((70, 60), dtype=np.float32)
    alone = open_session(member.graph).run(["logits"], {"film": padded.resize_film(film)[None, None]})[0]
    both = Combiner("logistic", ((np.array([[1.0, 0.0]]), np.array([0.0])),))
    session = open_session(stack_graph([member, toy(sized(8, 8))], both))
    np.testing.assert_allclose(
        softmax(session.run(["logits"], {"film": film[None, None]})[0]), softmax(alone), atol=1e-5
    )


def test_a_graph_of_other_operators_is_refused() -> None:
    with pytest.raises(DetectorError, match="not of operator set 20"):
        stack_graph([toy(sized(8, 8)), toy(sized(8, 8), opset=18)], DEEP)
