"""The class of a film: the words that collections use for what was found, brought to ours."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LABELS = {
    "covid": "covid", "covid-19": "covid", "covid19": "covid", "sars-cov-2": "covid", "covid-19-positive": "covid",
    "normal": "normal", "no-finding": "normal", "no-findings": "normal",
    "pneumonia": "pneumonia",
}  # fmt: skip
_UNKNOWN = ("", "todo", "unknown", "nan", "n-a")


def label_of(word: str) -> str | None:
    """The label of one finding: "covid", "normal", "pneumonia", else the word in small letters with hyphens.

    >>> label_of("No finding"), label_of("E.Coli"), label_of("Lung Opacity"), label_of("todo")
    ('normal', 'e.coli', 'lung-opacity', None)
    """
    plain = re.sub(r"[\s_/,;-]+", "-", word.strip().lower()).strip("-")
    return None if plain in _UNKNOWN else _LABELS.get(plain, plain)


def label_of_findings(findings: Iterable[str], *, first: tuple[str, ...] = ("covid",)) -> str | None:
    """The one label of a film with several findings: the first of `first` that is among them, else the first finding's."""
    labels = [label for label in map(label_of, findings) if label is not None]
    return next((label for label in first if label in labels), labels[0] if labels else None)


def join_findings(findings: Iterable[str]) -> str | None:
    """Findings in the collection's own words as one cell, joined by "|"; None where there is none."""
    return "|".join(word.strip() for word in findings if word.strip()) or None
