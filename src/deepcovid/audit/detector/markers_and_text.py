"""Test 4: does the detector read what is written on a film: laterality markers and burnt-in text?"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcovid.audit.detector.areas import words
from deepcovid.audit.detector.detector_test import AuditResult, Case, Verdict, detector_test, gravest
from deepcovid.audit.detector.drawn import drawn_rows
from deepcovid.audit.detector.kinds import MARKER, TEXT
from deepcovid.audit.detector.looks import PLAIN, Alteration, Film, Need
from deepcovid.audit.detector.picture import Bars, Films
from deepcovid.audit.detector.shortcut import (
    BASE,
    Habits,
    Judged,
    Sides,
    base_rows,
    can_be_asked,
    habits,
    judged,
    needs_of,
)
from deepcovid.audit.detector.shortcut import RULE as SHORTCUT
from deepcovid.audit.detector.style_measure import PARTS, STYLE, marker_of, words_of
from deepcovid.audit.detector.within import difference_within
from deepcovid.audit.prediction import by_trees
from deepcovid.evaluation.intervals import Interval, wilson
from deepcovid.imaging.text import Mark, with_marks, without_marks
from deepcovid.storage import sha256_bytes

CHANGE, FLIPS = 0.02, 0.02
DONORS = 12  # films whose marks are laid on others
OFF = Alteration("marks off", lambda film: without_marks(film.pixels, film.marks))
RULE = (
    f"Of markers and of text: {SHORTCUT} The test's verdict is the gravest of the two; and PASS needs besides that the AUC "
    f"changes by at most {CHANGE:.2f} and at most {100 * FLIPS:.0f} % of the calls, both where all marks are taken off and "
    "where each class gets the other's."
)
Pick = Callable[[list[Mark]], list[Mark]]
PICKS: dict[str, Pick] = {MARKER: marker_of, TEXT: words_of}


@dataclass(frozen=True, eq=False)
class Changed:
    """What an alteration of films of both classes does to AUC and calls."""

    what: str
    auc: Interval
    flips: Interval | None

    @property
    def is_small(self) -> bool:
        """Within both limits."""
        few = self.flips is None or (self.flips.value or 0.0) <= FLIPS
        return abs(self.auc.value or 0.0) <= CHANGE and few

    @property
    def words(self) -> str:
        """ "marks taken off: AUC lower by 0.01 (−0.01 to 0.03), 1.2 % of calls changed"."""
        calls = "" if self.flips is None else f", {100 * (self.flips.value or 0):.1f} % of the calls change"
        return f"{self.what}: the AUC falls by {words(self.auc)}{calls}"

    def to_dict(self) -> dict[str, Any]:
        """In JSON's types."""
        return {"auc_fall": self.auc.to_dict(), "flips": None if self.flips is None else self.flips.to_dict()}


def _needs(case: Case) -> Sequence[Need]:
    if not can_be_asked(case):
        return ()
    plan = _plan(case)
    positives = Need(base_rows(case, positive=True), (PLAIN, *(sides.negative for _, sides in plan)))
    return [*needs_of([sides for _, sides in plan]), positives, Need(drawn_rows(case, each=BASE), (PLAIN, OFF, STYLE))]


@functools.lru_cache(maxsize=1)  # asked for what is needed, and again for the answer
def _plan(case: Case) -> tuple[tuple[Habits, Sides], ...]:
    found = [habits(case, kind, learn=by_trees) for kind in PICKS]
    return tuple((one, _rewritten(case, one)) for one in found)


@detector_test(
    name="markers-and-text",
    number=4,
    question="Does the detector read what is written on a film: markers and text?",
    rule=RULE,
    needs=_needs,
)
def markers_and_text(case: Case) -> AuditResult:
    """Both AUCs of markers and of text, and what becomes of the detector without marks and with the other class's."""
    if not can_be_asked(case):
        return AuditResult("CANNOT TELL", "Too few films of a class to say whether marks tell the label.")
    case.looks.ensure(_needs(case))
    plan = _plan(case)
    kinds = [judged(case, found, sides) for found, sides in plan]
    changes = [_changed(case, "all marks taken off", lambda _: OFF)]
    changes += [_swapped(case, found.kind, sides) for found, sides in plan]
    verdict = _verdict(kinds, changes)
    return AuditResult(
        verdict,
        _sentence(verdict, kinds, changes),
        {
            "kinds": [one.to_dict() for one in kinds],
            "changes": {one.what: one.to_dict() for one in changes},
            "found": _found(case),
            "limits": {"auc": CHANGE, "flips": FLIPS},
        },
        kinds=tuple(one.kind for one in kinds if one.verdict == "FAIL"),
        notes=_notes(case, kinds),
        picture=_picture(case, plan, kinds),
    )


