"""Test 2: can the source be read from the detector's features, and do its scores follow the source within a label?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcovid.audit.detector.areas import words
from deepcovid.audit.detector.attribute import LIMIT, Followed, followed, grouped
from deepcovid.audit.detector.detector_test import AuditResult, Case, Verdict, detector_test
from deepcovid.audit.detector.picture import Bars
from deepcovid.audit.detector.within import area_within
from deepcovid.audit.prediction import FOLDS, by_logistic, out_of_fold
from deepcovid.evaluation.intervals import Interval

READABLE = 0.75  # AUC above which a source is said to be read
FEWEST = 10  # patients of a source within a label, or it is not probed
SOURCES = 12  # the largest are probed
RULE = (
    "A logistic regression learns the source from the features of tested films of one label and is asked of other patients "
    "(five folds), each source against the rest. FAIL: some source is read with an AUC whose lower limit is above "
    f"{READABLE:.2f}; the source's share of positives tells the label with a lower limit above {LIMIT:.2f}; and within a label "
    "the AUC of the detector's score for the sources richer in positives has a lower limit above "
    f"{LIMIT:.2f}. PASS: no source is read, with every upper limit at most {READABLE:.2f}; or one of the other two AUCs has an "
    f"upper limit of at most {LIMIT:.2f}. Else CANNOT TELL; also where no label has {FEWEST} patients of each of two sources."
)


@dataclass(frozen=True)
class Probed:
    """How well one source is read from the features within one label."""

    label: str
    source: str
    auc: Interval

    @property
    def name(self) -> str:
        """As a row of the picture says it."""
        return f"{self.source} among {self.label}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe."""
        return {"label": self.label, "source": self.source, "auc": self.auc.to_dict()}


@detector_test(
    name="source-probe",
    number=2,
    question="Can the source of a film be read from the detector's features, and do its scores follow it?",
    rule=RULE,
)
def source_probe(case: Case) -> AuditResult:
    """AUC of each source in the features, within a label; then whether the source tells the label and scores follow it."""
    probed = [one for positive in (True, False) for one in probes(case, positive=positive)]
    if not probed:
        sentence = (
            f"No label has tested films of {FEWEST} patients of each of two sources, so the source cannot be probed."
        )
        return AuditResult("CANNOT TELL", sentence, {"probes": []})
    link = followed(case, grouped("the source", kind="source", cells=case.source))
    verdict = _verdict(probed, link)
    figures = {
        "probes": [one.to_dict() for one in probed],
        "source": link.to_dict(),
        "readable": READABLE,
        "limit": LIMIT,
    }
    rows = {one.name: one.auc for one in sorted(probed, key=lambda one: -(one.auc.value or 0))}
    return AuditResult(
        verdict,
        _sentence(probed, link, verdict),
        figures,
        kinds=("source",) if verdict == "FAIL" else (),
        notes=(f"probe: logistic regression on standardised features, {FOLDS} folds by patient, tested films",),
        picture=Bars(rows, limit=READABLE),
    )


def probes(case: Case, *, positive: bool) -> list[Probed]:
    """Each source with enough patients against the others, within one label; none where fewer than two have."""
    rows = case.rows[case.positive[case.rows] == positive]
    source = case.source.iloc[rows].astype("str").where(case.source.iloc[rows].notna(), "")
    people = {name: len(np.unique(case.patient[rows][(source == name).to_numpy()])) for name in set(source) - {""}}
    used = sorted((name for name in people if people[name] >= FEWEST), key=lambda name: (-people[name], name))[:SOURCES]
    if len(used) < 2:
        return []
    kept = source.isin(used).to_numpy()
    rows, source = rows[kept], source[kept]
    names, target = np.unique(source.to_numpy(dtype=str), return_inverse=True)
    frame = case.frame.iloc[rows].reset_index(drop=True).assign(_class=names[target])
    odds = out_of_fold(case.looks.features(rows), target, frame=frame, learn=by_logistic, seed=case.seed)
    label = "positives" if positive else "negatives"
    return [
        Probed(label, str(name), area_within(target == k, score=odds[:, k], patient=case.patient[rows]))
        for k, name in enumerate(names)
    ]


def _verdict(probed: list[Probed], link: Followed) -> Verdict:
    if link.verdict == "FAIL":
        if any(one.auc.low > READABLE for one in probed) and not link.inseparable:
            return "FAIL"
        return "CANNOT TELL"  # where no label has films of both kinds the first test says so
    unread = all(one.auc.high <= READABLE for one in probed)
    return "PASS" if unread or link.verdict == "PASS" else "CANNOT TELL"


def _sentence(probed: list[Probed], link: Followed, verdict: Verdict) -> str:
    best = max(probed, key=lambda one: one.auc.value or 0)
    if all(one.auc.high <= READABLE for one in probed):
        head = f"The source is hardly read from the features (at best {best.name}, AUC {words(best.auc)})"
    elif best.auc.low > READABLE:
        head = f"The source is read from the features ({best.name}: AUC {words(best.auc)})"
    else:
        head = f"The source may be read from the features ({best.name}: AUC {words(best.auc)})"
    harmless = " A source that is read does no harm by itself." if verdict == "PASS" and best.auc.low > READABLE else ""
    return f"{head}; {link.words}.{harmless}"
