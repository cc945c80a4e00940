"""Processes side by side learn what one process learns; what goes wrong in one of them is said as an error of ours."""

from __future__ import annotations

import pickle
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest

torch = pytest.importorskip("torch")
import lightning_fabric  # noqa: E402

from deepcovid.datasets.phantom import make_phantoms  # noqa: E402
from deepcovid.datasets.table import load_table  # noqa: E402
from deepcovid.errors import DeepCovidError, RunError  # noqa: E402
from deepcovid.models.network import to_tensors  # noqa: E402
from deepcovid.models.weight_files import read_weights  # noqa: E402
from deepcovid.models.zoo import build_network  # noqa: E402
from deepcovid.runs.pretrain import pretrain  # noqa: E402
from deepcovid.runs.settings import Settings  # noqa: E402
from deepcovid.training.checkpoint import Checkpoint  # noqa: E402
from deepcovid.training.pretrain import loop, side_by_side  # noqa: E402
from deepcovid.training.pretrain.plan import Plan  # noqa: E402

# no BatchNorm, and a loss that looks at each film alone: the mean over processes is the mean over the batch
PLAN = Plan(
    network="squeezenet1_1", methods=(("restoration", 1.0),), size=48, steps=4, every=2, batch_size=8, phantoms=8
)


def test_two_processes_learn_what_one_learns(tmp_path: Path) -> None:
    make_phantoms(tmp_path / "films", patients=12, size=48, seed=4)
    table = load_table(tmp_path / "films" / "table.csv")
    alone, both = (
        pretrain(
            table,
            plan=PLAN,
            out=tmp_path / str(devices),
            settings=Settings(device="cpu", devices=devices, threads=1, workers=1),
        )
        for devices in (1, 2)
    )
    losses = [[row["loss"] for row in run.record["history"]] for run in (alone, both)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    first, second = (read_weights(run.weights).tensors for run in (alone, both))
    moved = [np.abs(array - second[name]).max() for name, array in first.items()]
    assert max(moved) < 1e-3
    with pytest.raises(RunError, match="devices was 2 and is now"):
        pretrain(table, plan=PLAN, out=tmp_path / "2", settings=Settings(device="cpu", threads=1, resume=True))


def test_more_devices_than_there_are_and_batches_too_small_to_divide() -> None:
    network = build_network(PLAN.network, classes=2, preprocessing=PLAN.preprocessing)
    with pytest.raises(RunError, match=r"8 films cannot be divided among 5 .*--batch-size of 10"):
        side_by_side.pretrain_side_by_side(network, plan=PLAN, devices=5, accelerator="cpu", each=1)
    if not torch.cuda.is_available():
        with pytest.raises(RunError, match="2 devices of 'cuda' cannot be had"):
            side_by_side.pretrain_side_by_side(network, plan=PLAN, devices=2, accelerator="cuda", each=1)


def test_what_the_loop_raises_reaches_the_process_that_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DeepCovidError("the loss of step 3 is no number", mend="give a lower --learning-rate")

    monkeypatch.setattr(side_by_side, "pretrain_backbone", fail)
    network = build_network(PLAN.network, classes=2, preprocessing=PLAN.preprocessing)
    given = {"checkpoint": Checkpoint(tmp_path, identity=""), "progress": None}
    said: SimpleQueue[tuple[str, str]] = SimpleQueue()
    fabric = lightning_fabric.Fabric(accelerator="cpu", devices=1)
    with pytest.raises(DeepCovidError):
        side_by_side._one(fabric, said, pickle.dumps((to_tensors(network), PLAN, 1, given)))
    assert said.get() == ("the loss of step 3 is no number", "give a lower --learning-rate")


def test_losses_are_shared_as_their_mean() -> None:
    class Two:
        world_size, device = 2, "cpu"

        def all_reduce(self, values: torch.Tensor, reduce_op: str) -> torch.Tensor:
            assert reduce_op == "mean"
            return (values + torch.tensor([3.0, 5.0])) / 2

    assert loop._shared({"vicreg": 1.0, "tasks": 1.0}, Two()) == {"vicreg": 2.0, "tasks": 3.0}  # type: ignore[arg-type]
