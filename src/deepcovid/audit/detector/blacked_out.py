"""Test 3: does the detector tell the label from films whose chest is blacked out?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deepcovid.audit.detector.areas import area, area_difference, enough, unit_words, words
from deepcovid.audit.detector.chest import BLACKED_OUT, BORDER_ONLY, CHEST_ONLY, LEAST, LUNG_SHAPE
from deepcovid.audit.detector.detector_test import AuditResult, Case, Verdict, detector_test
from deepcovid.audit.detector.looks import PLAIN, Need
from deepcovid.audit.detector.picture import Bars
from deepcovid.audit.prediction import FOLDS, by_logistic, out_of_fold
from deepcovid.evaluation.intervals import Interval, normal_quantile
from deepcovid.evaluation.planning import ASSURANCE, hanley_mcneil_error

LIMIT = 0.60  # AUC without the lungs up to which too little is told to matter, as for the source
LOSS = 0.15  # of AUC that a detector of what is in the lungs must lose without them, at least
MOST = 100_000  # films of a class, beyond which no number is named
RULE = (
    "Two AUCs on films whose chest is black decide: the detector's own score, and a head learnt anew on its features. "
    f"FAIL: the lower limit of one of them is above {LIMIT:.2f}. PASS: the upper limit of both is at most {LIMIT:.2f}, and the "
    f"detector's own score loses at least {LOSS:.2f} against the whole film, at the loss's lower limit. Else CANNOT TELL."
)
FULL, BLACK, CHEST, BORDER = "whole film", "chest blacked out", "chest only", "border only"
HEAD, HEAD_FULL = "chest blacked out, head learnt anew", "whole film, head learnt anew"
SHAPE = "shape of the lungs alone"


def _needs(case: Case) -> Sequence[Need]:
    return [Need(case.rows, (PLAIN, BLACKED_OUT, CHEST_ONLY, BORDER_ONLY, LUNG_SHAPE))]


@dataclass(frozen=True, eq=False)
class Findings:
    """What is known of films with and without their chest.

    Attributes:
        areas: AUC of each of the names above.
        loss: AUC of the whole film less that of the blacked-out one, of the detector's own score.
        fewer: films of the smaller class.
    """

    areas: Mapping[str, Interval]
    loss: Interval
    fewer: int

    @property
    def decisive(self) -> tuple[Interval, Interval]:
        """The detector's own AUC and that of a new head, without the chest."""
        return self.areas[BLACK], self.areas[HEAD]

    @property
    def verdict(self) -> Verdict:
        """By `RULE`."""
        if any(figure.low > LIMIT for figure in self.decisive):
            return "FAIL"
        silent = all(figure.high <= LIMIT for figure in self.decisive)
        return "PASS" if silent and self.loss.low >= LOSS else "CANNOT TELL"


@detector_test(
    name="blacked-out",
    number=3,
    question="Does it tell the label from films whose chest is blacked out?",
    rule=RULE,
    needs=_needs,
    bars=True,
    uses_lungs=True,
)
def blacked_out(case: Case) -> AuditResult:
    """AUCs without the chest, with the chest alone, with the border alone, and of the shape of the lungs alone."""
    lungs = case.looks.measured(case.rows, LUNG_SHAPE)[:, 0]
    rows = case.rows[lungs >= LEAST]
    notes = _notes(case, found=len(rows))
    if not enough(case.positive[rows], case.patient[rows]):
        return AuditResult("CANNOT TELL", "Too few test films in which lungs were found.", notes=notes)
    found = _find(case, rows)
    if found.areas[SHAPE].low > LIMIT:
        told = f"the shape of the lungs alone tells the label (AUC {words(found.areas[SHAPE])})"
        notes += (
            f"{told}: a part of what is left may be the outline of what was blacked out; the border is free of it",
        )
    return AuditResult(
        found.verdict,
        _sentence(found),
        {
            "auc": {name: figure.to_dict() for name, figure in found.areas.items()},
            "loss": found.loss.to_dict(),
            "limit": LIMIT,
            "least_loss": LOSS,
            "films_that_would_tell": films_that_would_tell(found) if found.verdict == "CANNOT TELL" else None,
        },
        kinds=("outside the lungs",) if found.verdict == "FAIL" else (),
        notes=notes,
        picture=Bars(found.areas, limit=LIMIT),
    )


