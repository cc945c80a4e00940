"""The loss is no number, or infinite: why, by what went before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepcovid.training.monitor.course import Course
from deepcovid.training.monitor.finding import Finding
from deepcovid.training.monitor.notes import Side
from deepcovid.training.monitor.symptom import symptom

NAME = "loss-not-finite"
GREW = 5.0  # times the first step's loss: from here on the step before was no accident but a divergence
RULE = (
    "The loss of a batch is no number or infinite; the training stops there. The films of the batch are looked at "
    "first, then the weights, "
    f"then whether the loss had grown to {GREW:g} times that of the first step."
)


@dataclass(frozen=True, kw_only=True)
class Broken:
    """What is known when a loss is no number.

    Attributes:
        epoch, side, step: where (step from 1, of the epoch; 0 on validation).
        loss: what came.
        films_finite: whether every number of the batch's films (or features) is one.
        weights_finite: whether every weight is.
        before: losses of the last steps before it, in their order.
        first: the loss of the first step of the training.
        rate: the recipe's learning rate.
    """

    epoch: int
    side: Side
    step: int
    loss: float
    films_finite: bool
    weights_finite: bool
    before: tuple[float, ...]
    first: float
    rate: float


@symptom(name=NAME, title="The loss is no number", rule=RULE, place=0)
def loss_not_finite(_course: Course) -> Finding | None:
    """Found at the step itself, by `broken_loss`: a course holds finished epochs only."""
    return None


def broken_loss(broken: Broken) -> Finding:
    """The finding, with its likeliest cause first."""
    where = (
        f"step {broken.step} of epoch {broken.epoch}"
        if broken.side == "train"
        else f"validation in epoch {broken.epoch}"
    )
    before = ", ".join(f"{value:.3g}" for value in broken.before[-4:])
    history = f"; the losses before were {before}" if before else ", the first of the training"
    films = "films hold numbers only" if broken.films_finite else "films hold values that are no numbers"
    weights = "weights are numbers" if broken.weights_finite else "weights are no numbers any more"
    lower = f"lower the learning rate (now {broken.rate:g}) tenfold, by --learning-rate"
    look = "look at the films for odd values: `deepcovid data check`"
    grown = bool(broken.before) and np.isfinite(broken.first) and max(broken.before) > GREW * broken.first
    rate = "a learning rate that is too high: the steps grow instead of shrinking"
    data = "films or features with values that are no numbers"
    inside = "an operation without a value inside the network: a division by zero, the logarithm of zero"
    start = "starting weights that are damaged, or no numbers"
    causes: tuple[str, ...]
    if not broken.films_finite:
        causes, tries = (data, rate), (look, lower)
    elif not broken.before and not broken.weights_finite:
        causes, tries = (start, inside), ("start from other weights", look)
    elif grown or not broken.weights_finite:
        causes, tries = (rate, inside), (lower, look)
    else:
        causes, tries = (rate, inside, data), (lower, look)
    return Finding(
        name=NAME,
        since=broken.epoch,
        evidence=f"The loss is {broken.loss} at {where}{history}; the {films}, the {weights}.",
        causes=causes,
        tries=tries,
        figures={
            "step": broken.step,
            "before": [value for value in broken.before if np.isfinite(value)],
            "films_finite": broken.films_finite,
            "weights_finite": broken.weights_finite,
        },
    )
