"""Networks of one build traced once: the exporter's graph before it is optimised depends on no learned number, so the next
network of the same build only puts its own numbers in."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from onnx_ir import Model

KEPT = 8  # graphs without their numbers, the last used
TENSORS = {"_parameters", "_buffers", "_modules"}

_graphs: OrderedDict[Hashable, Model] = OrderedDict()


class _NotPlain(Exception):
    """A module holds something of which it cannot be told whether the trace depends on it."""


def traced(
    module: torch.nn.Module,
    *,
    example: torch.Tensor,
    axes: Mapping[int, Any],
    outputs: Sequence[str],
    opset: int,
) -> torch.onnx.ONNXProgram:
    """The module as an optimised ONNX program with the numbers that it holds now.

    A module that is built like one before, part by part, is not traced again. Tracing takes seconds (DarkCovidNet 4, DenseNet-121
    15 on one core); the rest of the work a twentieth of that. The same numbers give the same program either way.

    Args:
        module: in evaluation mode on the CPU, with one input named `film`.
        example: a film to trace with.
        axes: those of the example that stay open, as torch.export.Dim.
        outputs: names of what the module gives.
        opset: of ONNX.
    """
    import torch

    tensors = {**_named(module, "parameters"), **_named(module, "buffers")}
    build = _build(module, tensors, [tuple(example.shape), *axes, *outputs, opset])
    graph = _graphs.pop(build, None) if build is not None else None
    if graph is None:
        graph = _trace(module, example=example, axes=axes, outputs=outputs, opset=opset)
        for name in tensors.keys() & graph.graph.initializers.keys():
            graph.graph.initializers[name].const_value = None  # numbers are not kept
    if build is not None:
        _graphs[build] = graph
        while len(_graphs) > KEPT:
            _graphs.popitem(last=False)
    program = torch.onnx.ONNXProgram(graph.clone(), None)
    program.apply_weights({name: t.detach() for name, t in tensors.items() if name in graph.graph.initializers})
    program.optimize()
    return program


def _trace(module: torch.nn.Module, *, example: Any, axes: Any, outputs: Sequence[str], opset: int) -> Model:
    import torch

    program = torch.onnx.export(
        module,
        (example,),
        dynamo=True,
        input_names=["film"],
        output_names=list(outputs),
        dynamic_shapes={"film": dict(axes)},
        opset_version=opset,
        verbose=False,
        optimize=False,  # folds numbers into one another
    )
    return program.model


def _named(module: torch.nn.Module, kind: str) -> dict[str, torch.Tensor]:
    """Parameters or buffers by every name that they have, also those that are not saved."""
    return dict(getattr(module, f"named_{kind}")(remove_duplicate=False))


def _build(module: torch.nn.Module, tensors: Mapping[str, torch.Tensor], call: Sequence[Any]) -> Hashable | None:
    """All that a trace can depend on: every part's class and attributes, the shapes of its tensors and which are one; None
    where that cannot be told."""
    first: dict[int, int] = {}
    shapes = tuple(
        (name, tuple(t.shape), t.dtype, t.requires_grad, first.setdefault(id(t), place))
        for place, (name, t) in enumerate(tensors.items())
    )
    try:
        parts = tuple(
            (name, type(part), tuple((key, _plain(value)) for key, value in vars(part).items() if key not in TENSORS))
            for name, part in module.named_modules(remove_duplicate=False)
        )
        return parts, shapes, _plain(call)
    except _NotPlain:
        return None


def _plain(value: Any) -> Hashable:
    """A value as something that equals only what means the same; functions and classes equal themselves."""
    import torch

    if isinstance(value, Mapping):
        return type(value), tuple((key, _plain(item)) for key, item in value.items())
    if isinstance(value, Set):
        return type(value), frozenset(map(_plain, value))
    if isinstance(value, list | tuple):
        return type(value), tuple(map(_plain, value))
    if isinstance(value, int | float | str | bytes | None | type | torch.dtype | torch.device):
        return type(value), value
    if dataclasses.is_dataclass(value):
        return type(value), _plain({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    if callable(value) and not isinstance(value, torch.nn.Module) and hasattr(value, "__qualname__"):
        return value
    raise _NotPlain
