"""Test 5: does a head, or a network, that never saw a source tell disease there, and as well as one that did?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.audit.detector.areas import unit_words, words
from deepcovid.audit.detector.detector_test import AuditResult, Case, Need, Verdict, detector_test
from deepcovid.audit.detector.looks import PLAIN
from deepcovid.audit.detector.picture import Bars
from deepcovid.audit.detector.within import area_within, difference_within
from deepcovid.audit.prediction import FOLDS, by_logistic, out_of_fold
from deepcovid.evaluation.intervals import CONFIDENCE, Interval
from deepcovid.evaluation.planning import films_for_auc

FEWEST = 10  # patients of a class that are tested in a part, or it is not held out
LEARNT = 20  # patients of each class that a head must have left to learn from
MOST = 12  # parts; the largest are held out
CHANCE, DROP = 0.5, 0.05  # what the AUC's lower limit must pass, and how much may be lost, for a PASS
POOR, LOST = 0.60, 0.10  # what the AUC's upper limit, or the loss's lower limit, says for a FAIL
LEVEL = 0.99  # of the limits that a FAIL hangs on, over all parts together
RULE = (
    f"Each source with tested films of {FEWEST} patients of both classes is held out; of sources that hold one class, each of "
    "positives is held out together with each of negatives. A logistic regression on the detector's features learns from all "
    f"other sources and is asked of the tested films held out. PASS: every AUC's lower limit is above {CHANCE:.1f}, and none is "
    f"more than {DROP:.2f} below that of a head that learnt from the source's other patients too (five folds). FAIL: for some "
    f"part, with 99 % limits for all parts together, the loss's lower limit is above {LOST:.2f}; or it is above {DROP:.2f} and "
    f"the AUC's upper limit at most {POOR:.2f}. Else CANNOT TELL; also where nothing can be held out, because each source "
    "holds one class and a class has one source only, or for few films; and in place of PASS where what is held out are sources "
    "of one class each that the network's features were learnt from too, which tells them apart whatever the head learns. Where "
    "the network itself was trained anew without the sources (--retrain), its scores are held against the detector's own."
)
RETRAINED = "retrained"  # of a case's extra facts: the name of a part → scores, float (N,), of the network without it


@dataclass(frozen=True)
class Part:
    """What is held out at once: a source, or one of positives and one of negatives."""

    sources: tuple[str, ...]

    @property
    def name(self) -> str:
        """As sentences say it."""
        return " and ".join(self.sources)


@dataclass(frozen=True)
class HeldOut:
    """A part and how heads do on its tested films.

    Attributes:
        part: which.
        auc: of the head that learnt from other sources only.
        seen: of the head that learnt from the part's other patients too.
        loss: `seen` less `auc`, paired.
        strict_auc, strict_loss: with limits at the level that a FAIL hangs on.
        positives, negatives: tested films.
        tainted: whether the features, or the network, may have learnt to tell the part's sources of one class apart.
    """

    part: Part
    auc: Interval
    seen: Interval
    loss: Interval
    strict_auc: Interval
    strict_loss: Interval
    positives: int
    negatives: int
    tainted: bool = False

    @property
    def verdict(self) -> Verdict:
        """By `RULE`, of this part alone."""
        lost = self.strict_loss.low > LOST
        if lost or (self.strict_loss.low > DROP and self.strict_auc.high <= POOR):
            return "FAIL"
        if self.tainted:
            return "CANNOT TELL"
        return "PASS" if self.auc.low > CHANCE and (self.loss.value or 0) <= DROP else "CANNOT TELL"

    @property
    def words(self) -> str:
        """ "without north: AUC 0.71 (0.62 to 0.80) there (90 films), a loss of 0.05 (-0.01 to 0.11)"."""
        knew = "it" if len(self.part.sources) == 1 else "them"
        there = f"AUC {words(self.auc)} there ({unit_words(self.auc)})"
        return f"without {self.part.name}: {there}, a loss of {words(self.loss)} against one that knew {knew}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe."""
        figures = ("auc", "seen", "loss", "strict_auc", "strict_loss")
        told = {name: getattr(self, name).to_dict() for name in figures}
        films = {"positives": self.positives, "negatives": self.negatives}
        held = {"held_out": list(self.part.sources), "verdict": self.verdict, "features_learnt_from_it": self.tainted}
        return {**held, **films, **told}


