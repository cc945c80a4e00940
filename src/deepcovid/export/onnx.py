"""Networks as ONNX files: film pixels in, logits and the feature map that a heat map needs out."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from deepcovid.errors import DetectorError, MissingPackageError

if TYPE_CHECKING:
    import onnx

    from deepcovid.models.network import FilmNetwork

OPSET = 20  # the first with antialiased Resize is 18


def export_network(network: FilmNetwork) -> bytes:
    """The network as an ONNX model of any batch and film size.

    Input `film`: float32 (N, 1, H, W) in [0, 1]; resizing and normalisation are part of the graph. Outputs: `logits` (N, K) and
    `feature_map` (N, F, h, w). The file names no path of this machine.

    Raises:
        MissingPackageError: onnx or onnxscript is not installed.
    """
    import torch

    try:
        import onnx
        import onnxscript  # noqa: F401 - torch's exporter needs it and says so less clearly
    except ImportError as error:
        raise MissingPackageError("onnxscript", extra="train", purpose="writing model.onnx") from error
    height, width = network.preprocessing.size
    example = torch.zeros(2, 1, height + 30, width + 20)
    axes = {0: torch.export.Dim("n"), 2: torch.export.Dim("h"), 3: torch.export.Dim("w")}
    with _quiet():
        program = torch.onnx.export(
            network.cpu().eval(),
            (example,),
            dynamo=True,
            input_names=["film"],
            output_names=["logits", "feature_map"],
            dynamic_shapes={"film": axes},
            opset_version=OPSET,
            verbose=False,
        )
    model = program.model_proto
    _strip(model)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def with_head(graph: bytes, *, weight: np.ndarray, bias: np.ndarray) -> bytes:
    """The same graph with another last layer: weight (K, D), bias (K,) of the head that it was exported with.

    Raises:
        DetectorError: the graph has no such head.
    """
    import onnx

    model = onnx.load_model_from_string(graph)
    for name, array in (("head.weight", weight), ("head.bias", bias)):
        found = [tensor for tensor in model.graph.initializer if tensor.name == name]
        if len(found) != 1 or list(found[0].dims) != list(array.shape):
            raise DetectorError(f"the graph has no {name} of shape {array.shape}", mend="export the network anew")
        found[0].CopyFrom(onnx.numpy_helper.from_array(np.ascontiguousarray(array, dtype=np.float32), name))
    return bytes(model.SerializeToString())


def with_facts(graph: bytes, *, preprocessing: dict[str, object], classes: Sequence[str]) -> bytes:
    """The same graph carrying its preprocessing and classes as metadata, so that the file alone says what it is."""
    import onnx

    model = onnx.load_model_from_string(graph)
    facts = {"deepcovid.preprocessing": json.dumps(preprocessing), "deepcovid.classes": json.dumps(list(classes))}
    onnx.helper.set_model_props(model, facts)
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