def _rewritten(case: Case, found: Habits) -> Sides:
    """Negatives whose own marks of a kind are taken off, with those of a film of either class's habit laid on."""
    pick = PICKS[found.kind]
    first, second = (_donors(case, rows, pick) for rows in (found.positive, found.negative))
    told = " against ".join(f"{sum(map(bool, donors))} of {len(donors)} films with one" for donors in (first, second))
    positive, negative = (_writing(found.kind, pick, donors) for donors in (first, second))
    return Sides(base_rows(case, positive=False), positive, negative, f"marks laid on from {told}")


def _donors(case: Case, rows: np.ndarray, pick: Pick) -> list[list[Mark]]:
    drawn = np.random.default_rng(case.seed).permutation(rows)[:DONORS]
    return [pick(case.looks.film(int(row)).marks) for row in drawn]


def _writing(kind: str, pick: Pick, donors: list[list[Mark]]) -> Alteration:
    ink = b"".join(mark.patch.tobytes() + np.array(mark.centre).tobytes() for marks in donors for mark in marks)
    name = f"{kind} of {len(donors)} films {sha256_bytes(ink)[:16]}"

    def change(film: Film) -> np.ndarray:
        bare = without_marks(film.pixels, pick(film.marks))
        marks = donors[int(film.generator(name).integers(len(donors)))]
        return np.clip(with_marks(bare, marks), 0, 1)

    return Alteration(name, change)


def _swapped(case: Case, kind: str, sides: Sides) -> Changed:
    return _changed(case, f"{kind} of the other class", lambda positive: sides.negative if positive else sides.positive)


def _changed(case: Case, what: str, alteration: Callable[[bool], Alteration]) -> Changed:
    """What becomes of films of both classes under the alteration that each class gets."""
    sides = {positive: base_rows(case, positive=positive) for positive in (True, False)}
    rows = np.concatenate([*sides.values()])
    plain = case.looks.scores(rows)
    score = np.concatenate([case.looks.scores(mine, alteration(positive)) for positive, mine in sides.items()])
    fall = difference_within(case.positive[rows], first=plain, second=score, patient=case.patient[rows])
    threshold, flips = case.looks.classifier.threshold, None
    if threshold is not None:
        flips = wilson(int(((plain >= threshold) != (score >= threshold)).sum()), n=len(rows))
    return Changed(what, fall, flips)


def _verdict(kinds: Sequence[Judged], changes: Sequence[Changed]) -> Verdict:
    verdict = gravest([one.verdict for one in kinds])
    return "CANNOT TELL" if verdict == "PASS" and not all(one.is_small for one in changes) else verdict


def _sentence(verdict: Verdict, kinds: Sequence[Judged], changes: Sequence[Changed]) -> str:
    told = [one.words for one in kinds if one.verdict == verdict]
    large = [one.words for one in changes if not one.is_small]
    if verdict == "PASS":
        told = [one.words for one in changes[:1]] + [one.words for one in kinds]
    elif verdict == "CANNOT TELL":
        told = told or large
    sentence = "; ".join(told)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _found(case: Case) -> dict[str, Any]:
    """How many tested films of either class have a marker, and words."""
    columns = {"marker": PARTS[MARKER].start, "text": PARTS[TEXT].start}
    found: dict[str, Any] = {}
    for name, positive in (("positives", True), ("negatives", False)):
        rows = base_rows(case, positive=positive)
        values = case.looks.measured(rows, STYLE)
        found[name] = {
            what: wilson(int((values[:, column] > 0).sum()), n=len(rows)).to_dict() for what, column in columns.items()
        }
    return found


def _notes(case: Case, kinds: Sequence[Judged]) -> tuple[str, ...]:
    told = _found(case)
    notes = []
    for what in ("marker", "text"):
        shares = [_share(told[side][what]) for side in ("positives", "negatives")]
        notes.append(f"{what} found on {shares[0]} of the positives and {shares[1]} of the negatives")
    return (*notes, "dark letters on a light ground are not looked for", *(one.note for one in kinds if one.note))


def _share(told: dict[str, Any]) -> str:
    return f"{100 * told['value']:.0f} % ({100 * told['low']:.0f} to {100 * told['high']:.0f}; {told['n']} films)"


def _picture(case: Case, plan: Sequence[tuple[Habits, Sides]], kinds: Sequence[Judged]) -> Films | Bars:
    """A negative as it is, without marks, and with the positives'; AUCs where no negative has a mark."""
    rows = base_rows(case, positive=False)
    marked = rows[case.looks.measured(rows, STYLE)[:, [PARTS[MARKER].start, PARTS[TEXT].start]].max(axis=1) > 0]
    if not len(marked):
        return Bars({f"{one.kind}: moves the score": one.detector for one in kinds})
    film = case.looks.film(int(marked[0]))
    shown = [("a negative", PLAIN), ("its marks taken off", OFF)]
    shown += [(f"with a positive's {found.kind}", sides.positive) for found, sides in plan]
    return Films(tuple((caption, np.rint(255 * one.change(film)).astype(np.uint8)) for caption, one in shown))
