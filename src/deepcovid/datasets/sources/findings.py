"""The one label of a film on which a collection names several findings side by side."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from deepcovid.datasets.sources.labels import label_of_findings

_FIRST = ("covid", "pneumonia")


def chosen_label(findings: Sequence[str]) -> str | None:
    """Covid or pneumonia where it is among the findings, else the first of them, in our words; None where none is."""
    return label_of_findings(findings, first=_FIRST)


def several_note(findings: pd.Series) -> list[str]:
    """A sentence on the films that have more findings than the one that became their label; none where no film has."""
    several = int(findings.str.contains("|", regex=False).fillna(False).sum()) if findings.notna().any() else 0
    if not several:
        return []
    return [
        f"{several} films carry several findings; their label is pneumonia where that is among them, else the first "
        "(all stand in the column findings)"
    ]
