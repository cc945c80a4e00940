"""Test 1: does the source alone tell the label, and what is left of the detector within a source?"""

from __future__ import annotations

from typing import Any

import numpy as np

from deepcovid.audit.detector.areas import area, enough, unit_words, words
from deepcovid.audit.detector.detector_test import AuditResult, Case, detector_test
from deepcovid.audit.detector.picture import Bars
from deepcovid.audit.source_label import RULE, source_label
from deepcovid.evaluation.intervals import Interval


@detector_test(
    name="source",
    number=1,
    question="Does the source of a film alone tell its label?",
    rule=RULE,
    bars=True,
)
def source(case: Case) -> AuditResult:
    """The source's AUC for the label in all films, and the detector's AUC within each source beside the pooled one."""
    labelled = case.frame.assign(
        label=np.where(case.positive, "positive", "negative"), source=case.source.to_numpy(dtype=object)
    )
    found = source_label(labelled, positive="positive", seed=case.seed)
    rows = case.rows
    scores = case.looks.scores(rows)
    figures: dict[str, Any] = {"source": found.to_dict()}
    shown: dict[str, Interval] = {}
    if enough(case.positive[rows], case.patient[rows], fewest=2):
        shown["all test films"] = _area(case, rows, scores)
    for name in found.shared_sources:
        mine = (case.source.iloc[rows] == name).to_numpy()
        if mine.any() and enough(case.positive[rows][mine], case.patient[rows][mine]):
            shown[f"within {name}"] = _area(case, rows[mine], scores[mine])
    figures["auc"] = {name: figure.to_dict() for name, figure in shown.items()}
    told = "; ".join(f"{name} {words(figure)}, {unit_words(figure)}" for name, figure in shown.items())
    notes = found.notes if len(shown) > 1 else (*found.notes, "no source has enough test films of both classes")
    return AuditResult(
        found.verdict,
        f"{found.sentence} The detector's AUC: {told or 'too few test films'}.",
        figures,
        kinds=("source",) if found.verdict == "FAIL" else (),
        notes=notes,
        picture=Bars(shown) if shown else None,
    )


def _area(case: Case, rows: np.ndarray, scores: np.ndarray) -> Interval:
    return area(
        case.positive[rows], score=scores, patient=case.patient[rows], known=case.patient_known[rows], seed=case.seed
    )
