"""The pretraining loop in several processes, one a device, each with its part of every batch (Fabric's DDP)."""

from __future__ import annotations

import multiprocessing
import pickle
from typing import TYPE_CHECKING, Any

from deepcovid.errors import DeepCovidError, RunError
from deepcovid.models.zoo import build_network
from deepcovid.training.devices import fabric_on
from deepcovid.training.pretrain.loop import pretrain_backbone
from deepcovid.training.threads import threads

if TYPE_CHECKING:
    import lightning_fabric

    from deepcovid.models.network import FilmNetwork
    from deepcovid.training.pretrain.plan import Plan

FEWEST = 2  # films a process: BatchNorm and `vicreg` know no spread of one


def pretrain_side_by_side(
    network: FilmNetwork, *, plan: Plan, devices: int, accelerator: str, each: int, **given: Any
) -> None:
    """Train as `pretrain_backbone` does, in processes of their own; what they learnt is left in the checkpoint.

    The gradient is the mean over the processes. Losses that compare the films of a batch with each other (`vicreg`,
    BatchNorm) see the films of their own process only, so that figures are near those of one process, not the same.

    Args:
        network: with the weights to start from; it stays as it is.
        plan: as for the loop.
        devices: how many processes, each on a device of its own.
        accelerator: as Lightning Fabric names it.
        each: torch's threads in each process.
        given: what else `pretrain_backbone` takes, but for its `fabric`.

    Raises:
        RunError: there are not so many devices, a batch is too small to be divided, or a process died.
        DeepCovidError: what the loop itself raises.
    """
    import torch
    from lightning_fabric.strategies import DDPStrategy
    from torch.multiprocessing.spawn import ProcessException

    from deepcovid.models.network import to_tensors

    batch = plan.batch_size
    if batch < FEWEST * devices:
        raise RunError(
            f"a batch of {batch} films cannot be divided among {devices} processes",
            mend=f"give a --batch-size of {FEWEST * devices} or more, or fewer --devices",
        )
    fabric = fabric_on(accelerator, devices=devices, strategy=DDPStrategy(start_method="spawn"))
    said = torch.multiprocessing.get_context("spawn").SimpleQueue()
    try:
        # as bytes, since Fabric looks through its arguments for modules and fails on a frozen dataclass
        fabric.launch(_one, said, pickle.dumps((to_tensors(network), plan, each, given)))
    except KeyboardInterrupt:
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    except ProcessException as error:
        if not said.empty():
            problem, mend = said.get()
            raise DeepCovidError(problem, mend=mend) from error
        raise RunError(
            f"one of {devices} processes died: {str(error).strip().splitlines()[-1]}",
            mend="try --devices 1; with less memory a smaller --batch-size, then --resume",
        ) from error


def _one(fabric: lightning_fabric.Fabric, said: Any, packed: bytes) -> None:
    """What each process does, with a network built anew; only the first keeps checkpoints, looks and speaks."""
    import signal

    import torch

    if multiprocessing.parent_process() is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that waits is told, and ends this one

    start, plan, each, given = pickle.loads(packed)
    if not fabric.is_global_zero:
        given = given | {"progress": None}
    network = build_network(plan.network, classes=2, preprocessing=plan.preprocessing)
    network.load_state_dict({name: torch.from_numpy(array) for name, array in start.items()})
    try:
        with threads(each):
            pretrain_backbone(network, plan=plan, fabric=fabric, **given)
    except DeepCovidError as error:
        said.put((error.problem, error.mend))
        raise
