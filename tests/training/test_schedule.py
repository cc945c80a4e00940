from __future__ import annotations

import pytest

from deepcovid.training.recipe import Optimiser, Recipe, Schedule
from deepcovid.training.schedule import learning_rate_at, momentum_at

torch = pytest.importorskip("torch")


def _torch_rates(kind: str, recipe: Recipe, steps_per_epoch: int) -> list[tuple[float, float]]:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.Adam([parameter], lr=recipe.optimiser.learning_rate)
    total = recipe.epochs * steps_per_epoch
    if kind == "one-cycle":
        plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.optimiser.learning_rate, total_steps=total)
    elif kind == "cosine":
        plan = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, total)
    else:
        plan = torch.optim.lr_scheduler.StepLR(optimiser, 2 * steps_per_epoch, gamma=0.1)
    rates = []
    for _ in range(total):
        rates.append((optimiser.param_groups[0]["lr"], optimiser.param_groups[0]["betas"][0]))
        optimiser.step()
        plan.step()
    return rates


@pytest.mark.parametrize("kind", ["one-cycle", "cosine", "step"])
def test_rates_equal_torchs(kind: str) -> None:
    recipe = Recipe(name="x", epochs=5, optimiser=Optimiser(learning_rate=0.003), schedule=Schedule(name=kind, every=2))
    for step, (rate, momentum) in enumerate(_torch_rates(kind, recipe, 7)):
        assert learning_rate_at(recipe, step=step, steps_per_epoch=7) == pytest.approx(rate, rel=1e-9, abs=1e-15)
        ours = momentum_at(recipe, step=step, steps_per_epoch=7)
        assert ours is None if kind != "one-cycle" else ours == pytest.approx(momentum, rel=1e-9)


def test_constant_stays() -> None:
    recipe = Recipe(name="x")
    assert {learning_rate_at(recipe, step=step, steps_per_epoch=3) for step in range(300)} == {1e-4}
