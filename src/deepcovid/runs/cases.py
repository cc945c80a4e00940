"""Films worth looking at: samples of the data, draws of one film, and the most certain calls with their heat maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from deepcovid.datasets.table import Table
from deepcovid.errors import DeepCovidError
from deepcovid.explanation.heatmap import heat_of
from deepcovid.imaging.readers import read_radiograph
from deepcovid.imaging.resizing import thumbnail
from deepcovid.models.detector import Detector
from deepcovid.reporting.content import Film, HeatmapCase, Tone
from deepcovid.runs.augment import vary
from deepcovid.training.recipe import Recipe

LARGEST_SIDE = 512
SHEET_ROWS = 6  # films of the contact sheet


def tone_of(label: str, *, positive: str, normal: str) -> Tone:
    """The colour of a class in figures."""
    return "positive" if label == positive else "normal" if label == normal else "other"


def sample_films(
    table: Table, *, label_column: str, positive: str, normal: str, each: int = 4, seed: int = 0
) -> list[Film]:
    """Some films of every label, drawn at random, unreadable ones passed over."""
    films = []
    for label, rows in table.frame.groupby(label_column, sort=True):
        for _, row in rows.sample(min(each, len(rows)), random_state=seed).iterrows():
            pixels = _small(table.image_path(row["image"]))
            if pixels is not None:
                caption = " · ".join(
                    str(row[c]) for c in (label_column, "source", "view") if c in row and pd.notna(row[c])
                )
                films.append(Film(pixels, caption, tone_of(str(label), positive=positive, normal=normal)))
    return films


def augmented_films(
    table: Table, recipe: Recipe, *, rows: pd.DataFrame, label_column: str, positive: str, normal: str
) -> list[Film]:
    """Some training films, each as it is and then under `augment.DRAWS` draws; of every label that training varies.

    None without augmentation, and none that training leaves as it is: over-sampling alone varies the positives.
    """
    if recipe.augmentation.is_identity:
        return []
    if recipe.minority_count and not recipe.draws:
        rows = rows[rows[label_column] == positive]
    films: list[Film] = []
    groups = list(rows.groupby(label_column, sort=True))[:SHEET_ROWS]
    for label, group in groups:
        each = max(1, SHEET_ROWS // len(groups) // (1 if len(groups) > 1 else 2))
        for _, row in group.sample(min(each, len(group)), random_state=recipe.seed).iterrows():
            pixels = _readable(table.image_path(row["image"]))
            if pixels is not None:
                tone = tone_of(str(label), positive=positive, normal=normal)
                films += vary(pixels, recipe, image=row["image"]).pictures(f"{label}, as it is", tone=tone)
    return films


def certain_cases(
    scores: pd.DataFrame, table: Table, detector: Detector, *, label_column: str, each: int = 3
) -> list[HeatmapCase]:
    """The most certain right and wrong calls of each class among `scores`, with heat maps.

    Args:
        scores: rows of the table with `score`.
        table: where the films are.
        detector: whose calls these are, at its operating point.
        label_column: what holds the label.
        each: films of each of the four kinds.
    """
    positive, threshold = detector.description.positive, detector.operating_point.threshold
    is_positive, called = scores[label_column] == positive, scores["score"] >= threshold
    kinds = (
        ("most certain right: positives", is_positive & called, False),
        ("most certain right: negatives", ~is_positive & ~called, True),
        ("most certain wrong: called positive", ~is_positive & called, False),
        ("most certain wrong: missed", is_positive & ~called, True),
    )
    cases = []
    for kind, chosen, ascending in kinds:
        for _, row in scores[chosen].sort_values("score", ascending=ascending, kind="stable").head(each).iterrows():
            case = _case(row, table, detector, kind, str(row[label_column]))
            if case is not None:
                cases.append(case)
    return cases


def _case(row: pd.Series, table: Table, detector: Detector, kind: str, label: str) -> HeatmapCase | None:
    path = table.image_path(row["image"])
    try:
        whole = read_radiograph(path).pixels
    except DeepCovidError:
        return None
    pixels = thumbnail(whole, longest=LARGEST_SIDE)
    heat = heat_of(detector, detector.see(whole), shape=(pixels.shape[0], pixels.shape[1]))
    return HeatmapCase(pixels, heat, label, float(row["score"]), kind, path.name)


def _small(path: Path) -> np.ndarray | None:
    """The film with its longer side at most `LARGEST_SIDE`; None when it cannot be read (the run has listed it already)."""
    pixels = _readable(path)
    return None if pixels is None else thumbnail(pixels, longest=LARGEST_SIDE)


def _readable(path: Path) -> np.ndarray | None:
    """The whole film, or None."""
    try:
        return read_radiograph(path).pixels
    except DeepCovidError:
        return None
