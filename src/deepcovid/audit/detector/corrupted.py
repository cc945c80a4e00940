"""Test 11: what is left of the detector on films that are noisy, blurred, turned, cut, or written on?"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcovid.audit.detector.areas import enough, unit_words, words
from deepcovid.audit.detector.detector_test import AuditResult, Case, Verdict, detector_test
from deepcovid.audit.detector.drawn import drawn_rows
from deepcovid.audit.detector.looks import PLAIN, Alteration, Film, Need
from deepcovid.audit.detector.picture import Curves
from deepcovid.audit.detector.within import area_within, difference_within
from deepcovid.evaluation.intervals import Interval, normal_quantile, wilson
from deepcovid.evaluation.mcnemar import holm
from deepcovid.imaging.corruptions import CORRUPTIONS, SEVERITIES

EACH = 75  # films of either class
MILD = (1, 2)
LOSS = 0.10  # of the AUC
LEVEL = 0.05
SHOWN = 6  # curves in the picture: more cannot be told apart
RULE = (
    f"FAIL: a mild corruption (severity 1 or 2 of {len(CORRUPTIONS.names())} kinds) costs more than {LOSS:.2f} of the AUC by a "
    f"one-sided paired test at {LEVEL:.2f} with Holm's adjustment over all of them. PASS: the loss's upper limit is at most "
    f"{LOSS:.2f} for every mild one. Else CANNOT TELL; also where the AUC of the films as they are has a lower limit of 0.50 or "
    f"less. On up to {EACH} tested films of either class; severities 3 to 5 are told and not judged."
)
Place = tuple[str, int]  # kind and severity


@dataclass(frozen=True, eq=False)
class _Spoilt:
    """What a corruption made of the films: their AUC, what it cost, how many calls changed, of how many it would not say."""

    auc: Interval
    loss: Interval
    flips: Interval | None
    undecided: Interval | None

    def to_dict(self) -> dict[str, Any]:
        figures = {name: getattr(self, name) for name in ("auc", "loss", "flips", "undecided")}
        return {name: None if figure is None else figure.to_dict() for name, figure in figures.items()}


def spoiling(name: str, severity: int) -> Alteration:
    """A corruption as an alteration; its grain and places are the film's own."""

    def change(film: Film) -> np.ndarray:
        return CORRUPTIONS[name].apply(film.pixels, severity=severity, seed=film.generator(name))

    return Alteration(f"corruption {name} {severity}", change)


@functools.cache
def _places() -> tuple[Place, ...]:
    return tuple((name, severity) for name in CORRUPTIONS.names() for severity in SEVERITIES)


def _needs(case: Case) -> Sequence[Need]:
    alterations = (PLAIN, *(spoiling(*place) for place in _places()))
    return [Need(drawn_rows(case, each=EACH), alterations)]


@detector_test(
    name="corrupted",
    number=11,
    question="Does the detector withstand noise, blur, other greys, slants, cuts, words and tubes?",
    rule=RULE,
    needs=_needs,
)
def corrupted(case: Case) -> AuditResult:
    """AUC, its loss and the calls that change, by kind and severity."""
    case.looks.ensure(_needs(case))
    rows = drawn_rows(case, each=EACH)
    if not enough(case.positive[rows], case.patient[rows]):
        return AuditResult("CANNOT TELL", "Too few tested films of a class to say what corruptions cost.")
    plain = case.looks.scores(rows)
    usual = area_within(case.positive[rows], score=plain, patient=case.patient[rows])
    found = {place: _spoilt(case, rows, plain, case.looks.scores(rows, spoiling(*place))) for place in _places()}
    adjusted = too_costly({place: one.loss for place, one in found.items() if place[1] in MILD})
    verdict = _verdict(usual, found, adjusted)
    return AuditResult(
        verdict,
        _sentence(verdict, usual, found, adjusted),
        {
            "plain": usual.to_dict(),
            "plain_undecided": None if (undecided := _undecided(case, plain)) is None else undecided.to_dict(),
            "corruptions": {name: {s: found[name, s].to_dict() for s in SEVERITIES} for name in CORRUPTIONS.names()},
            "p_holm": {f"{name} {severity}": p for (name, severity), p in adjusted.items()},
            "limit": LOSS,
        },
        notes=_notes(case, rows, _undecided(case, plain), found),
        picture=Curves(_curves(found), x_label="severity"),
    )


def _curves(found: Mapping[Place, _Spoilt]) -> dict[str, tuple[tuple[float, Interval], ...]]:
    """The AUC of the kinds by severity, those that leave least first."""
    curves = {name: tuple((float(s), found[name, s].auc) for s in SEVERITIES) for name in CORRUPTIONS.names()}
    return dict(sorted(curves.items(), key=lambda one: min(figure.value or 0.0 for _, figure in one[1]))[:SHOWN])


