"""Test 8: do patients or films stand on both sides, and what did the detector's surest films lie next to in training?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepcovid.audit.detector.areas import area, enough, words
from deepcovid.audit.detector.detector_test import AuditResult, Case, detector_test
from deepcovid.audit.detector.leave_source_out import all_films
from deepcovid.audit.detector.picture import Films
from deepcovid.audit.detector.shown import film_shown
from deepcovid.audit.file_facts import file_facts, film_pairs
from deepcovid.datasets.duplicates import CORRELATION, DETAIL, Pair
from deepcovid.evaluation.intervals import Interval

SUREST = 3  # films of the highest scores, and as many of the lowest, whose nearest training film is shown
CLOSELY = 1500  # the likest pairs of a tested and a trained film are aligned, about 7 ms each
SURE = (
    0.965  # fine structure above which one is the other's copy: at a third of the size, cut or in other greys 0.96 to 1
)
LISTED = 50  # duplicates that are listed; all are counted
RULE = (
    "FAIL: a patient has films on the training side and among the tested ones, or a tested film is a trained one: equal byte "
    f"by byte, or aligned thumbnails that correlate above {CORRELATION:.2f}, and their fine structure above {SURE}. CANNOT TELL: "
    f"the likest pair lies between {DETAIL} and {SURE}, where two small children's films may, or which films the detector was "
    "trained on is not known. PASS: neither."
)


@dataclass(frozen=True)
class Neighbour:
    """A tested film, and the training film that is nearest to it in the detector's features.

    Attributes:
        row, nearest: of the tested film and of the training film.
        score: of the tested film.
        cosine: of the angle between both films' features, −1 to 1, after the training side's mean is taken out.
        rank: the share of tested films whose nearest training film is farther, in [0, 1].
    """

    row: int
    nearest: int
    score: float
    cosine: float
    rank: float


@detector_test(
    name="leakage",
    number=8,
    question="Do patients or films stand on both sides, and what are the surest films next to in training?",
    rule=RULE,
    needs=all_films,
)
def leakage(case: Case) -> AuditResult:
    """Patients and duplicates on both sides, the AUC without them, and the nearest training films of the surest ones."""
    if not case.trained.any():
        sentence = "Which films the detector was trained on is not known, so whether tested films are among them cannot be told."
        return AuditResult("CANNOT TELL", sentence, {"trained_films": 0})
    patients = shared_patients(case)
    alike, left = shared_films(case)
    pairs = [pair for pair in alike if pair.exact or pair.detail > SURE]
    unsure = [pair for pair in alike if pair not in pairs]
    leaked = np.isin(case.patient, patients)
    leaked[[row for pair in pairs for row in (pair.a, pair.b)]] = True
    leaked &= case.tested
    near, areas = nearest_of_surest(case), _areas(case, leaked)
    figures = {
        "patients_on_both_sides": len(patients),
        "duplicate_pairs": len(pairs),
        "leaked_films": int(leaked.sum()),
        "duplicates": [_entry(case, pair) for pair in pairs[:LISTED]],
        "perhaps_duplicates": [_entry(case, pair) for pair in unsure[:LISTED]],
        "auc": areas,
        "surest": [_neighbour(case, one) for one in near],
    }
    notes = (f"{left:,} less likely candidates were not aligned, for their number",) if left else ()
    return AuditResult(
        "FAIL" if leaked.any() else "CANNOT TELL" if unsure else "PASS",
        _sentence(case, len(patients), pairs, unsure, areas),
        figures,
        kinds=("leakage",) if leaked.any() else (),
        notes=notes,
        picture=Films(tuple(shown for one in near for shown in _shown(case, one))),
    )


def shared_patients(case: Case) -> np.ndarray:
    """Patients, int, known ones with films on both sides."""
    shared: np.ndarray = np.intersect1d(
        case.patient[case.tested & case.patient_known], case.patient[case.trained & case.patient_known]
    )
    return shared


def shared_films(case: Case) -> tuple[list[Pair], int]:
    """Pairs of rows, one tested and one trained, that are one film; and how many candidates were not aligned."""
    rows = np.flatnonzero(case.tested | case.trained)
    paths = [case.looks.paths[row] for row in rows]
    facts = file_facts(paths, workers=case.looks.workers)
    found = film_pairs(facts, side=case.tested[rows].astype(int), most=CLOSELY)
    pairs = [replace(pair, a=int(rows[pair.a]), b=int(rows[pair.b])) for pair in found.pairs if pair.duplicate]
    return [pair for pair in pairs if case.tested[pair.a] != case.tested[pair.b]], found.left


def nearest_of_surest(case: Case) -> list[Neighbour]:
    """The tested films of the highest and of the lowest scores, each with the training film whose features are nearest."""
    tested, trained = case.rows, np.flatnonzero(case.trained)
    features = case.looks.features(np.concatenate([tested, trained])).astype(float)
    known = features[len(tested) :]
    features = (features - known.mean(axis=0)) / np.maximum(known.std(axis=0), 1e-3)
    features /= np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    cosine = features[: len(tested)] @ features[len(tested) :].T
    nearest, score = cosine.argmax(axis=1), case.looks.scores(tested)
    best = cosine.max(axis=1)
    order = np.argsort(-score, kind="stable")
    picked = np.unique(np.concatenate([order[:SUREST], order[::-1][:SUREST]]))
    picked = picked[np.argsort(-score[picked], kind="stable")]
    return [
        Neighbour(
            int(tested[k]), int(trained[nearest[k]]), float(score[k]), float(best[k]), float((best < best[k]).mean())
        )
        for k in picked
    ]


def _areas(case: Case, leaked: np.ndarray) -> dict[str, Any]:
    """The detector's AUC on all tested films, and on those that did not leak."""
    told = {}
    for name, side in (("all tested films", case.tested), ("without leaked films", case.tested & ~leaked)):
        rows = np.flatnonzero(side)
        if enough(case.positive[rows], case.patient[rows]):
            scores, known = case.looks.scores(rows), case.patient_known[rows]
            figure = area(case.positive[rows], score=scores, patient=case.patient[rows], known=known, seed=case.seed)
            told[name] = figure.to_dict()
    return told


