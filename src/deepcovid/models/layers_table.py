"""A network layer by layer: what each gives, its parameters, and what the whole weighs and costs for one film."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from deepcovid.models.outputs import link

if TYPE_CHECKING:
    from torch import Tensor, nn

    from deepcovid.models.network import FilmNetwork

BYTES = 4  # of a float32


@dataclass(frozen=True, kw_only=True)
class LayerRow:
    """One layer: its place in the network, its kind, its output's shape for one film (C, H, W) or (D,), its parameters.

    The shape is () for a part whose numbers are used without running it.
    """

    layer: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    trainable: int


@dataclass(frozen=True, kw_only=True)
class LayerTable:
    """A network in numbers.

    Attributes:
        network: its name.
        size, channels: of the film that the backbone receives.
        classes, output: of the logits.
        rows: its layers in the order in which they run.
        parameters: all; `trainable` of them move and `frozen` do not.
        statistics: BatchNorm's means and variances, which are kept with the weights and are no parameters.
        megabytes: parameters and statistics as float32, in millions of bytes.
        gflops: for one film, in 10⁹ operations; a multiplication and an addition are two. Convolutions and matrix
            products are counted, as torch.utils.flop_counter does.
    """

    network: str
    size: tuple[int, int]
    channels: int
    classes: int
    output: str
    rows: tuple[LayerRow, ...]
    parameters: int
    trainable: int
    frozen: int
    statistics: int
    megabytes: float
    gflops: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able values."""
        return asdict(self)


def layer_table(network: FilmNetwork) -> LayerTable:
    """The layers of a network, found by running it once; without memory or time if it was built on the device "meta".

    Args:
        network: whose `requires_grad` says what moves; its mode is evaluation afterwards.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    rows: list[LayerRow] = []
    layers = _layers(network)
    hooks = [part.register_forward_hook(_recorder(name, rows)) for name, part in layers.items()]
    height, width = network.preprocessing.size
    device = next(network.parameters()).device
    film = torch.zeros(1, network.preprocessing.channels, height, width, device=device)
    counter = FlopCounterMode(display=False)
    network.eval()
    try:
        with torch.no_grad(), warnings.catch_warnings(), counter:
            warnings.simplefilter("ignore")
            feature_map = network.backbone(film)
            place = len(rows)
            link(network.head(network.gather(feature_map)), output=network.output)
    finally:
        for hook in hooks:
            hook.remove()
    rows.insert(place, _neck(network, feature_map))
    ran = {row.layer for row in rows}
    rows += [_row(name, part, ()) for name, part in layers.items() if name not in ran and _own(part)]
    parameters = sum(tensor.numel() for tensor in network.parameters())
    trainable = sum(tensor.numel() for tensor in network.parameters() if tensor.requires_grad)
    kept = set(network.state_dict())
    statistics = sum(b.numel() for name, b in network.named_buffers() if name in kept and b.is_floating_point())
    return LayerTable(
        network=network.name,
        size=network.preprocessing.size,
        channels=network.preprocessing.channels,
        classes=network.classes,
        output=network.output,
        rows=tuple(rows),
        parameters=parameters,
        trainable=trainable,
        frozen=parameters - trainable,
        statistics=statistics,
        megabytes=(parameters + statistics) * BYTES / 1e6,
        gflops=counter.get_total_flops() / 1e9,
    )


def table_of(
    name: str,
    *,
    classes: int = 2,
    **choices: Any,
) -> LayerTable:
    """The layers of a registered network with everything trainable; `choices` are those of `build_network`.

    Raises:
        DeepCovidError: as `build_network` does.
    """
    return layer_table(weightless(name, classes=classes, **choices))


def weightless(name: str, *, classes: int = 2, **choices: Any) -> FilmNetwork:
    """A network on the device "meta": shapes without numbers, built in no time; `choices` are those of `build_network`."""
    from deepcovid.models.torchvision_import import import_torch
    from deepcovid.models.zoo import build_network

    torch = import_torch("counting layers")
    with torch.device("meta"):
        return build_network(name, classes=classes, **choices)


def _layers(network: FilmNetwork) -> dict[str, nn.Module]:
    """The parts without parts, and those that hold parameters of their own beside them (a transformer's class token)."""
    parts = {name: part for name, part in network.named_modules() if name}
    return {name: part for name, part in parts.items() if _own(part) or not any(True for _ in part.children())}


def _own(part: nn.Module) -> list[nn.Parameter]:
    return list(part.parameters(recurse=False))


def _recorder(name: str, rows: list[LayerRow]) -> Any:
    def record(part: nn.Module, _inputs: Any, output: Any) -> None:
        first = output[0] if isinstance(output, tuple) else output
        if not any(row.layer == name for row in rows):  # a layer that runs twice stands once
            rows.append(_row(name, part, tuple(first.shape[1:])))

    return record


def _row(name: str, part: nn.Module, shape: tuple[int, ...]) -> LayerRow:
    own = _own(part)
    return LayerRow(
        layer=name,
        kind=type(part).__name__,
        shape=shape,
        parameters=sum(tensor.numel() for tensor in own),
        trainable=sum(tensor.numel() for tensor in own if tensor.requires_grad),
    )


def _neck(network: FilmNetwork, feature_map: Tensor) -> LayerRow:
    kind = "Mean" if network.neck == "pool" else "Flatten"
    return LayerRow(layer="neck", kind=kind, shape=(network.gather(feature_map).shape[1],), parameters=0, trainable=0)
