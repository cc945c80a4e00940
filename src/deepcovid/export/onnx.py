"""Networks as ONNX files: film pixels in, logits and what a heat map needs out."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from deepcovid.errors import DetectorError, MissingPackageError
from deepcovid.export.traced import traced
from deepcovid.models.detector import IMPORTANCE
from deepcovid.models.weight_files import BACKBONE, HEAD

if TYPE_CHECKING:
    import onnx
    import torch

    from deepcovid.models.network import FilmNetwork

OPSET = 20  # the first with antialiased Resize is 18
INNER = "network."  # put before every name where the network was wrapped


def export_network(network: FilmNetwork) -> bytes:
    """The network as an ONNX model of any batch and film size.

    Input `film`: float32 (N, 1, H, W) in [0, 1]; resizing and normalisation are part of the graph. Outputs: `logits` (N, K),
    `feature_map` (N, F, h, w), and behind hidden layers `cam_weights` (N, K, F): Grad-CAM's weight of each map, which a linear
    head has from its weights alone. The file names no path of this machine.

    Raises:
        MissingPackageError: onnx or onnxscript is not installed.
    """
    import torch

    try:
        import onnx
        import onnxscript  # noqa: F401 - torch's exporter needs it and says so less clearly
    except ImportError as error:
        raise MissingPackageError("onnxscript", extra="train", purpose="writing model.onnx") from error
    network = network.cpu().eval()
    exported, outputs = graph_of(network)
    height, width = network.preprocessing.size
    example = torch.zeros(2, 1, height + 30, width + 20)
    axes = {0: torch.export.Dim("n"), 2: torch.export.Dim("h"), 3: torch.export.Dim("w")}
    with _quiet(), _told_apart(network.head) as head:
        program = traced(exported, example=example, axes=axes, outputs=outputs, opset=OPSET)
        model = program.model_proto
    _strip(model)
    _rename(model)
    onnx.checker.check_model(model)
    return with_head(model.SerializeToString(), head)


def graph_of(network: FilmNetwork) -> tuple[torch.nn.Module, list[str]]:
    """What is exported of a network, and the names of its outputs."""
    from deepcovid.models.network import ExplainedNetwork

    names = ["logits", "feature_map"]
    return (network, names) if network.is_linear else (ExplainedNetwork(network).eval(), [*names, IMPORTANCE])


def with_head(graph: bytes, head: Mapping[str, np.ndarray]) -> bytes:
    """The same graph with other numbers in the head.

    Args:
        graph: of `export_network`.
        head: every array of the head by its name in the network's state: head.weight (U, D) and head.bias (U,), or
            head.hidden1.weight and so on.

    Raises:
        DetectorError: the graph has no such head.
    """
    import onnx

    model = onnx.load_model_from_string(graph)
    needed = {tensor.name for tensor in model.graph.initializer if tensor.name.startswith(HEAD)}
    if needed != set(head):
        raise DetectorError(
            f"the graph's head has {sorted(needed)}, and given were {sorted(head)}", mend="export the network anew"
        )
    for name, array in head.items():
        found = [tensor for tensor in model.graph.initializer if tensor.name == name]
        if len(found) != 1 or list(found[0].dims) != list(array.shape):
            raise DetectorError(f"the graph has no {name} of shape {array.shape}", mend="export the network anew")
        found[0].CopyFrom(onnx.numpy_helper.from_array(np.ascontiguousarray(array, dtype=np.float32), name))
    return bytes(model.SerializeToString())


def backbone_of(graph: bytes) -> bytes:
    """The part of a graph from film to feature map: the same bytes for every head on the same backbone.

    Args:
        graph: of `export_network`.
    """
    import onnx

    part = onnx.utils.Extractor(onnx.load_model_from_string(graph)).extract_model(["film"], ["feature_map"])
    taken = {name for node in part.graph.node for name in node.output}
    wrapped = {tensor.name for tensor in part.graph.initializer if tensor.name.startswith(INNER)}
    _unwrap(part.graph, {name for name in wrapped if name.removeprefix(INNER) not in taken})
    for node in part.graph.node:
        node.ClearField("name")  # numbered over the whole graph
    arrays = sorted(part.graph.initializer, key=lambda tensor: tensor.name)
    del part.graph.initializer[:]
    part.graph.initializer.extend(arrays)
    return bytes(part.SerializeToString(deterministic=True))


def with_facts(graph: bytes, *, classes: Sequence[str], **facts: object) -> bytes:
    """The same graph carrying its classes and other facts (its preprocessing, or its members with theirs) as metadata, so
    that the file alone says what it is."""
    import onnx

    model = onnx.load_model_from_string(graph)
    told = {**facts, "classes": list(classes)}
    onnx.helper.set_model_props(model, {f"deepcovid.{key}": json.dumps(value) for key, value in told.items()})
    return bytes(model.SerializeToString())


def _strip(model: onnx.ModelProto) -> None:
    """Take out the exporter's stack traces: they name this machine's folders and triple the size of small files."""
    model.doc_string = ""
    del model.metadata_props[:]
    model.graph.doc_string = ""
    del model.graph.metadata_props[:]
    for things in (
        model.graph.node,
        model.graph.value_info,
        model.graph.input,
        model.graph.output,
        model.graph.initializer,
    ):
        for thing in things:
            thing.doc_string = ""
            del thing.metadata_props[:]
    del model.graph.value_info[:]


def _rename(model: onnx.ModelProto) -> None:
    """Learned arrays under the names of the network's own state, also where it was wrapped."""
    learned = (f"{INNER}{HEAD}", f"{INNER}{BACKBONE}")
    _unwrap(model.graph, {tensor.name for tensor in model.graph.initializer if tensor.name.startswith(learned)})


def _unwrap(graph: onnx.GraphProto, wrapped: set[str]) -> None:
    """Take the wrapper's name from these arrays."""
    for tensor in graph.initializer:
        if tensor.name in wrapped:
            tensor.name = tensor.name.removeprefix(INNER)
    for node in graph.node:
        names = [name.removeprefix(INNER) if name in wrapped else name for name in node.input]
        del node.input[:]
        node.input.extend(names)


@contextlib.contextmanager
def _told_apart(head: torch.nn.Module) -> Iterator[dict[str, np.ndarray]]:
    """The head with a number of its own in every place, since the exporter makes one of equal arrays; its true ones."""
    import torch

    true = {f"{HEAD}{name}": tensor.numpy().copy() for name, tensor in head.state_dict().items()}
    with torch.no_grad():
        for place, tensor in enumerate(head.parameters(), start=1):
            tensor.copy_(place + torch.arange(tensor.numel(), dtype=torch.float32).view_as(tensor) / tensor.numel())
    try:
        yield true
    finally:
        head.load_state_dict({name.removeprefix(HEAD): torch.from_numpy(array) for name, array in true.items()})


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's progress lines and the deprecation warnings inside torch from the user."""
    loud = logging.getLogger("torch.onnx"), logging.getLogger("onnxscript")
    levels = [logger.level for logger in loud]
    for logger in loud:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loud, levels, strict=True):
            logger.setLevel(level)
