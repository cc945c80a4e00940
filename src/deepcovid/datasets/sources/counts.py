"""Has a copy of a collection as many films as its owners published? Counted before anything is left out."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from deepcovid.datasets.sources.source import Source


def count(frame: pd.DataFrame, key: str) -> int:
    """How many rows of a parsed collection `key` counts: "images", "patients", or "view:PA" and the like."""
    if key == "images":
        return len(frame)
    if key == "patients":
        return int(frame["patient"].nunique()) if "patient" in frame.columns else 0
    column, _, value = key.partition(":")
    return int((frame[column] == value).sum()) if column in frame.columns else 0


def compare_counts(source: Source, frame: pd.DataFrame) -> list[str]:
    """Whether the copy has as many rows as a known release, in sentences: which release, or what differs from it."""
    differing = {version: _differences(expected, frame) for version, expected in source.versions.items() if expected}
    if not differing:
        return []
    nearest = min(differing, key=lambda version: _distance(source.versions[version], frame))
    if not differing[nearest]:
        return [f"the counts are those of {source.title}, {nearest}"]
    told = "; ".join(differing[nearest])
    known = f", the nearest of {len(differing)} known releases" if len(differing) > 1 else ""
    return [f"the counts differ from {source.title}, {nearest}{known}: {told}"]


def spoken(key: str) -> str:
    """The name of a count as a reader sees it: "patients", or "PA" for "view:PA"."""
    return key.partition(":")[2] or key


def counts_line(expected: Mapping[str, int]) -> str:
    """Published counts in words: "149 images, 77 patients, 23 CT"."""
    return ", ".join(f"{number:,} {spoken(key)}" for key, number in expected.items()) or "not known"


def _differences(expected: Mapping[str, int], frame: pd.DataFrame) -> list[str]:
    found = {key: count(frame, key) for key in expected}
    return [f"{found[key]:,} {spoken(key)} instead of {n:,}" for key, n in expected.items() if found[key] != n]


def _distance(expected: Mapping[str, int], frame: pd.DataFrame) -> float:
    """The mean relative difference of the counts; 0 where all are equal."""
    return sum(abs(count(frame, key) - n) / max(n, 1) for key, n in expected.items()) / len(expected)
