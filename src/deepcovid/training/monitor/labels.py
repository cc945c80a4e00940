"""Labels fed in the wrong shape: columns where classes belong, one class alone, batches of one class each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from deepcovid.training.monitor.course import Course, Seen
from deepcovid.training.monitor.finding import Finding
from deepcovid.training.monitor.notes import NAMES, Side
from deepcovid.training.monitor.symptom import symptom

if TYPE_CHECKING:
    from deepcovid.training.recipe import Recipe

RAWAT = (
    "a generator of categorical labels (one column a class) in front of a single sigmoid, "
    "as is likely of Rawat's fourth network"
)
NAME = "labels-in-the-wrong-shape"
IMPROBABLE = -9.0  # log10: shuffled batches of one class each, at most one training in a thousand million
FILMS = 12  # of a side from which on one class alone is no accident
ALONE = 1e-4  # probability below which drawing one class alone is no accident
ERRORS = 4.75  # standard errors of the area under the curve by which scores run against the label: one-sided 1e-6
LAG = 30  # steps that BatchNorm's statistics need
BACKWARDS = 0.25  # share of pairs in the right order, at most
LEARNED = 0.5  # of the constant guess's loss: training has learned
RULE = (
    f"A batch's labels are no class numbers (columns of classes, numbers beyond the classes) although the recipe "
    f"mixes no films; or "
    f"every film of a side is of one class (from {FILMS} films; training: at once; validation: where training has "
    f"others, at a "
    f"probability under {ALONE:g}); or every training batch is of one class, at a probability under "
    f"1e{IMPROBABLE:.0f} if they were "
    f"shuffled; or validation scores rank against the label (under {BACKWARDS:.0%} of pairs right, by {ERRORS:g} "
    f"standard errors) "
    f"while the training loss is under {LEARNED:g} of the constant guess's."
)


@symptom(name=NAME, title="Labels fed in the wrong shape", rule=RULE, place=10)
def labels(course: Course) -> Finding | None:
    """One class alone on a side, or in every batch; what `refuse_labels` sees is found before the loss."""
    if course.several:
        return None
    one = course.last
    classes = sum(count > 0 for count in one.train_true)
    if classes == 1 and one.train_films >= FILMS:
        return _finding(
            one.epoch,
            f"All {one.train_films} training labels of epoch {one.epoch} are class {_only(one.train_true)}: there is "
            f"nothing to tell apart.",
            {"films": one.train_films, "side": "train"},
        )
    if one.mixed_chance <= IMPROBABLE:
        return _finding(
            one.epoch,
            f"Each of the {one.steps} training batches of epoch {one.epoch} holds films of one class alone; if they "
            f"were shuffled, "
            f"the probability of that were 1e{one.mixed_chance:.0f}.",
            {"batches": one.steps, "log10_probability": one.mixed_chance},
            cause="films that come sorted by class: the order is not shuffled, or labels are shifted against films",
            mend="shuffle the films of an epoch, together with their labels",
        )
    return _one_class_of_validation(course) or _reversed(course)


def _one_class_of_validation(course: Course) -> Finding | None:
    one = course.last
    if one.val_films < FILMS or sum(count > 0 for count in one.val_true) != 1:
        return None
    share = one.train_true[_only(one.val_true)] / sum(one.train_true)
    chance = share**one.val_films
    if chance >= ALONE:
        return None
    return _finding(
        one.epoch,
        f"All {one.val_films} validation labels are class {_only(one.val_true)}, of which {100 * share:.0f} % of the "
        f"training films "
        f"are: the probability of that were {chance:.0e}.",
        {"films": one.val_films, "side": "val", "probability": chance},
    )


def _reversed(course: Course) -> Finding | None:
    one = course.last
    if one.train_loss >= LEARNED * one.chance or len(one.val_true) != 2 or (course.collects and course.steps < LAG):
        return None
    against = [k for k, area in enumerate(one.separation) if area < BACKWARDS and _errors(one, k) > ERRORS]
    if not against:
        return None
    k = against[-1]
    return _finding(
        one.epoch,
        f"Validation scores run against the label: films of class {k} outrank the others in "
        f"{100 * one.separation[k]:.0f} % of pairs "
        f"(50 % is chance), while the training loss is {one.train_loss:.3f} and the best constant guess has "
        f"{one.chance:.3f}.",
        {"separation": one.separation[k], "class": k},
        cause="classes numbered in another order on validation than in training",
        mend="number the classes alike on both sides, and keep labels with their films",
    )


def _errors(one: Seen, k: int) -> float:
    """By how many standard errors of no relation the area of class k is below a half (Hanley & McNeil 1982)."""
    inside, outside = one.val_true[k], one.val_films - one.val_true[k]
    if not inside or not outside:
        return 0.0
    return (0.5 - one.separation[k]) / math.sqrt((inside + outside + 1) / (12 * inside * outside))


def _only(counts: tuple[float, ...]) -> int:
    return int(np.argmax(counts))


def refuse_labels(
    outputs: tuple[int, ...], targets: np.ndarray, *, recipe: Recipe, side: Side, epoch: int, whole: bool
) -> tuple[Finding, bool] | None:
    """What is wrong with a batch's labels, and whether the loss cannot take them; None where they are right.

    Args:
        outputs: (N, U), the shape of the network's raw outputs.
        targets: a batch's labels.
        recipe: its task, output and mixing.
        side: where the batch is from.
        epoch: from 1.
        whole: whether the labels' type is of whole numbers.
    """
    films, units = outputs
    classes = 2 if recipe.output == "one-sigmoid" else units
    place = f"{NAMES[side]} labels of epoch {epoch}"
    shape = f"shape {tuple(targets.shape)}"
    network = f"the network gives {units} {'output' if units == 1 else 'outputs'} for {films} films"
    if targets.ndim not in (1, 2) or len(targets) != films:
        return _finding(epoch, f"The {place} have the {shape}, but {network}.", {"shape": list(targets.shape)}), True
    if recipe.task == "multi-label":
        wrong = targets.ndim != 2 or targets.shape[1] != units
        sentence = f"The {place} have the {shape}, but {network}, one a finding."
        return (_finding(epoch, sentence, {"shape": list(targets.shape)}), True) if wrong else None
    if targets.ndim == 1:
        return _refuse_numbers(targets, classes=classes, place=place, epoch=epoch, whole=whole)
    return _refuse_columns(targets, recipe=recipe, classes=classes, side=side, epoch=epoch, place=place, whole=whole,
                           network=network)  # fmt: skip


def _refuse_numbers(
    targets: np.ndarray, *, classes: int, place: str, epoch: int, whole: bool
) -> tuple[Finding, bool] | None:
    found = sorted({float(value) for value in targets})
    if whole and found[0] >= 0 and found[-1] < classes:
        return None
    shown = ", ".join(f"{value:g}" for value in found[:6]) + (" …" if len(found) > 6 else "")
    kind = "" if whole else " of fractions (a floating type)"
    sentence = (
        f"The {place} are numbers{kind}: {shown}; allowed are the whole numbers 0 to {classes - 1}, the class "
        f"of each film."
    )
    return _finding(epoch, sentence, {"values": found[:20], "classes": classes}), True


def _refuse_columns(
    targets: np.ndarray,
    *,
    recipe: Recipe,
    classes: int,
    side: Side,
    epoch: int,
    place: str,
    whole: bool,
    network: str,
) -> tuple[Finding, bool] | None:
    shares = targets.shape[1] == classes and not whole and bool(np.allclose(targets.sum(axis=1), 1, atol=1e-3))
    if side == "train" and shares and (recipe.mixing.mixup or recipe.mixing.cutmix):
        return None
    sentence = (
        f"The {place} come as {targets.shape[1]} columns, shape {tuple(targets.shape)}, where one class number "
        f"a film belongs; {network}."
    )
    return _finding(epoch, sentence, {"shape": list(targets.shape)}), not shares


def _finding(
    epoch: int,
    evidence: str,
    figures: dict[str, object],
    *,
    cause: str = "a column that holds one value for all films, or another column than the label's",
    mend: str = "give one class number a film, 0 to K - 1, in the order of the films",
) -> Finding:
    columns = "column" in evidence or "shape" in evidence
    causes = (RAWAT, cause) if columns else (cause, "labels and films in different orders")
    return Finding(
        name=NAME,
        since=epoch,
        evidence=evidence,
        causes=causes,
        tries=(
            mend,
            "print the first batch of each side: shapes, types and the labels beside the films",
            "let the same generator, with the same kind of labels, serve training and validation",
        ),
        figures=figures,
    )