def all_films(case: Case) -> Sequence[Need]:
    """Every film as it is: heads learn from the training side too."""
    return [Need(np.arange(len(case)), (PLAIN,))]


@detector_test(
    name="leave-source-out",
    number=5,
    question="Does what the detector looks at tell disease in a source that nothing was learnt from?",
    rule=RULE,
    needs=all_films,
    bars=True,
)
def leave_source_out(case: Case) -> AuditResult:
    """The AUC in each part held out, and what is lost against a head that knew it."""
    counts = source_counts(case)
    parts, notes = parts_of(counts)
    if not parts:
        return AuditResult("CANNOT TELL", _why_not(counts), {"parts": [], "sources": counts.to_dict("records")})
    features = case.looks.features(np.arange(len(case)))
    seen = _seen(case, features)
    strict = 1 - (1 - LEVEL) / len(parts)  # Bonferroni
    found = [_held_out(case, part, features, seen=seen, confidence=strict) for part in parts]
    verdict = _verdict(found)
    rows = {f"{one.part.name}, {which}": figure for one in found for which, figure in _bars(one)}
    made = (
        (
            "the network itself was trained anew without each part by the run's own recipe, and held against the detector",
        )
        if RETRAINED in case.extra
        else (
            f"heads: logistic regression on standardised features; with the source: {FOLDS} folds by patient",
            "the network itself was not trained anew, so that what it learnt of a source while it was trained stays in its "
            "features (--retrain trains it anew)",
        )
    )
    return AuditResult(
        verdict,
        _sentence(found, verdict),
        {"parts": [one.to_dict() for one in found], "sources": counts.to_dict("records")},
        kinds=("source",) if verdict == "FAIL" else (),
        notes=(*made, *notes),
        picture=Bars(rows, limit=POOR),
    )


def source_counts(case: Case) -> pd.DataFrame:
    """A row a source: patients of either class that are tested (positives, negatives), and all that heads may learn from."""
    source, tested = case.source, case.tested
    rows = []
    for name in sorted(source.dropna().astype("str").unique()):
        mine = (source == name).to_numpy()
        patients = [
            len(np.unique(case.patient[mine & side & which]))
            for which in (tested, np.ones(len(case), dtype=bool))
            for side in (case.positive, ~case.positive)
        ]
        names = ("positives", "negatives", "all_positives", "all_negatives")
        rows.append({"source": name, **dict(zip(names, patients, strict=True))})
    return pd.DataFrame(rows, columns=["source", "positives", "negatives", "all_positives", "all_negatives"])


def parts_of(counts: pd.DataFrame) -> tuple[list[Part], tuple[str, ...]]:
    """What can be held out, the largest first, and a line on what cannot."""
    many_p, many_n = counts["positives"] >= FEWEST, counts["negatives"] >= FEWEST
    size = {str(row["source"]): (int(row["positives"]), int(row["negatives"])) for row in counts.to_dict("records")}
    both = [Part((name,)) for name in counts["source"][many_p & many_n]]
    of_positives = counts["source"][many_p & ~many_n]
    of_negatives = counts["source"][many_n & ~many_p]
    pairs = [Part(pair) for pair in itertools.product(of_positives, of_negatives)]
    parts = [part for part in [*both, *pairs] if _can_learn_without(counts, part)]
    parts.sort(key=lambda part: -min(size[part.sources[0]][0], size[part.sources[-1]][1]))
    used = {name for part in parts for name in part.sources}
    left = [name for name in counts["source"] if name not in used]
    notes = (
        [f"not held out, for few films, one class, or nothing left to learn from: {', '.join(left)}"] if left else []
    )
    notes += [f"{len(parts) - MOST} smaller parts were not held out"] if len(parts) > MOST else []
    return parts[:MOST], tuple(notes)


def _can_learn_without(counts: pd.DataFrame, part: Part) -> bool:
    rest = counts[~counts["source"].isin(part.sources)]
    return bool(rest["all_positives"].sum() >= LEARNT and rest["all_negatives"].sum() >= LEARNT)


def _seen(case: Case, features: np.ndarray) -> np.ndarray:
    """Log odds, float (N,), of heads that learnt from other patients of every source; 0 where the source is unknown."""
    rows = np.flatnonzero(case.source.notna().to_numpy())
    frame = case.frame.iloc[rows].reset_index(drop=True)
    frame = frame.assign(_class=np.where(case.positive[rows], "positive", "negative"))
    target = case.positive[rows].astype(int)
    odds = np.zeros(len(case))
    odds[rows] = out_of_fold(features[rows], target, frame=frame, learn=by_logistic, seed=case.seed)[:, 1]
    return odds


