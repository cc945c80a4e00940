"""A class that no validation film is ever called."""

from __future__ import annotations

from deepcovid.training.monitor.course import Course, trailing
from deepcovid.training.monitor.finding import Finding
from deepcovid.training.monitor.symptom import symptom

EPOCHS = 5  # in a row, once the training is over (or has stood still)
SHARE = 0.4  # of the planned epochs, while it goes on
FILMS = 5  # of the class on validation: fewer may all be missed by a healthy network
STILL = 0.05  # relative fall of the training loss over those epochs under which nothing is under way
RELATED = 0.005  # probability under which the class's scores do follow the label: it may be called soon
RARE = 0.1  # of the class's training films: called at least so often there, the class is known to the network
LAG = 30  # steps, with BatchNorm that collects
FEWEST = 20  # steps of a training under which it was too short to tell
RULE = (
    f"No validation film is called a class of which there are at least {FILMS}, in the last {EPOCHS} epochs, and "
    f"training films are "
    f"called it less than {RARE:g} times as often as they are of it. While the training goes on only where these "
    f"epochs are {SHARE:.0%} "
    f"of those planned, the training loss fell by less than {STILL:.0%} meanwhile, and the class's scores do not "
    f"follow the label "
    f"(one-sided Mann-Whitney test, p ≥ {RELATED:g}). Not said in the first {FEWEST} steps, {LAG} of a network with "
    f"BatchNorm."
)


@symptom(name="class-never-predicted", title="A class is never called", rule=RULE, place=60)
def class_never_predicted(course: Course) -> Finding | None:
    """The rule for the first such class."""
    last = course.last
    if not last.val_films or course.steps < (LAG if course.collects else FEWEST):
        return None
    for k, films in enumerate(last.val_true):
        if films < FILMS or last.val_called[k] or last.train_called[k] >= RARE * last.train_true[k]:
            continue
        epochs = trailing(course.seen, lambda one, k=k: not one.val_called[k])
        wanted = EPOCHS if course.over else max(EPOCHS, SHARE * course.planned)
        if epochs >= wanted and (course.over or _no_way(course, k)):
            return _finding(course, k, epochs)
    return None


def _no_way(course: Course, k: int) -> bool:
    """Whether nothing says that the class is about to be called."""
    one = course.last
    under_way = min(one.separation_p[k], one.train_separation_p[k]) < RELATED
    return not under_way and _still(course) and one.epoch > course.warm_up


def _still(course: Course) -> bool:
    """Whether the training loss hardly fell over the last epochs."""
    window = course.last_of(EPOCHS)
    return window[0].train_loss - window[-1].train_loss < STILL * abs(window[0].train_loss)


def _finding(course: Course, k: int, epochs: int) -> Finding:
    last = course.last
    since = last.epoch - epochs + 1
    evidence = (
        f"Class {k} is never called on validation since epoch {since} ({epochs} epochs), though {int(last.val_true[k])} of "
        f"{last.val_films} films are of it; in training {int(last.train_called[k])} calls for "
        f"{last.train_true[k]:.0f} films of it. "
        f"Its scores outrank the others' in {100 * last.separation[k]:.0f} % of pairs (50 % is chance)."
    )
    return Finding(
        name="class-never-predicted",
        since=since,
        evidence=evidence,
        causes=(
            "a rare class: calling none of it costs less than calling some wrongly",
            "too few steps so far, or a learning rate that is too low",
            "labels of the class that are wrong, or films of it that look like another's",
        ),
        tries=(
            '`balance = "class-weights"` or `"sampler"`, or `minority_count` on stored features',
            "an operating point that is chosen on validation, where the scores do outrank (a run chooses one)",
            "more epochs, or another learning rate (--learning-rate)",
        ),
        figures={
            "class": k,
            "epochs": epochs,
            "films": int(last.val_true[k]),
            "separation": last.separation[k],
            "separation_p": last.separation_p[k],
        },
    )