def _find(case: Case, rows: np.ndarray) -> Findings:
    looks, positive = case.looks, case.positive[rows]
    scores = {name: looks.scores(rows, kind) for name, kind in ALTERED.items()}
    scores[HEAD] = _learnt(case, rows, looks.features(rows, BLACKED_OUT))
    scores[HEAD_FULL] = _learnt(case, rows, looks.features(rows))
    scores[SHAPE] = _learnt(case, rows, looks.measured(rows, LUNG_SHAPE))
    patient, known, seed = case.patient[rows], case.patient_known[rows], case.seed
    areas = {
        name: area(positive, score=score, patient=patient, known=known, seed=seed) for name, score in scores.items()
    }
    loss = area_difference(positive, first=scores[FULL], second=scores[BLACK], patient=patient, known=known, seed=seed)
    return Findings(areas, loss, int(min(positive.sum(), (~positive).sum())))


ALTERED = {FULL: PLAIN, BLACK: BLACKED_OUT, CHEST: CHEST_ONLY, BORDER: BORDER_ONLY}


def _learnt(case: Case, rows: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Log odds of the positive class, (n,), each film by what was learnt without its patient."""
    frame = case.frame.iloc[rows].reset_index(drop=True)
    frame = frame.assign(_class=np.where(case.positive[rows], "positive", "negative"))
    return out_of_fold(features, case.positive[rows].astype(int), frame=frame, learn=by_logistic, seed=case.seed)[:, 1]


def _sentence(found: Findings) -> str:
    own, head = found.decisive
    full = found.areas[FULL]
    told = (
        f"AUC {words(own)} for the detector, {words(head)} for a head learnt anew on its features; "
        f"{words(full)} with the whole film ({unit_words(full)})"
    )
    if found.verdict == "FAIL":
        return f"The label can be told with the chest blacked out: {told}."
    if found.verdict == "PASS":
        return f"With the chest blacked out little is left: {told}."
    return f"With the chest blacked out, {told}: {_missing(found)}."


def _missing(found: Findings) -> str:
    """What it would take to tell."""
    if any(figure.high > LIMIT for figure in found.decisive):
        needed = films_that_would_tell(found)
        if needed is None:
            return f"the AUC lies at the limit of {LIMIT:.2f}, where no number of films tells"
        return f"too few films to tell; about {needed:,} of either class would ({found.fewer:,} are here)"
    return f"the loss against the whole film, {words(found.loss)}, is not shown to be {LOSS:.2f} or more"


def films_that_would_tell(found: Findings) -> int | None:
    """Films of either class with which the limits would tell in 90 % of studies; None where no number would.

    The true AUC without the chest is taken for 0.50 where fewer films were seen than that asks for (175), and for the larger
    one that was seen else.
    """
    needed = films_for(0.5)
    if needed is not None and found.fewer >= needed:
        needed = films_for(max(figure.value or 0.5 for figure in found.decisive))
    return needed


def films_for(truth: float) -> int | None:
    """The fewest films of either class with which an interval leaves `LIMIT` out in 90 % of studies; None above `MOST`.

    Args:
        truth: the AUC without the chest.
    """
    from scipy.special import ndtri

    distance = abs(truth - LIMIT) / (normal_quantile() + float(ndtri(ASSURANCE)))
    low, high = 1, MOST
    while low < high:
        middle = (low + high) // 2
        enough_here = hanley_mcneil_error(max(truth, 0.5), n_positive=middle, n_negative=middle) <= distance
        low, high = (low, middle) if enough_here else (middle + 1, high)
    return low if low < MOST else None


def _notes(case: Case, *, found: int) -> tuple[str, ...]:
    told = [
        "the chest: the convex hull of both lungs and 4 % of the longer side round it; what is taken away is black",
        f"one segmenter finds the lungs of all films (the package's own by a network that has not learnt from the film); heads: "
        f"logistic regression, C = 0.01, standardised, {FOLDS} folds by patient; the border: the outer eighth of each side",
    ]
    if found < len(case.rows):
        told.append(f"{len(case.rows) - found:,} test films were left out: no lungs were found")
    return tuple(told)
