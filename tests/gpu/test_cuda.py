"""On a GPU: pretraining, heads and whole networks learn there what they learn on a processor. `make test-gpu` runs these.

Bits are promised on processors alone, so that figures are held to be near, not the same. DEEPCOVID_TEST_DEVICE=cpu tries the
tests themselves.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from deepcovid.datasets.phantom import make_phantoms  # noqa: E402
from deepcovid.datasets.table import Table, load_table  # noqa: E402
from deepcovid.runs.pretrain import Pretrained, pretrain  # noqa: E402
from deepcovid.runs.pretrain.pretrain import HISTORY  # noqa: E402
from deepcovid.runs.settings import Settings  # noqa: E402
from deepcovid.runs.train import Run, train  # noqa: E402
from deepcovid.training.pretrain import loop  # noqa: E402
from deepcovid.training.pretrain.plan import Plan  # noqa: E402
from deepcovid.training.recipe import load_recipe  # noqa: E402

pytestmark = pytest.mark.gpu
DEVICE = os.environ.get("DEEPCOVID_TEST_DEVICE", "cuda")
PLAN = Plan(network="squeezenet1_1", size=64, steps=40, every=10, batch_size=16, phantoms=60)
NEAR = 0.05  # of a loss


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Of 90 patients."""
    folder = tmp_path_factory.mktemp("films")
    make_phantoms(folder, patients=90, films_per_patient=(1, 2), size=96, seed=4)
    return load_table(folder / "table.csv")


def on(device: str, *, resume: bool = False, loaders: int = 0) -> Settings:
    return Settings(device=device, threads=1, workers=1, loaders=loaders, resume=resume)


@pytest.fixture(scope="module")
def here(films: Table, tmp_path_factory: pytest.TempPathFactory) -> Pretrained:
    """A pretraining on the processor."""
    return pretrain(films, plan=PLAN, out=tmp_path_factory.mktemp("cpu") / "run", settings=on("cpu"))


def test_a_pretraining_loses_what_it_loses_on_a_processor(films: Table, here: Pretrained, tmp_path: Path) -> None:
    there = pretrain(films, plan=PLAN, out=tmp_path / "run", settings=on(DEVICE, loaders=2))
    assert there.record["machine"]["device"].startswith(DEVICE)
    losses = [pd.read_csv(run.folder / HISTORY).filter(like="loss") for run in (here, there)]
    assert ((losses[0] - losses[1]).abs() < NEAR * losses[0].abs() + 0.01).all(axis=None), f"{losses[0]}\n{losses[1]}"
    assert losses[1]["loss"].is_monotonic_decreasing


def test_a_killed_pretraining_goes_on_and_ends_near(
    films: Table, here: Pretrained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []

    def killed(*things: object) -> None:
        done.append(things)
        if len(done) > 25:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "_require_finite", killed)
        with pytest.raises(KeyboardInterrupt):
            pretrain(films, plan=PLAN, out=tmp_path / "run", settings=on(DEVICE))
    resumed = pretrain(films, plan=PLAN, out=tmp_path / "run", settings=on(DEVICE, resume=True))
    wanted = here.record["history"][-1]["loss"]
    assert len(resumed.record["history"]) == PLAN.legs
    assert abs(resumed.record["history"][-1]["loss"] - wanted) < NEAR * wanted


def trained(films: Table, out: Path, *, recipe: str, device: str, **changes: object) -> Run:
    chosen = load_recipe(recipe).changed(**changes)
    return train(films, recipe=chosen, out=out, settings=on(device))


def test_a_whole_network_learns(films: Table, tmp_path: Path) -> None:
    recipe = load_recipe("small")
    sized = replace(recipe.preprocessing, size=(64, 64))
    runs = [
        trained(films, tmp_path / place, recipe="small", device=device, preprocessing=sized, epochs=6)
        for place, device in (("here", "cpu"), ("there", DEVICE))
    ]
    first, second = (pd.read_csv(run.folder / "history.csv") for run in runs)
    assert abs(first["train_loss"].iloc[0] - second["train_loss"].iloc[0]) < NEAR
    assert (runs[1].folder / "report.html").exists()


def test_a_head_on_our_own_weights_is_the_processors(films: Table, tmp_path: Path) -> None:
    scores = [
        pd.read_parquet(
            trained(films, tmp_path / place, recipe="xray-squeezenet", device=device, epochs=5).folder
            / "scores.parquet"
        )
        for place, device in (("here", "cpu"), ("there", DEVICE))
    ]
    assert (scores[0]["score"] - scores[1]["score"]).abs().max() < 1e-3
