"""The learning rate is too high: the loss flies off, or stays above that of a constant guess."""

from __future__ import annotations

from collections.abc import Sequence

from deepcovid.training.monitor.course import Course, Seen, mean
from deepcovid.training.monitor.finding import Finding
from deepcovid.training.monitor.symptom import symptom

FLOWN = 10.0  # times the larger of start and constant guess, mean over an epoch: said at once
HIGH = 1.08  # times the same, in several epochs
WINDOW = 4  # epochs in a row above it, after the first
ABOVE = 1.3  # times the loss of the best constant guess: what comes back so far has lost what it learned
FALLS = 0.97  # of the first half of those epochs, the second: a training that comes down is on its way
FAR = 0.1  # by which the weights have moved, of their length: what stands still is no jumping
SPIKE = 10.0  # times the larger of start and constant guess, a single step
FLAT = 0.97  # of the constant guess's loss: above it nothing was learned after the spike
FLAT_EPOCHS = 3
BACK = 2.0  # times the lowest epoch's loss so far, and above the constant guess
RULE = (
    f"An epoch's mean training loss is over {FLOWN:g} times the larger of the loss before the first step and that of "
    f"the best "
    f"constant guess; or it stays over {HIGH:g} times that in {WINDOW} epochs after the first, the later half of them "
    f"over {FALLS:g} "
    f"of the earlier, while the weights have moved by {FAR:g} of their length; or one step was {SPIKE:g} times as "
    f"high and the last "
    f"{FLAT_EPOCHS} epochs learned nothing (over {FLAT:g} of the constant guess); or it has come back over {ABOVE:g} "
    f"times the "
    f"constant guess, twice in a row, from less than 1/{BACK:g} of that."
)


@symptom(name="learning-rate-too-high", title="Learning rate too high", rule=RULE, place=30)
def learning_rate_too_high(course: Course) -> Finding | None:
    """The four signs, the plainest first."""
    last, level = course.last, max(course.start, course.last.chance)
    if last.train_loss > FLOWN * level:
        return _finding(course, last, f"the mean training loss of epoch {last.epoch} is {last.train_loss:.3g}")
    window = course.seen[1:][-WINDOW:]
    above = [one.train_loss > HIGH * level for one in window]
    if len(window) == WINDOW and all(above) and last.weights_moved > FAR and not _falls(window):
        told = ", ".join(f"{one.train_loss:.3g}" for one in window)
        return _finding(course, window[0], f"the training loss stays high ({told} in the last {WINDOW} epochs)")
    return _after_a_spike(course, level) or _came_back(course)


def _falls(window: Sequence[Seen]) -> bool:
    half = len(window) // 2
    return mean([one.train_loss for one in window[half:]]) < FALLS * mean([one.train_loss for one in window[:half]])


def _after_a_spike(course: Course, level: float) -> Finding | None:
    recent = course.last_of(FLAT_EPOCHS)
    highest = max(course.seen, key=lambda one: one.highest_loss)
    flat = all(one.train_loss > FLAT * one.chance for one in recent)
    if len(recent) < FLAT_EPOCHS or highest.highest_loss <= SPIKE * level or not flat:
        return None
    return _finding(
        course,
        highest,
        f"a step of epoch {highest.epoch} had a loss of {highest.highest_loss:.3g}, and since then nothing is learned "
        f"(training "
        f"loss {course.last.train_loss:.3f})",
    )


def _came_back(course: Course) -> Finding | None:
    if len(course.seen) < WINDOW + 1:
        return None
    lowest = min(course.seen[:-2], key=lambda one: one.train_loss)
    recent = course.last_of(2)
    high = all(one.train_loss > max(ABOVE * one.chance, BACK * lowest.train_loss) for one in recent)
    if not high:
        return None
    return _finding(
        course,
        recent[0],
        f"the training loss was {lowest.train_loss:.3g} in epoch {lowest.epoch} and is {course.last.train_loss:.3g} now",
    )


def _finding(course: Course, since: Seen, sign: str) -> Finding:
    evidence = (
        f"At a learning rate of {course.rate:g} {sign}; the first step had {course.start:.3g}, the best constant guess has "
        f"{course.last.chance:.3g}."
    )
    return Finding(
        name="learning-rate-too-high",
        since=since.epoch,
        evidence=evidence,
        causes=(
            "steps so long that they jump over the valley",
            "inputs of an unusual range, so that ordinary steps are long (no normalisation)",
            "an optimiser without warm-up on large features",
        ),
        tries=(
            f"a learning rate of {course.rate / 10:g} (a tenth), by --learning-rate; `deepcovid lr-find` tests a range of them",
            'a warm-up: `schedule.name = "one-cycle"`',
            "check the preprocessing's mean, std and value_range",
        ),
        figures={
            "learning_rate": course.rate,
            "train_loss": course.last.train_loss,
            "highest_step": max(one.highest_loss for one in course.seen),
            "start": course.start,
            "chance": course.last.chance,
        },
    )
