"""Dice of the lung segmenter on films that it has not learnt from, at the film's size, by the origin of the masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import lungs_from_phantoms
from deepcovid.datasets.phantom import patient_films, sample_patients
from deepcovid.imaging.readers import read_film
from deepcovid.imaging.resizing import resized
from deepcovid.models.lungs import LungSegmenter


def measured(
    folder: Path, frame: pd.DataFrame, *, segmenter: LungSegmenter, phantoms_alone: LungSegmenter, look: bool
) -> dict[str, dict[str, Any]]:
    """Each figure with its 95 % interval.

    Args:
        folder: of the films. frame: `material.rows_with_masks`.
        segmenter: what is shipped. phantoms_alone: what it began as.
        look: whether the held-out films may be looked at.
    """
    parts = {
        "cross-fitted, hand-drawn": frame["free"] & (frame["mask_source"] == "v7labs"),
        "cross-fitted, lungVAE": frame["free"] & (frame["mask_source"] == "lungVAE"),
    }
    if look:
        held = ~frame["trains"]
        hand = held & (frame["mask_source"] == "v7labs")
        parts |= {
            "held out, hand-drawn": hand & ~frame["seen"],
            "held out, hand-drawn, films that the phantoms were made by": hand & frame["seen"],
            "held out, lungVAE": held & (frame["mask_source"] == "lungVAE"),
        }
    figures = {}
    for name, rows in parts.items():
        mine = frame[rows.to_numpy()]
        for what, net in ((name, segmenter), (f"{name}; phantoms alone", phantoms_alone)):
            figures[what] = interval(dice_of(folder, mine, net), mine["patient"].to_numpy())
    return figures | {"new phantoms": interval(*on_phantoms(segmenter))}


def interval(values: np.ndarray, patients: np.ndarray) -> dict[str, Any]:
    """Mean Dice, its interval by a bootstrap over patients, and its tenth percentile over films."""
    return lungs_from_phantoms.interval(values, patients)


def dice_of(folder: Path, frame: pd.DataFrame, segmenter: LungSegmenter) -> np.ndarray:
    """Dice of each row of a table, at the film's size."""
    values = []
    for film, mask in zip(frame["image"], frame["lung_mask"], strict=True):
        pixels = read_film(folder / film).pixels
        truth = resized(read_film(folder / mask).pixels, size=pixels.shape) > 0.5  # type: ignore[arg-type]
        values.append(dice(segmenter.segment(pixels), truth))
    return np.array(values)


def on_phantoms(segmenter: LungSegmenter) -> tuple[np.ndarray, np.ndarray]:
    """Dice on phantoms of hospitals that were not trained on, and their patients."""
    people = list(sample_patients(100, films_per_patient=(1, 1), seed=77, sources=("elsewhere-1", "elsewhere-2")))
    films = [film for person in people for film in patient_films(person, size=256)]
    return np.array([dice(segmenter.segment(film.film), film.lung_mask) for film in films]), np.arange(len(films))


def dice(found: np.ndarray, truth: np.ndarray) -> float:
    """2 |A ∩ B| / (|A| + |B|) of two bool masks (H, W)."""
    return float(2 * (found & truth).sum() / max(found.sum() + truth.sum(), 1))
