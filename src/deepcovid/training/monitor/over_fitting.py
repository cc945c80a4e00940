"""Over-fitting: training goes on improving while validation gets worse, by more than its films' scatter explains."""

from __future__ import annotations

from collections.abc import Sequence

from deepcovid.training.monitor.course import Course, Seen
from deepcovid.training.monitor.finding import Finding
from deepcovid.training.monitor.symptom import symptom

WINDOW = 3  # epochs in a row
RISE = 0.2  # of the best epoch's mean film loss, at least
LEAST = 0.1  # of the constant guess's loss, at least: a tiny loss may double and be tiny
ERRORS = 3.3  # standard errors of the paired rise: one-sided 0.05 % for one look
GRACE = 0.1  # of accuracy by which validation may be behind training
CHANCE = 1e-3  # probability, of so few right on validation if it were only GRACE behind
LAG = 50  # steps that validation must stay worse for where BatchNorm collects statistics: 0.9 to the 50th is 0.5 %
FALLEN = 0.5  # of the constant guess's loss: training must be well below it
RULE = (
    f"In {WINDOW} epochs in a row (with BatchNorm that collects statistics: for {LAG} steps) the validation films' "
    f"mean loss is "
    f"above that of the best epoch by at least {RISE:.0%} of it and {LEAST:g} of the constant guess's loss, the "
    f"training loss is "
    f"under {FALLEN:g} of the constant guess's and lower than in that epoch, and either the rise is over {ERRORS:g} "
    f"standard errors "
    f"(paired, film by film) or the validation accuracy is more than {100 * GRACE:.0f} points behind the training accuracy "
    f"(binomial, p < {CHANCE:g})."
)


@symptom(name="over-fitting", title="Over-fitting", rule=RULE, place=50)
def over_fitting(course: Course) -> Finding | None:
    """The rule on the last epochs."""
    recent = _window(course)
    if len(recent) < WINDOW or not all(_worse(course, one) for one in recent):
        return None
    last = course.last
    best = course.seen[last.best_epoch - 1]
    evidence = (
        f"Since epoch {last.best_epoch} the mean loss of the {last.val_films} validation films rose from "
        f"{last.best_loss:.3f} to "
        f"{last.best_loss + last.rise:.3f} (paired rise {last.rise:.3f}, standard error {last.rise_error:.3f}), while "
        f"the training loss fell from "
        f"{best.train_loss:.3f} to {last.train_loss:.3f}; accuracy {100 * last.train_accuracy:.0f} % in training, "
        f"{100 * last.val_accuracy:.0f} % on validation."
    )
    return Finding(
        name="over-fitting",
        since=last.best_epoch + 1,
        evidence=evidence,
        causes=(
            "too many weights that move for so few films: the training films are learned by heart",
            "labels that are partly wrong, or of no relation to the films",
            "training and validation films that differ (sources, patients, preparation)",
        ),
        tries=(
            f'`keep = "best"` with `[early_stopping]` (here it would have kept epoch {last.best_epoch})',
            "fewer trainable layers: a head on frozen features, or the last block",
            "augmentation, dropout, weight decay, mixup",
            "more films, of more patients",
        ),
        figures={
            "best_epoch": last.best_epoch,
            "best_loss": last.best_loss,
            "rise": last.rise,
            "rise_error": last.rise_error,
            "train_loss": last.train_loss,
            "train_accuracy": last.train_accuracy,
            "val_accuracy": last.val_accuracy,
            "films": last.val_films,
        },
    )


def _window(course: Course) -> Sequence[Seen]:
    """The last epochs; with BatchNorm so many that its statistics had time to follow the weights."""
    number = WINDOW
    if course.collects:
        number = max(WINDOW, -(-LAG // max(course.last.steps, 1)))
    return course.last_of(number) if len(course.seen) >= number else ()


def _worse(course: Course, one: Seen) -> bool:
    if one.val_films < 2 or one.best_epoch == one.epoch:
        return False
    risen = one.rise >= max(RISE * one.best_loss, LEAST * one.chance)
    trained = one.train_loss < min(FALLEN * one.chance, course.seen[one.best_epoch - 1].train_loss)
    return risen and trained and (one.rise > ERRORS * one.rise_error or _behind(one))


def _behind(one: Seen) -> bool:
    from scipy.stats import binom

    wanted = max(0.0, one.train_accuracy - GRACE)
    return bool(binom.cdf(round(one.val_right), one.val_films, wanted) < CHANCE)
