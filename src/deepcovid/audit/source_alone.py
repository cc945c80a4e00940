"""Does the source alone tell the label, and which claims have films of the same source to stand on?"""

from __future__ import annotations

import itertools
from typing import Any, Literal

import pandas as pd

from deepcovid.audit.data_test import DataResult, Subject, data_test
from deepcovid.audit.prediction import RULE as AREA_RULE
from deepcovid.audit.prediction import areas_of, by_share, result_of, untested
from deepcovid.datasets.columns import group_ids

FEW = 30  # patients of the other class in a shared source, below which a claim stands on too little
CLAIMED = 12  # classes whose claims are spelt out; the commonest
RULE = (
    f"{AREA_RULE} WARN too: a class against another has no film of the other in any source of its own, or films of fewer than "
    f"{FEW} patients of either there. CANNOT TELL: the source of more than half of the labelled films is unknown."
)
METHOD = "score: share of the class among the other folds' films of the same source"
Support = Literal["none", "few", "some"]


@data_test(name="source-alone", question="Does the source alone tell the label?", rule=RULE, place=70)
def source_alone(subject: Subject) -> DataResult:
    """AUC of the source as a score for each class, and what each claim of one class against another stands on."""
    source, labelled = subject.column("source"), subject.labels.notna()
    if not labelled.any():
        return DataResult("CANNOT TELL", "No film has a label.", {"films_with_source": int(source.notna().sum())})
    known = (source.notna() & labelled).to_numpy()
    if known.sum() * 2 <= labelled.sum():
        sentence = (
            "The source of the films is unknown: whether a detector reads disease or the place that a film comes from "
            "cannot be told."
        )
        return DataResult("CANNOT TELL", sentence, {"films_with_source": int(known.sum())})
    codes = pd.factorize(source.astype("str"), sort=True)[0].astype(float)[:, None]
    areas = areas_of(subject, codes, known=known, learn=by_share)
    claims = claims_of(subject)
    weak = [claim for claim in claims if claim["support"] != "some"]
    result = result_of(
        areas,
        what="the source",
        method=METHOD,
        n_known=int(known.sum()),
        n=int(labelled.sum()),
        untested=untested(subject, areas),
        more=_summary(weak),
    )
    verdict = "WARN" if weak else result.verdict
    figures = {**result.figures, "claims": claims, "sources": _counts(subject)}
    return DataResult(verdict, result.sentence, figures, tuple(str(c["sentence"]) for c in weak), result.notes)


def claims_of(subject: Subject) -> list[dict[str, Any]]:
    """For each class asked for (else each two) against the others: the films of both that stand in sources which have both."""
    rows = pd.DataFrame(
        {"label": subject.labels, "source": subject.column("source"), "patient": group_ids(subject.frame)}
    ).dropna()
    common = [str(label) for label in rows["label"].value_counts().index[:CLAIMED]]
    asked = [label for label in subject.positives if label in set(rows["label"])]
    if asked:
        return [_claim(rows, one, other) for one in asked for other in common if one != other]
    return [_claim(rows, one, other) for one, other in itertools.combinations(sorted(common), 2)]


def _claim(rows: pd.DataFrame, one: str, other: str) -> dict[str, Any]:
    mine, theirs = rows[rows["label"] == one], rows[rows["label"] == other]
    shared = sorted(set(mine["source"]) & set(theirs["source"]))
    of_one, of_other = mine[mine["source"].isin(shared)], theirs[theirs["source"].isin(shared)]
    patients = of_one["patient"].nunique(), of_other["patient"].nunique()
    support: Support = "none" if not shared else "few" if min(patients) < FEW else "some"
    figures = {
        "label": one,
        "against": other,
        "shared_sources": shared,
        "films": len(of_one),
        "films_against": len(of_other),
        "patients": patients[0],
        "patients_against": patients[1],
        "of_films": len(mine),
        "of_films_against": len(theirs),
        "support": support,
    }
    return {**figures, "sentence": _sentence(figures)}


def _sentence(claim: dict[str, Any]) -> str:
    one, other = claim["label"], claim["against"]
    told = f"a claim that {one} is told from {other}"
    if claim["support"] == "none":
        return f"No {other} film comes from a source of the {one} films: no film of the same source supports {told}."
    of_one = f"{claim['films']} of {claim['of_films']} {one} films ({claim['patients']} patients)"
    of_other = (
        f"{claim['films_against']} of {claim['of_films_against']} {other} films ({claim['patients_against']} patients)"
    )
    if claim["support"] == "some":
        return f"{of_one} and {of_other} come from a source that has both."
    few = [of_one] if claim["patients"] < FEW else []
    few += [of_other] if claim["patients_against"] < FEW else []
    return f"Only {' and '.join(few)} come from a source that has both: {told} stands on these few."


def _summary(weak: list[dict[str, Any]]) -> str:
    none = [f"{claim['label']} against {claim['against']}" for claim in weak if claim["support"] == "none"]
    few = [f"{claim['label']} against {claim['against']}" for claim in weak if claim["support"] == "few"]
    parts = []
    if none:
        parts.append(f"No film of the same source supports these claims: {_some(none)}.")
    if few:
        parts.append(f"Few films of the same source (under {FEW} patients) support: {_some(few)}.")
    return " ".join(parts)


def _some(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _counts(subject: Subject) -> list[dict[str, Any]]:
    """A row a source: films by label."""
    known = subject.labels.notna() & subject.column("source").notna()
    counts = pd.crosstab(subject.column("source")[known], subject.labels[known])
    return [
        {"source": str(source), "films": {str(k): int(v) for k, v in row.items() if v}}
        for source, row in counts.iterrows()
    ]