def features_are_learnt(case: Case) -> bool:
    """Whether the network's features may be learnt from the case's films, as far as the run tells; not of a frozen backbone."""
    recipe = case.extra.get("run", {}).get("config", {}).get("recipe", {})
    return bool(case.trained.any()) and recipe.get("trainable") != "head"


def _held_out(case: Case, part: Part, features: np.ndarray, *, seen: np.ndarray, confidence: float) -> HeldOut:
    mine = case.source.isin(part.sources).to_numpy()
    asked = np.flatnonzero(mine & case.tested)
    anew = case.extra.get(RETRAINED, {}).get(part.name)
    if anew is None:
        others = case.source.notna().to_numpy() & ~mine
        without = by_logistic(features[others], case.positive[others].astype(int), features[asked])[:, 1]
        knew = seen[asked]
    else:
        without, knew = anew[asked], case.looks.scores(asked)
    outcome, patient = case.positive[asked], case.patient[asked]
    auc, strict_auc = (
        area_within(outcome, score=without, patient=patient, confidence=c) for c in (CONFIDENCE, confidence)
    )
    loss, strict_loss = (
        difference_within(outcome, first=knew, second=without, patient=patient, confidence=c)
        for c in (CONFIDENCE, confidence)
    )
    return HeldOut(
        part=part,
        auc=auc,
        seen=area_within(outcome, score=knew, patient=patient),
        loss=loss,
        strict_auc=strict_auc,
        strict_loss=strict_loss,
        positives=int(outcome.sum()),
        negatives=int((~outcome).sum()),
        tainted=anew is None and len(part.sources) > 1 and features_are_learnt(case),
    )


def _verdict(found: list[HeldOut]) -> Verdict:
    verdicts = {one.verdict for one in found}
    if "FAIL" in verdicts:
        return "FAIL"
    return "PASS" if verdicts == {"PASS"} else "CANNOT TELL"


def _sentence(found: list[HeldOut], verdict: Verdict) -> str:
    worst = min(found, key=lambda one: one.auc.value or 0)
    if verdict == "FAIL":
        worst = max((one for one in found if one.verdict == "FAIL"), key=lambda one: one.loss.value or 0)
        return f"What is learnt from other sources does not hold {worst.words}."
    if verdict == "PASS":
        return f"What is learnt from other sources holds in each of {len(found)} held out; at worst {worst.words}."
    if worst.tainted and worst.auc.low > CHANCE:
        why = "the network's features were learnt from these sources, each of one class, too; --retrain trains it without them"
        return f"Whether it holds in sources that nothing was learnt from cannot be told: {why} (heads {worst.words})."
    return f"Whether it holds in a source that nothing was learnt from cannot be told: {worst.words}.{_more(worst)}"


def _more(worst: HeldOut) -> str:
    """How many films would tell, were disease told there as well as by a head that knew the source."""
    if worst.auc.low > CHANCE:
        return ""
    hoped = min(max(worst.seen.value or 0.0, worst.auc.value or 0.0, POOR), 0.95)
    need = films_for_auc(hoped, halfwidth=hoped - CHANCE)["hanley_mcneil"]["positives"]
    return f" About {need} positives and as many negatives of it would tell, were the AUC {hoped:.2f}."


def _why_not(counts: pd.DataFrame) -> str:
    if counts.empty:
        return "The source of the films is unknown, so none can be held out."
    with_p, with_n = counts["all_positives"] > 0, counts["all_negatives"] > 0
    if not (with_p & with_n).any():
        few = "positives" if with_p.sum() < 2 else "negatives"
        if min(with_p.sum(), with_n.sum()) < 2:
            return (
                f"Each source holds one class and only one holds {few}: without it there is nothing to learn from, so whether "
                "the detector reads the source cannot be told."
            )
    if len(counts) == 1:
        return "All films are of one source, so none can be held out."
    return (
        f"No source can be held out: it takes tested films of {FEWEST} patients of either class, and {LEARNT} patients of each "
        "class in other sources to learn from."
    )


def _bars(one: HeldOut) -> list[tuple[str, Interval]]:
    return [("never seen", one.auc), ("seen", one.seen)]
