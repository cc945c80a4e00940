"""Learning rate and momentum at a step, as pure functions, so that a resumed training needs no scheduler's memory."""

from __future__ import annotations

import math

from deepcovid.training.recipe import Recipe

# OneCycleLR's defaults in torch, after Smith & Topin 2018 and fastai
START_DIVISOR, FINAL_DIVISOR = 25.0, 1e4
HIGH_MOMENTUM, LOW_MOMENTUM = 0.95, 0.85


def learning_rate_at(recipe: Recipe, *, step: int, steps_per_epoch: int) -> float:
    """The learning rate of optimisation step `step` (from 0) of a training of `recipe.epochs × steps_per_epoch` steps."""
    top, schedule = recipe.optimiser.learning_rate, recipe.schedule
    total = recipe.epochs * steps_per_epoch
    if schedule.name == "one-cycle":
        return _one_cycle(step, total, schedule.warm_up, top / START_DIVISOR, top, top / START_DIVISOR / FINAL_DIVISOR)
    if schedule.name == "cosine":
        return top * (1 + math.cos(math.pi * step / total)) / 2
    if schedule.name == "step":
        return top * schedule.factor ** (step // steps_per_epoch // schedule.every)
    return top


def momentum_at(recipe: Recipe, *, step: int, steps_per_epoch: int) -> float | None:
    """The momentum (Adam: beta 1) of a step, or None where the schedule leaves it alone; only one-cycle moves it."""
    if recipe.schedule.name != "one-cycle":
        return None
    total = recipe.epochs * steps_per_epoch
    return _one_cycle(step, total, recipe.schedule.warm_up, HIGH_MOMENTUM, LOW_MOMENTUM, HIGH_MOMENTUM)


def _one_cycle(step: int, total: int, warm_up: float, start: float, middle: float, end: float) -> float:
    """Two cosine phases: start → middle over the first `warm_up` of the steps, then middle → end."""
    turn = warm_up * total - 1
    if step <= turn:
        return _cosine(start, middle, step / turn if turn > 0 else 1.0)
    return _cosine(middle, end, (step - turn) / max(total - 1 - turn, 1e-12))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))
