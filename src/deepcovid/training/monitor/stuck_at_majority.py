"""Validation accuracy constant at the share of one class: every film is called the same, epoch after epoch."""

from __future__ import annotations

from deepcovid.training.monitor.course import Course, Seen, trailing
from deepcovid.training.monitor.finding import Finding
from deepcovid.training.monitor.symptom import symptom

EPOCHS = 5  # in a row before it is said, while the training goes on
SHARE = 0.5  # of the planned epochs: a training may begin on a plateau and leave it
STEPS = 40  # in those epochs, while the training goes on
ENOUGH = 4  # in a row, once the training is over: early stopping with Keras' patience of 3 leaves four
FEWEST = 20  # steps of a whole training under which it was too short to tell
RELATED = 0.005  # probability under which the scores do follow the label although every film is called the same
STILL = 1e-3  # change of the weights, of their length, up to which they count as those of the start
LEARNS = 0.9  # of the best constant guess's loss: below it the training side is being learned
FEW, MINORITY = 20, 5  # validation films, and those of other classes, that it takes where training learns
LAG = 30  # steps that BatchNorm's running statistics need: 0.9 to the 30th is 4 %
RULE = (
    f"Every validation film was called one and the same class in at least {EPOCHS} epochs in a row that are "
    f"{SHARE:.0%} of those "
    f"planned and hold {STEPS} steps, past the schedule's warm-up ({ENOUGH} epochs and {FEWEST} steps once the "
    f"training is over), and "
    f"the scores do not follow the label, on validation nor in training (one-sided Mann-Whitney test of the last epoch, "
    f"p ≥ {RELATED:g}; not asked where the weights moved by less than {STILL:g}). Where training learns (loss under "
    f"{LEARNS:g} of the best constant guess's) only validation is "
    f"asked, of "
    f"at least {FEW} films with {MINORITY} of other classes. Not said in the first {LAG} steps of a network with BatchNorm."
)


@symptom(name="stuck-at-majority", title="Validation accuracy constant at the share of one class", rule=RULE, place=20)
def stuck_at_majority(course: Course) -> Finding | None:
    """The rule on the last epochs."""
    last, called = course.last, course.last.one_call
    if called is None or course.several or sum(count > 0 for count in last.val_true) < 2:
        return None
    epochs = trailing(course.seen, lambda one: one.one_call == called)
    learns = last.train_loss < LEARNS * last.chance
    follows = last.weights_moved > STILL  # random weights may rank films rightly by luck, and stay as they are
    if not _long(course, epochs) or (follows and min(last.separation_p) < RELATED):
        return None
    if learns and (last.val_films < FEW or last.val_films - last.val_true[called] < MINORITY):
        return None
    if not learns and follows and min(last.train_separation_p) < RELATED:  # a plateau that is being left
        return None
    if course.collects and course.steps < LAG:
        return None
    return _finding(last, called, since=last.epoch - epochs + 1, epochs=epochs, learns=learns)


def _long(course: Course, epochs: int) -> bool:
    """Whether so many epochs at the end are enough to speak of."""
    if course.over:
        return epochs >= ENOUGH and course.steps >= FEWEST
    steps = sum(one.steps for one in course.last_of(epochs)) if epochs else 0
    wanted = max(EPOCHS, SHARE * course.planned)
    return epochs >= wanted and steps >= STEPS and course.last.epoch > course.warm_up


def _finding(last: Seen, called: int, *, since: int, epochs: int, learns: bool) -> Finding:
    inside = int(last.val_true[called])
    evidence = (
        f"Validation accuracy has stood at {100 * last.val_accuracy:.1f} % for {epochs} epochs (since epoch {since}): all "
        f"{last.val_films} films are called class {called}, which {inside} of them are. Training loss "
        f"{last.train_loss:.3g}; the "
        f"best constant guess has {last.chance:.3g}."
    )
    causes: tuple[str, ...]
    tries: tuple[str, ...]
    one_sided = "labels of validation in another order or shape than those of training"
    if learns:
        causes = (
            one_sided,
            "validation films that are prepared otherwise than training films",
            "statistics of BatchNorm that have not settled (few steps, small batches)",
            "one output of which the largest is taken: that is always the first class",
        )
        tries = (
            "compare a batch of each side: films, ranges, labels",
            "train on the validation films once: the accuracy must rise",
            "larger batches, or frozen BatchNorm",
        )
    else:
        causes = (
            "a learning rate that is too high (the network was thrown onto a plateau) or far too low",
            one_sided,
            "labels that have nothing to do with the films",
            "dead or saturated units that pass no gradient",
        )
        tries = (
            "short runs with learning rates ten times apart (--learning-rate, --epochs)",
            "over-fit 16 films first: what cannot learn them has a fault in labels or loss",
            '`balance = "class-weights"` where classes are unequal',
            "more epochs: some networks begin on a plateau; or another activation, or batch normalisation",
        )
    return Finding(
        name="stuck-at-majority",
        since=since,
        evidence=evidence,
        causes=causes,
        tries=tries,
        figures={
            "accuracy": last.val_accuracy,
            "epochs": epochs,
            "class": called,
            "films": last.val_films,
            "train_loss": last.train_loss,
            "chance": last.chance,
            "separation": list(last.separation),
        },
    )