def too_costly(losses: Mapping[Place, Interval]) -> dict[Place, float]:
    """One-sided p-values, after Holm's adjustment, of "the loss is at most `LOSS`"; the deviation is the interval's."""
    from scipy.special import ndtr

    p = []
    for loss in losses.values():
        deviation = max((loss.high - loss.low) / (2 * normal_quantile()), 1e-9)
        p.append(float(ndtr(-((loss.value or 0.0) - LOSS) / deviation)))
    return dict(zip(losses, (one or 0.0 for one in holm(p)), strict=True))


def _spoilt(case: Case, rows: np.ndarray, plain: np.ndarray, score: np.ndarray) -> _Spoilt:
    positive, patient, threshold = case.positive[rows], case.patient[rows], case.looks.classifier.threshold
    auc, flips = area_within(positive, score=score, patient=patient), None
    loss = difference_within(positive, first=plain, second=score, patient=patient)
    if _same_order(plain, score):  # the difference has no variance, and an interval from both AUCs says nothing of it
        loss = Interval(value=0.0, low=0.0, high=0.0, method="the same order of films", n=loss.n, unit=loss.unit)
    if threshold is not None:
        flips = wilson(int(((plain >= threshold) != (score >= threshold)).sum()), n=len(rows))
    return _Spoilt(auc, loss, flips, _undecided(case, score))


def _undecided(case: Case, score: np.ndarray) -> Interval | None:
    """The share of films of which the detector would not say; None where it always says."""
    flags = case.looks.classifier.undecided(score)
    return None if flags is None else wilson(int(flags.sum()), n=len(flags))


def _same_order(first: np.ndarray, second: np.ndarray) -> bool:
    from scipy.stats import rankdata

    return bool(np.array_equal(rankdata(first), rankdata(second)))


def _verdict(usual: Interval, found: Mapping[Place, _Spoilt], adjusted: Mapping[Place, float]) -> Verdict:
    if usual.low <= 0.5:
        return "CANNOT TELL"
    if min(adjusted.values()) < LEVEL:
        return "FAIL"
    return "PASS" if all(found[place].loss.high <= LOSS for place in adjusted) else "CANNOT TELL"


def _sentence(
    verdict: Verdict, usual: Interval, found: Mapping[Place, _Spoilt], adjusted: Mapping[Place, float]
) -> str:
    head = f"On {unit_words(usual)} as they are the AUC is {words(usual)}"
    if usual.low <= 0.5:
        return f"{head}: too little to see what corruptions cost."
    worst = max(adjusted, key=lambda place: found[place].loss.value or 0.0)
    costs = f"of mild corruptions {worst[0]} of severity {worst[1]} costs most: {words(found[worst].loss)}"
    severe = min(found, key=lambda place: found[place].auc.value or 0.0)
    rest = f"{severe[0]} of severity {severe[1]} leaves least: AUC {words(found[severe].auc)}"
    if verdict == "FAIL":
        broken = dict.fromkeys(name for (name, _), p in adjusted.items() if p < LEVEL)
        return f"{head}. Mild corruption takes more than {LOSS:.2f} of it ({', '.join(broken)}): {costs}; {rest}."
    return f"{head}; {costs}; {rest}."


def _notes(case: Case, rows: np.ndarray, undecided: Interval | None, found: Mapping[Place, _Spoilt]) -> tuple[str, ...]:
    positive = int(case.positive[rows].sum())
    notes = [f"{positive} positive and {len(rows) - positive} negative tested films, drawn by lot, one a patient first"]
    notes.append(f"the picture shows the {SHOWN} of {len(CORRUPTIONS.names())} kinds that leave least")
    notes += [f"{name}: {kind.parameter}, {_levels(kind.levels)}" for name, kind in _kinds()]
    if case.looks.classifier.threshold is None:
        notes.append("the classifier has no threshold, so no call could change")
    if undecided is None:
        notes.append("the classifier has no rule by which it would not say, or more than two classes")
    else:
        severe = {place: one.undecided for place, one in found.items() if place[1] == max(SEVERITIES) and one.undecided}
        ordered = sorted(severe, key=lambda place: severe[place].value or 0.0)
        each = ", ".join(f"{_percent(severe[place])} under {place[0]}" for place in (ordered[0], ordered[-1]))
        notes.append(f"it would not say of {_percent(undecided)} of the films as they are; at severity 5 of {each}")
    return tuple(notes)


def _percent(share: Interval) -> str:
    return f"{100 * (share.value or 0.0):.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f})"


def _kinds() -> list[tuple[str, Any]]:
    return [(name, CORRUPTIONS[name]) for name in CORRUPTIONS.names()]


def _levels(levels: Sequence[float]) -> str:
    return ", ".join(f"{level:g}" for level in levels)
