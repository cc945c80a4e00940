"""Does a class come from one source only?"""

from __future__ import annotations

from typing import Any

import pandas as pd

from deepcovid.audit.data_test import DataResult, Subject, data_test

MOST, OTHERS = 0.90, 0.50
RULE = (
    f"WARN: at least {MOST:.0%} of a class's films come from one source, and less than {OTHERS:.0%} of all other films do. "
    "PASS: no class is so, or all films are of one source. CANNOT TELL: no film has a label, or no class is so and the source "
    "of some class is unknown for more than half of its films."
)
MEANING = "no model trained on this can be shown to read disease"


@data_test(name="one-source-classes", question="Does a class come from one source only?", rule=RULE, place=100)
def one_source_classes(subject: Subject) -> DataResult:
    """The commonest source of each class and its share, here and in the other classes."""
    rows = pd.DataFrame({"label": subject.labels, "source": subject.column("source")}).dropna(subset=["label"])
    classes = [_class(rows, str(label)) for label in rows["label"].value_counts().index]
    figures = {"classes": classes}
    if not classes:
        return DataResult("CANNOT TELL", "No film has a label.", figures)
    unknown = [one for one in classes if one["unknown"] * 2 > one["films"]]
    known = [one for one in classes if one not in unknown]
    single = [one for one in known if _stands_apart(one, rows)]
    if unknown and not single:
        names = ", ".join(str(one["label"]) for one in unknown)
        return DataResult("CANNOT TELL", f"The source of the films is unknown: {names}.", figures)
    if rows["source"].nunique() == 1 and not unknown:
        sentence = (
            "All films are of one source: no class stands out by it, and nothing shows how a model does elsewhere."
        )
        return DataResult("PASS", sentence, figures)
    if not single:
        return DataResult("PASS", "Every class comes from several sources.", figures)
    findings = tuple(_words(one) for one in single)
    names = ", ".join(str(one["label"]) for one in single)
    few = "comes" if len(single) == 1 else "come"
    return DataResult("WARN", f"{names} {few} from one source, or nearly: {MEANING}.", figures, findings)


def _class(rows: pd.DataFrame, label: str) -> dict[str, Any]:
    mine, others = rows[rows["label"] == label]["source"], rows[rows["label"] != label]["source"].dropna()
    counts = mine.value_counts()
    source = str(counts.index[0]) if len(counts) else None
    return {
        "label": label,
        "films": len(mine),
        "unknown": int(mine.isna().sum()),
        "sources": len(counts),
        "commonest": source,
        "share": round(float(counts.iloc[0] / counts.sum()), 4) if len(counts) else 0.0,
        "share_of_others": round(float((others == source).mean()), 4) if len(others) else 0.0,
    }


def _stands_apart(one: dict[str, Any], rows: pd.DataFrame) -> bool:
    others = rows[rows["label"] != one["label"]]["source"]
    others_known = bool(others.notna().sum() * 2 >= len(others))
    return others_known and one["share"] >= MOST and one["share_of_others"] < OTHERS


def _words(one: dict[str, Any]) -> str:
    only = "only" if one["sources"] == 1 else f"for {one['share']:.0%} of its films"
    others = f"where {one['share_of_others']:.0%} of the other films come from"
    return f"{one['label']} comes from {one['commonest']} {only}, {others}: {MEANING}"
