from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter

from deepcovid.imaging.equalising import equalised

films = arrays(
    np.float32, st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)), elements=st.floats(0, 1, width=32)
)


def smooth(side: int = 60) -> np.ndarray:
    """A dark film with soft shapes, as whole numbers from 20 to 140."""
    field = gaussian_filter(np.random.default_rng(0).random((side, side)), 4)
    return np.round(20 + 120 * (field - field.min()) / np.ptp(field)).astype(np.uint8)


@pytest.mark.parametrize(
    "film", [smooth(), np.arange(256, dtype=np.uint8).reshape(16, 16), np.full((9, 7), 77, np.uint8)]
)
def test_films_of_whole_levels_are_opencvs_before_its_rounding(film: np.ndarray) -> None:
    cv2 = pytest.importorskip("cv2")
    found = equalised((film / 255).astype(np.float32)[None])[0]
    assert np.abs(found * 255 - cv2.equalizeHist(film)).max() <= 0.5 + 1e-4


def test_by_hand() -> None:
    film = np.array([[[0, 0, 51, 102, 102, 255]]], np.float32) / 255
    assert equalised(film)[0, 0] == pytest.approx([0, 0, 0.25, 0.75, 0.75, 1])


@given(films)
def test_films_stay_films_in_their_order_and_alone(batch: np.ndarray) -> None:
    found = equalised(batch)
    assert found.dtype == np.float32
    assert found.shape == batch.shape
    assert found.min() >= 0
    assert found.max() <= 1 + 1e-6
    for before, after in zip(batch, found, strict=True):
        order = np.argsort(before, axis=None)
        assert np.diff(after.ravel()[order]).min(initial=0) >= -1e-6
        assert np.array_equal(equalised(before[None])[0], after)


def test_a_rounding_error_stays_small() -> None:
    film = (smooth() / 255).astype(np.float32)
    shaken = (film + np.random.default_rng(1).uniform(-1e-6, 1e-6, film.shape)).astype(np.float32)
    assert np.abs(equalised(shaken[None]) - equalised(film[None])).max() < 5e-5
    even = np.full((1, 20, 20), 0.3, np.float32)
    assert np.array_equal(equalised(even), even)
    even[:, ::2] = np.nextafter(np.float32(0.3), np.float32(1))
    assert np.abs(equalised(even) - 0.3).max() < 0.02, "noise is not spread over all greys"


def test_no_film_is_no_film() -> None:
    assert equalised(np.zeros((0, 3, 4), np.float32)).shape == (0, 3, 4)
