"""Tests of laying one film on another."""

from __future__ import annotations

import numpy as np
import pytest

from deepcovid.datasets.alignment import STAY, aligned
from deepcovid.datasets.perceptual import thumbnail_of
from deepcovid.imaging.resizing import resized
from tests.datasets.twins import phantom_films


def small(film: np.ndarray, side: int = 64) -> np.ndarray:
    return resized(np.ascontiguousarray(film, dtype=np.float32), size=(side, side))


def test_a_shifted_and_scaled_film_is_laid_back() -> None:
    film = phantom_films(12)[2]
    part = film[4:156, 6:154]  # 152 of 160 rows, 148 of 160 columns
    found = aligned(small(film)[None], small(part)[None], start=STAY[None], steps=10)
    assert found.place[0, [0, 2]] == pytest.approx([160 / 152, 160 / 148], rel=0.005)
    assert found.correlation[0] > 0.995
    assert found.detail[0] > 0.97
    assert found.correlation[0] > np.corrcoef(small(film).ravel(), small(part).ravel())[0, 1]


def test_brightness_and_contrast_change_nothing() -> None:
    film = small(phantom_films(12)[4])
    found = aligned(film[None], (0.4 * film + 0.3)[None], start=STAY[None], steps=4)
    assert found.correlation[0] == pytest.approx(1, abs=1e-5)
    assert found.detail[0] == pytest.approx(1, abs=1e-4)
    assert found.place[0] == pytest.approx(STAY, abs=1e-3)


def test_different_people_correlate_less_in_detail() -> None:
    films = np.stack([thumbnail_of(film) for film in phantom_films(12)]).astype(np.float32) / 255
    a, b = (np.array(places) for places in zip(*[(i, j) for i in range(12) for j in range(i)], strict=True))
    found = aligned(films[a], films[b], start=np.tile(STAY, (len(a), 1)), steps=6)
    assert found.detail.max() < 0.9
    assert (found.detail < found.correlation).mean() > 0.9


def test_blank_films_are_like_nothing() -> None:
    blank = np.zeros((1, 64, 64), np.float32)
    film = small(phantom_films(12)[0])[None]
    for a, b in ((blank, film), (film, blank), (blank, blank)):
        found = aligned(a, b, start=STAY[None], steps=3)
        assert np.isfinite(found.place).all()
        assert abs(found.correlation[0]) < 1e-3


def test_too_small_an_overlap_is_no_likeness() -> None:
    film = small(phantom_films(12)[0])[None]
    apart = np.array([[1.0, 0.6, 1.0, 0.0]], np.float32)
    assert aligned(film, film, start=apart, steps=0).correlation[0] == -1
