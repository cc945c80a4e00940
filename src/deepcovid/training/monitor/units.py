"""Rectified units that are zero for every film: a dead ReLU passes no gradient, so that nothing can wake it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from deepcovid.training.monitor.course import Layer

if TYPE_CHECKING:
    import torch


def rectifiers(model: torch.nn.Module, frozen: Sequence[torch.nn.Module]) -> dict[str, torch.nn.Module]:
    """The ReLU layers outside frozen parts, by name; those cannot die."""
    from torch import nn

    still = {id(part) for parent in frozen for part in parent.modules()}
    named = model.named_modules()
    return {name: part for name, part in named if isinstance(part, nn.ReLU | nn.ReLU6) and id(part) not in still}


class Units:
    """Remembers, while it watches, which units of each ReLU layer were ever above zero.

    A unit is a channel of a feature map, or one number of a vector. Layers that are used several times in a pass (as in
    torchvision's residual blocks) count as one layer for each use.
    """

    def __init__(self, model: torch.nn.Module, *, frozen: Sequence[torch.nn.Module] = ()) -> None:
        self._layers = rectifiers(model, frozen)
        self._use: dict[str, int] = {}
        self.alive: dict[str, torch.Tensor] = {}

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Forget what was seen, and look at every pass within the block."""
        self.alive, self._use = {}, {}
        hooks = [part.register_forward_hook(self._note(name)) for name, part in self._layers.items()]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def begin_batch(self) -> None:
        """Uses of a layer are counted anew."""
        self._use = {}

    def _note(self, name: str):  # type: ignore[no-untyped-def]
        def hook(_part: object, _inputs: object, outputs: torch.Tensor) -> None:
            number = self._use.get(name, 0)
            self._use[name] = number + 1
            values = outputs.detach()
            if values.ndim < 2:
                return
            above = (values > 0).transpose(0, 1).flatten(1).any(dim=1)
            key = f"{name}:{number}"
            self.alive[key] = above | self.alive[key] if key in self.alive else above

        return hook

    def layers(self, start: dict[str, torch.Tensor]) -> dict[str, Layer]:
        """What was seen, against the units that were alive at the start."""
        told = {}
        for key, alive in self.alive.items():
            died = (~alive & start[key]).sum() if key in start else 0
            told[key.removesuffix(":0")] = Layer(units=len(alive), dead=int((~alive).sum()), died=int(died))
        return told
