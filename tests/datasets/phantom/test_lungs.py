"""Lungs learnt from phantoms alone, by a linear model of pixels, are found on real films."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage
from scipy.stats import rankdata

from deepcovid.datasets.phantom import patient_films, sample_patients

SIDE = 64
FILMS = Path(__file__).parents[3] / "../shared/data/cxr-512"


def features(film: np.ndarray) -> np.ndarray:
    """(SIDE², F): place, and ranked grey values at several scales and some distances."""
    ranks = (rankdata(film).reshape(film.shape) / film.size * 2 - 1).astype(np.float32)
    row, column = np.mgrid[:SIDE, :SIDE] / (SIDE - 1) * 2 - 1
    blurred = [ndimage.gaussian_filter(ranks, sigma, mode="nearest") for sigma in (0.8, 2, 4, 8)]
    far = [np.roll(blurred[1], shift, (0, 1)) for shift in ((16, 0), (-16, 0), (0, 16), (0, -16))]
    slopes = [ndimage.sobel(blurred[1], axis) for axis in (0, 1)]
    rows = np.broadcast_to(ranks.mean(axis=1, keepdims=True), film.shape)
    maps = [row, column, np.abs(column), *blurred, *far, *slopes, blurred[1][:, ::-1], rows]
    return np.stack(maps, axis=-1).reshape(-1, len(maps)).astype(np.float32)


def dice(found: np.ndarray, truth: np.ndarray) -> float:
    return float(2 * (found & truth).sum() / (found.sum() + truth.sum()))


def read(path: Path) -> np.ndarray:
    image = Image.open(path).convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(image, np.float32) / 255


@pytest.mark.films
@pytest.mark.skipif(not (FILMS / "table.csv").exists(), reason="the real films are not at ../shared/data/cxr-512")
def test_a_linear_model_of_phantom_pixels_finds_real_lungs() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    phantoms = [
        film for p in sample_patients(60, films_per_patient=(1, 1), seed=2) for film in patient_films(p, size=SIDE)
    ]
    seen = np.concatenate([features(phantom.film) for phantom in phantoms])
    truth = np.concatenate([phantom.lung_mask.ravel() for phantom in phantoms])
    chosen = np.random.default_rng(0).choice(len(truth), 30_000, replace=False)
    model = make_pipeline(StandardScaler(), PolynomialFeatures(2), LogisticRegression(C=0.05, max_iter=100))
    model.fit(seen[chosen], truth[chosen])

    table = pd.read_csv(FILMS / "table.csv")
    rows = table[table["mask_source"] == "v7labs"].drop_duplicates("patient").iloc[::10]
    average = np.mean([phantom.lung_mask for phantom in phantoms], axis=0) > 0.5
    found, fixed = [], []
    for film, mask in zip(rows["image"], rows["lung_mask"], strict=True):
        drawn = read(FILMS / mask) > 0.5
        found.append(dice(model.predict(features(read(FILMS / film))).reshape(SIDE, SIDE), drawn))
        fixed.append(dice(average, drawn))
    assert len(rows) > 20
    assert np.mean(found) > 0.75
    assert np.mean(found) > np.mean(fixed) + 0.02  # it reads the film: one fixed shape does worse
