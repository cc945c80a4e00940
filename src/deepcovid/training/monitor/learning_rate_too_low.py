"""The learning rate is too low: neither the loss nor the outputs move."""

from __future__ import annotations

from deepcovid.training.monitor.course import Course, Seen, mean
from deepcovid.training.monitor.finding import Finding
from deepcovid.training.monitor.symptom import symptom

EPOCHS = 5
STEPS = 40
FLAT = 0.01  # relative fall of the training loss from the first step to the last epochs
MOVED = 0.005  # mean change of the validation probabilities since the start
FROZEN_EPOCHS = 2
FROZEN_STEPS = 8
FROZEN = 1e-4  # as MOVED, and of the weights: so little that a few epochs are enough to tell
WEIGHTS = 1e-3  # change of the weights since the start, as a share of their length
LEARNED = 0.9  # of the constant guess's loss: what starts below it has learned before
RULE = (
    f"After {EPOCHS} epochs and {STEPS} steps, and past the schedule's warm-up, the training loss is within "
    f"{FLAT:.0%} of where it "
    f"was in the first epoch and not under {LEARNED:g} of the best constant guess's, and the validation films' "
    f"probabilities were in "
    f"no epoch {MOVED:g} on average from those at the start (with BatchNorm that collects statistics, or without "
    f"validation: the "
    f"weights have moved by less than {WEIGHTS:g} of their length); or after {FROZEN_EPOCHS} epochs and "
    f"{FROZEN_STEPS} steps weights "
    f"and probabilities have moved by less than {FROZEN:g}. Not said while a whole layer is dead."
)


@symptom(name="learning-rate-too-low", title="Learning rate too low", rule=RULE, place=40)
def learning_rate_too_low(course: Course) -> Finding | None:
    """The rule on where things stand against the start."""
    last = course.last
    if last.epoch <= course.warm_up or last.train_loss < LEARNED * last.chance:
        return None
    ends = course.seen[-2:] if len(course.seen) > 2 else course.seen[-1:]
    before, now = course.seen[0].train_loss, mean([one.train_loss for one in ends])
    flat = abs(before - now) <= FLAT * before
    by_films = last.moved is not None and not course.collects
    moved = max(one.moved or 0.0 for one in course.seen) if by_films else last.weights_moved
    long = len(course.seen) >= EPOCHS and course.steps >= STEPS
    soon = len(course.seen) >= FROZEN_EPOCHS and course.steps >= FROZEN_STEPS
    small = moved < (MOVED if by_films else WEIGHTS)
    frozen = moved < FROZEN and last.weights_moved < FROZEN
    if not flat or _blocked(last) or not ((long and small) or (soon and frozen)):
        return None
    what = "the validation films' probabilities have moved by" if by_films else "the weights have moved by"
    unit = " on average" if by_films else " of their length"
    evidence = (
        f"At a learning rate of {course.rate:g} {what} {moved:.1g}{unit} in {len(course.seen)} epochs ({course.steps} "
        f"steps); the training "
        f"loss was {before:.4f} in the first epoch and is {now:.4f}."
    )
    return Finding(
        name="learning-rate-too-low",
        since=1,
        evidence=evidence,
        causes=(
            "steps too short to get anywhere in so many epochs",
            "a gradient that does not arrive: dead or saturated units, weights that are all zero",
            "an optimiser's epsilon that is large beside the gradients",
        ),
        tries=(
            f"a learning rate of {course.rate * 10:g} or more, by --learning-rate; `deepcovid lr-find` tests a range of them",
            "more steps an epoch, or more epochs",
            "an optimiser that scales its steps (adam)",
        ),
        figures={
            "learning_rate": course.rate,
            "moved": last.moved,
            "weights_moved": last.weights_moved,
            "first_loss": before,
            "train_loss": now,
            "steps": course.steps,
        },
    )


def _blocked(last: Seen) -> bool:
    """Whether a layer of dead units lets nothing through, so that no learning rate would help."""
    return any(layer.dead == layer.units for layer in last.layers.values())
