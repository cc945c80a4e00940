"""A training's memory on disk: the last finished epoch and the best one, as safetensors, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcovid.errors import RunError
from deepcovid.storage import write_tensors

if TYPE_CHECKING:
    import torch

Row = dict[str, float | int]


class Checkpoint:
    """The folder that a training of one configuration writes to and resumes from.

    Args:
        folder: where; made when first written to.
        identity: hash of all that decides the training; a checkpoint of another identity is refused.
    """

    def __init__(self, folder: Path, *, identity: str) -> None:
        self.folder, self.last, self.identity = folder, folder / "last.safetensors", identity
        self.memory: dict[str, Any] = {}  # what the monitor saw, in JSON's types; kept with the last epoch

    def _best(self, epoch: int) -> Path:
        return self.folder / f"best-{epoch:05d}.safetensors"

    def save_best(self, model: torch.nn.Module, *, epoch: int) -> None:
        """Keep the model of `epoch`, the best so far; those before go once `save_last` knows of it."""
        write_tensors(self._best(epoch), {name: tensor.cpu().numpy() for name, tensor in model.state_dict().items()})

    def forget_but(self, epoch: int) -> None:
        """Delete the models of other best epochs."""
        for path in self.folder.glob("best-*.safetensors"):
            if path != self._best(epoch):
                path.unlink(missing_ok=True)

    def save_last(self, model: torch.nn.Module, optimiser: torch.optim.Optimizer, history: list[Row]) -> None:
        """Keep the state after an epoch: the model, what the optimiser remembers, the history."""
        tensors = {f"model.{name}": tensor.cpu().numpy() for name, tensor in model.state_dict().items()}
        for index, memory in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{key}": value.cpu().numpy() for key, value in memory.items()}
        memo = json.dumps({"identity": self.identity, "history": history, "memory": self.memory})
        write_tensors(self.last, tensors, metadata={"deepcovid": memo})

    def load_last(self, model: torch.nn.Module, optimiser: torch.optim.Optimizer) -> list[Row]:
        """Bring model and optimiser to the last finished epoch; the history, or [] when there is none.

        Raises:
            RunError: the checkpoint belongs to another training.
        """
        from safetensors import safe_open

        if not self.last.exists():
            return []
        with safe_open(self.last, framework="pt") as file:
            memo = json.loads(file.metadata()["deepcovid"])
            if memo["identity"] != self.identity:
                raise RunError(
                    "the checkpoint belongs to another data set or recipe",
                    path=self.last,
                    mend="choose another --out, or delete the checkpoint folder to begin anew",
                )
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        model.load_state_dict({name[6:]: tensor for name, tensor in tensors.items() if name.startswith("model.")})
        state = optimiser.state_dict()
        state["state"] = _optimiser_memory(tensors)
        optimiser.load_state_dict(state)
        self.memory = memo.get("memory", {})
        history: list[Row] = memo["history"]
        return history

    def load_best(self, model: torch.nn.Module, *, epoch: int) -> None:
        """Bring the model to its best epoch.

        Raises:
            RunError: that epoch's model is gone.
        """
        from safetensors.torch import load_file

        if not self._best(epoch).exists():
            raise RunError(
                "the best epoch's model is missing",
                path=self._best(epoch),
                mend="delete the checkpoint folder to begin anew",
            )
        model.load_state_dict(load_file(self._best(epoch)))


def _optimiser_memory(tensors: dict[str, torch.Tensor]) -> dict[int, dict[str, Any]]:
    memory: dict[int, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimiser."):
            _, index, key = name.split(".", 2)
            memory.setdefault(int(index), {})[key] = tensor
    return memory
