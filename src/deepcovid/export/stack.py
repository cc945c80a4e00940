"""A stack as one ONNX file: every member's graph with its own preprocessing behind one film, and the combiner on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deepcovid.errors import DetectorError
from deepcovid.export.onnx import OPSET
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.detector import FEATURES, MEMBERS
from deepcovid.models.stacking import LIMIT, Combiner

if TYPE_CHECKING:
    import onnx

LARGEST = 2**31 - 1  # bytes of a protobuf message


@dataclass(frozen=True)
class MemberGraph:
    """A member of two classes: its `model.onnx`, and the size and fit of the films that its network was trained on."""

    graph: bytes
    preprocessing: Preprocessing


def stack_graph(members: Sequence[MemberGraph], combiner: Combiner) -> bytes:
    """The members' graphs and the combiner as one ONNX model of any batch and film size.

    Input `film`: float32 (N, 1, H, W) in [0, 1]. Each member sees it at its own size, resized in the graph as
    `Preprocessing.resize_film` does outside of it, borders included, so that it gives the score that it gives alone.
    Outputs: `logits` (N, 2), of which the first is 0 and the second the stack's log-odds; `member_scores` (N, M), each
    member's own probability of the positive class; `features` (N, D), the means of every member's feature maps.

    Raises:
        DetectorError: the members together are larger than an ONNX file can be.
    """
    import onnx

    if sum(len(member.graph) for member in members) > LARGEST:
        raise DetectorError(
            f"the {len(members)} members take more than the 2 GB that an ONNX file can hold",
            mend="stack fewer or smaller networks",
        )
    nodes, tensors = [], []
    sizes = {(member.preprocessing.size, member.preprocessing.fit): "" for member in members}
    for number, (size, fit) in enumerate(sizes):
        sizes[size, fit] = f"fitted{number}"
        nodes += _resizing(size, fit, name=sizes[size, fit])
    for number, member in enumerate(members):
        film = sizes[member.preprocessing.size, member.preprocessing.fit]
        inner = _placed(member.graph, prefix=f"member{number}/", film=film)
        nodes += inner.node
        tensors += inner.initializer
    top, arrays = _combining(len(members), combiner)
    graph = onnx.helper.make_graph(
        [*nodes, *top],
        "stack",
        [onnx.helper.make_tensor_value_info("film", onnx.TensorProto.FLOAT, ["n", 1, "h", "w"])],
        [
            onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["n", 2]),
            onnx.helper.make_tensor_value_info(MEMBERS, onnx.TensorProto.FLOAT, ["n", len(members)]),
            onnx.helper.make_tensor_value_info(FEATURES, onnx.TensorProto.FLOAT, ["n", "d"]),
        ],
        [*tensors, *arrays],
    )
    first = onnx.load_model_from_string(members[0].graph)
    model = onnx.helper.make_model(graph, opset_imports=first.opset_import, ir_version=first.ir_version)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _placed(graph: bytes, *, prefix: str, film: str) -> onnx.GraphProto:
    """A member's graph with `prefix` before all its names, reading the film of the name `film`."""
    import onnx

    model = onnx.load_model_from_string(graph)
    if [opset.version for opset in model.opset_import if not opset.domain] != [OPSET] or model.functions:
        raise DetectorError(
            f"a member's model.onnx is not of operator set {OPSET}, as this version writes it",
            mend="train the member again with this version",
        )
    placed: onnx.GraphProto = onnx.compose.add_prefix_graph(model.graph, prefix)
    for node in placed.node:
        names = [film if name == f"{prefix}film" else name for name in node.input]
        del node.input[:]
        node.input.extend(names)
    return placed