def _sentence(case: Case, patients: int, pairs: list[Pair], unsure: list[Pair], areas: dict[str, Any]) -> str:
    tested, trained = int(case.tested.sum()), int(case.trained.sum())
    if not patients and not pairs and unsure:
        one, other = (str(name) for name in case.frame["image"].iloc[[unsure[0].a, unsure[0].b]])
        first = f"the likest are {one} and {other}, whose fine structure correlates at {unsure[0].detail:.3f}"
        return (
            f"Pairs on both sides that may be one film, and were not shown to be: {len(unsure)}; {first}. Look at them."
        )
    if not patients and not pairs:
        return f"No patient and no film stands on both sides ({tested:,} tested films, {trained:,} trained ones)."
    parts = [f"{patients} patient{'' if patients == 1 else 's'}"] if patients else []
    parts += [f"{len(pairs)} pair{'' if len(pairs) == 1 else 's'} of equal films"] if pairs else []
    both = [words(Interval(**figure)) for figure in areas.values()]
    moved = f" Without them the AUC is {both[1]}, with them {both[0]}." if len(both) == 2 else ""
    return f"{' and '.join(parts)} stand{'s' if len(parts) == 1 and parts[0][:2] == '1 ' else ''} on both sides.{moved}"


def _entry(case: Case, pair: Pair) -> dict[str, Any]:
    tested, trained = (pair.a, pair.b) if case.tested[pair.a] else (pair.b, pair.a)
    return {
        "tested": str(case.frame["image"].iloc[tested]),
        "trained": str(case.frame["image"].iloc[trained]),
        "exact": pair.exact,
        "transform": pair.transform,
        "correlation": round(pair.correlation, 4),
        "detail": round(pair.detail, 4),
    }


def _neighbour(case: Case, one: Neighbour) -> dict[str, Any]:
    return {
        "tested": str(case.frame["image"].iloc[one.row]),
        "positive": bool(case.positive[one.row]),
        "score": round(one.score, 4),
        "nearest": str(case.frame["image"].iloc[one.nearest]),
        "nearest_positive": bool(case.positive[one.nearest]),
        "cosine": round(one.cosine, 4),
        "farther_from_training": round(one.rank, 4),
    }


def _shown(case: Case, one: Neighbour) -> tuple[tuple[str, np.ndarray], tuple[str, np.ndarray]]:
    label = {True: "positive", False: "negative"}
    tested = f"tested, {label[bool(case.positive[one.row])]}, score {one.score:.2f}"
    trained = f"its nearest in training, {label[bool(case.positive[one.nearest])]}, cosine {one.cosine:.2f}"
    return (tested, film_shown(case, one.row)), (trained, film_shown(case, one.nearest))
