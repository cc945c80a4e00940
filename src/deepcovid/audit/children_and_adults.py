"""Are children in one class and adults in another?"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.audit.data_test import DataResult, Subject, data_test
from deepcovid.datasets.columns import group_ids
from deepcovid.evaluation.intervals import wilson

ADULT = 18  # years
APART = 0.15  # difference between two classes' shares of children
FEW = 10  # patients of known age, below which nothing is said of a class
# Collections of children whose tables give no ages say so in their names.
PAEDIATRIC = re.compile(r"p(a)?ediatric|\bchild|infant|neonat|newborn|kermany", re.IGNORECASE)
RULE = (
    f"A film is a child's if its age is below {ADULT} years, or if it has none and its source is called paediatric. "
    f"WARN: two classes' shares of children among patients of known age differ by more than {APART:.0%}, and their 95 % "
    f"intervals do not overlap. CANNOT TELL: there are not two classes, or some class has fewer than {FEW} "
    "patients of known age. Else PASS."
)


@data_test(
    name="children-and-adults", question="Are children in one class and adults in another?", rule=RULE, place=110
)
def children_and_adults(subject: Subject) -> DataResult:
    """The share of children in each class."""
    labels = subject.labels
    child = children(subject)
    groups = group_ids(subject.frame)
    classes = [_class(str(label), child, groups, labels == label) for label in labels.value_counts().index]
    figures = {"classes": classes, "adult_from": ADULT}
    known = [one for one in classes if one["known_patients"] >= FEW]
    apart = [(a, b) for a in known for b in known if _is_apart(a, b)]
    if apart:
        worst = max(apart, key=lambda pair: pair[0]["children"]["value"] - pair[1]["children"]["value"])
        told = " and ".join(f"{one['children']['value']:.0%} of {one['label']}" for one in worst)
        sentence = (
            f"Children and adults are mixed by class: {told} are children; a model may read the age of the chest."
        )
        return DataResult("WARN", sentence, figures, tuple(_words(one) for one in classes))
    if len(classes) < 2:
        return DataResult("CANNOT TELL", "There are no two classes to hold against each other.", figures)
    if len(known) < len(classes):
        few = ", ".join(str(one["label"]) for one in classes if one["known_patients"] < FEW)
        return DataResult("CANNOT TELL", f"The patients' ages are unknown, or nearly so, in: {few}.", figures)
    return DataResult("PASS", "Children are spread alike over the classes.", figures)


def children(subject: Subject) -> pd.Series:
    """Whether a film is a child's: 1.0, 0.0, or missing where it is unknown."""
    age = pd.to_numeric(subject.column("age"), errors="coerce")
    by_age = (age < ADULT).astype(float).where(age.notna())
    named = subject.column("source").map(lambda name: bool(PAEDIATRIC.search(str(name))), na_action="ignore")
    return by_age.where(by_age.notna(), pd.Series(np.where(named == True, 1.0, np.nan), index=age.index))  # noqa: E712


def _class(label: str, child: pd.Series, groups: pd.Series, mine: pd.Series) -> dict[str, Any]:
    known = mine & child.notna()
    of_patient = child[known].groupby(groups[known]).max()
    share = wilson(float(of_patient.sum()), n=len(of_patient), unit="patient")
    return {
        "label": label,
        "films": int(mine.sum()),
        "known_films": int(known.sum()),
        "known_patients": len(of_patient),
        "children": share.to_dict(),
    }


def _is_apart(a: dict[str, Any], b: dict[str, Any]) -> bool:
    more, less = a["children"], b["children"]
    return bool(more["value"] - less["value"] > APART and more["low"] > less["high"])


def _words(one: dict[str, Any]) -> str:
    share = one["children"]
    if share["value"] is None:
        return f"{one['label']}: no patient's age is known ({one['films']} films)"
    limits = f"{share['low']:.0%} to {share['high']:.0%} of {share['n']} patients of known age"
    unknown = f"{one['films'] - one['known_films']} of {one['films']} films without"
    return f"{one['label']}: {share['value']:.0%} children ({limits}; {unknown})"