def _combining(members: int, combiner: Combiner) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Nodes and arrays from every member's logits (N, 2) to the stack's."""
    from onnx.helper import make_node
    from onnx.numpy_helper import from_array

    arrays = {f"combiner.{name}": array for name, array in combiner.to_tensors().items()}
    arrays |= {
        "against": np.array([[-1.0], [1.0]], dtype=np.float32),
        "lowest": np.array(-LIMIT, dtype=np.float32),
        "highest": np.array(LIMIT, dtype=np.float32),
        "nothing": np.array(0, dtype=np.float32),
        "places": np.array([2, 3], dtype=np.int64),
    }
    odds = [f"odds{number}" for number in range(members)]
    nodes = [
        make_node("MatMul", [f"member{number}/logits", "against"], [name], name=name)
        for number, name in enumerate(odds)
    ]
    means = [f"means{number}" for number in range(members)]
    nodes += [
        make_node("ReduceMean", [f"member{number}/feature_map", "places"], [name], keepdims=0, name=name)
        for number, name in enumerate(means)
    ]
    nodes += [
        make_node("Concat", means, [FEATURES], axis=1, name=FEATURES),
        make_node("Concat", odds, ["odds"], axis=1, name="odds"),
        make_node("Sigmoid", ["odds"], [MEMBERS], name=MEMBERS),
        make_node("Clip", ["odds", "lowest", "highest"], ["values0"], name="values0"),
    ]
    layers = [name.removesuffix(".weight") for name in combiner.to_tensors() if name.endswith(".weight")]
    for number, layer in enumerate(layers, start=1):
        inputs = [f"values{number - 1}", f"combiner.{layer}.weight", f"combiner.{layer}.bias"]
        hidden = layer != layers[-1]
        nodes.append(make_node("Gemm", inputs, [f"sum{number}" if hidden else "stacked"], transB=1, name=layer))
        if hidden:
            nodes.append(make_node("Relu", [f"sum{number}"], [f"values{number}"], name=f"values{number}"))
    nodes += [
        make_node("Mul", ["stacked", "nothing"], ["other"], name="other"),
        make_node("Concat", ["other", "stacked"], ["logits"], axis=1, name="logits"),
    ]
    return nodes, [from_array(array, name) for name, array in arrays.items()]


def _resizing(size: tuple[int, int], fit: str, *, name: str) -> list[onnx.NodeProto]:
    """Nodes from `film` to `name`, the film at `size`: two products with the weights of a triangle filter.

    ONNX `Resize` repeats the edge pixel where the filter reaches over the border; `Preprocessing.resize_film` gives the
    pixels inside the film all the weight there is, and so does this. Weights are float64, pixels float32.
    """
    import onnx

    height, width = size
    scaled = STRETCHED if fit == "stretch" else SCALED.replace("PICK", "Max" if fit == "crop" else "Min")
    axes = [(scaled + WEIGHTS).replace("@", axis).replace("%", other) for axis, other in (("0", "1"), ("1", "0"))]
    text = RESIZE.replace("AXES", "".join(axes)).replace("HEIGHT", str(height)).replace("WIDTH", str(width))
    nodes = list(onnx.parser.parse_graph(text).node)
    outside = {"film": "film", "fitted": name}
    for node in nodes:
        for names in (node.input, node.output):
            renamed = [outside.get(part, f"{name}/{part}") for part in names]
            del names[:]
            names.extend(renamed)
        node.name = node.output[0]
    return nodes


# In ONNX's own words; @ is the axis, % the other one, and whole numbers divide towards 0.
RESIZE = """
resize (float[n, 1, h, w] film) => (float[n, 1, HEIGHT, WIDTH] fitted)
{
    sides = Shape<start = 2>(film)
    zero = Constant<value = int64 {0}>()
    one = Constant<value = int64 {1}>()
    two = Constant<value = int64 {2}>()
    half = Constant<value = double {0.5}>()
    unit = Constant<value = double {1.0}>()
    tiny = Constant<value = double {1e-9}>()
    last = Constant<value = int64[1] {-1}>()
    side0 = Gather(sides, zero)
    side1 = Gather(sides, one)
    size0 = Constant<value = int64 {HEIGHT}>()
    size1 = Constant<value = int64 {WIDTH}>()
    AXES
    across = Transpose<perm = [1, 0]>(weights1)
    narrow = MatMul(film, across)
    fitted = MatMul(weights0, narrow)
}
"""
STRETCHED = """
    scaled@ = Identity(size@)
"""
# one scale for both sides, halves rounded up: imaging.resizing.scaled_size
SCALED = """
    doubled@ = Mul(side@, two)
    wanted@ = Mul(doubled@, size%)
    raised@ = Add(wanted@, side%)
    divisor@ = Mul(side%, two)
    follows@ = Div(raised@, divisor@)
    picked@ = PICK(size@, follows@)
    scaled@ = Max(picked@, one)
"""
# (size, side): row i is the filter of output pixel i; 0 where "pad" lays black
WEIGHTS = """
    surplus@ = Sub(scaled@, size@)
    begins@ = Div(surplus@, two)
    places@ = Range(zero, size@, one)
    indices@ = Add(places@, begins@)
    after@ = GreaterOrEqual(indices@, zero)
    before@ = Less(indices@, scaled@)
    there@ = And(after@, before@)
    exact@ = Cast<to = 11>(indices@)
    from@ = Cast<to = 11>(side@)
    onto@ = Cast<to = 11>(scaled@)
    scale@ = Div(from@, onto@)
    reach@ = Max(scale@, unit)
    middles@ = Add(exact@, half)
    centres@ = Mul(middles@, scale@)
    column@ = Unsqueeze(centres@, last)
    pixels@ = Range(zero, side@, one)
    ordered@ = Cast<to = 11>(pixels@)
    points@ = Add(ordered@, half)
    apart@ = Sub(points@, column@)
    distance@ = Abs(apart@)
    share@ = Div(distance@, reach@)
    left@ = Sub(unit, share@)
    raw@ = Relu(left@)
    sum@ = ReduceSum(raw@, last)
    total@ = Max(sum@, tiny)
    even@ = Div(raw@, total@)
    mask@ = Cast<to = 11>(there@)
    masks@ = Unsqueeze(mask@, last)
    kept@ = Mul(even@, masks@)
    weights@ = Cast<to = 1>(kept@)
"""
