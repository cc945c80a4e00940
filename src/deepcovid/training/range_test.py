"""A learning-rate range test (Smith 2017, arXiv 1506.01186, section 3.3): the rate grows step by step, the loss is watched."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deepcovid.errors import DeepCovidError, RecipeError
from deepcovid.progress import Progress, Silent
from deepcovid.training.loop import epoch_seed, set_training, set_up
from deepcovid.training.material import Material
from deepcovid.training.recipe import Recipe

if TYPE_CHECKING:
    import lightning_fabric
    import torch

BETA, STOP = 0.98, 4.0  # fastai's and Lightning's: a running mean of the loss, over so many times its lowest is the end
FEWEST = 20  # steps


@dataclass(frozen=True, kw_only=True)
class Span:
    """The rates of a test: `steps` of them from `lowest` to `highest`, each by the same factor above the one before."""

    lowest: float = 1e-7
    highest: float = 10.0
    steps: int = 100

    def __post_init__(self) -> None:
        if not 0 < self.lowest < self.highest or not math.isfinite(self.highest):
            raise RecipeError(
                f"a range test from a learning rate of {self.lowest:g} to {self.highest:g}",
                mend="give a lowest rate above 0 (--min-lr) and a highest above that (--max-lr)",
            )
        if self.steps < FEWEST:
            raise RecipeError(
                f"{self.steps} steps are too few to see a loss fall", mend=f"ask for at least {FEWEST} (--steps)"
            )

    @property
    def rates(self) -> np.ndarray:
        """The rates (steps,)."""
        return np.geomspace(self.lowest, self.highest, self.steps)


@dataclass(frozen=True, eq=False)
class RatePass:
    """One pass over the rates.

    Attributes:
        rates: (S,), those that were tried.
        losses: (S,), the mean loss of each step's batch before the step was taken.
        diverged: whether the loss flew off before the highest rate; the pass ends there.
    """

    rates: np.ndarray
    losses: np.ndarray
    diverged: bool


def range_test(
    material: Material,
    *,
    recipe: Recipe,
    fabric: lightning_fabric.Fabric,
    span: Span,
    passes: int = 1,
    progress: Progress | None = None,
) -> list[RatePass]:
    """Try the rates of `span` on the training batches, `passes` times from the same weights on other batches.

    The recipe's loss and optimiser are used, its schedule is not. The weights are afterwards what they were.

    Args:
        material: the model and its training batches; validation is not touched.
        recipe: loss, optimiser, batches and seed; same seed, same bits on a CPU.
        fabric: the device.
        span: the rates.
        passes: from 1.
        progress: told of every step.

    Raises:
        DeepCovidError: the first batch's loss is no number.
    """
    speaker = progress or Silent()
    with _kept(material.model):
        return [_pass(material, recipe, fabric, span, turn, passes, speaker) for turn in range(passes)]


@contextmanager
def _kept(model: torch.nn.Module) -> Iterator[None]:
    before = _copy(model)
    try:
        yield
    finally:
        model.load_state_dict(before)
        model.eval()


def _copy(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def _pass(
    material: Material,
    recipe: Recipe,
    fabric: lightning_fabric.Fabric,
    span: Span,
    turn: int,
    passes: int,
    progress: Progress,
) -> RatePass:
    before = _copy(material.model)
    net, optimiser, objective = set_up(material, recipe=recipe, fabric=fabric)
    set_training(net, material.frozen, batchnorm=recipe.batchnorm)
    losses: list[float] = []
    running = _Running()
    steps = zip(span.rates, _batches(material, recipe, turn=turn, steps=span.steps), strict=False)
    tracked = progress.track(steps, description=f"pass {turn + 1} of {passes}", total=span.steps)
    for rate, (inputs, targets) in tracked:
        loss = objective(material.raw(net, inputs), targets).loss
        if not math.isfinite(loss.item()):
            break
        losses.append(loss.item())
        if running.flown(losses[-1]):
            break
        for group in optimiser.param_groups:
            group["lr"] = float(rate)
        optimiser.zero_grad()
        fabric.backward(loss)
        optimiser.step()
    material.model.load_state_dict(before)
    if not losses:
        raise DeepCovidError(
            "the loss of the first batch is no number, at any learning rate",
            mend="check the films (deepcovid data check) and what the weights were loaded from (--weights)",
        )
    return RatePass(span.rates[: len(losses)], np.array(losses), diverged=len(losses) < span.steps)


def _batches(
    material: Material, recipe: Recipe, *, turn: int, steps: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """The batches of a training's epochs one after another; a second pass has those of the epochs after the first's."""
    import torch

    for epoch in itertools.count(turn * math.ceil(steps / material.steps_per_epoch)):
        torch.manual_seed(epoch_seed(recipe.seed, epoch))
        yield from material.train_batches(epoch)


class _Running:
    """The running mean of the loss, corrected for its start at zero (Kingma & Ba 2015), and its lowest value."""

    def __init__(self) -> None:
        self.sum, self.lowest, self.steps = 0.0, math.inf, 0

    def flown(self, loss: float) -> bool:
        self.steps += 1
        self.sum = BETA * self.sum + (1 - BETA) * loss
        mean = self.sum / (1 - BETA**self.steps)
        self.lowest = min(self.lowest, mean)
        return mean > STOP * self.lowest
