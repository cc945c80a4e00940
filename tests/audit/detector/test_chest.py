from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import ConvexHull

from deepcovid.audit.detector.chest import (
    BLACKED_OUT,
    BORDER_ONLY,
    CHEST_ONLY,
    MARGIN,
    SHAPE,
    _filled,
    _hull_sides,
    chest,
    shape_of,
)
from deepcovid.audit.detector.looks import Film


@pytest.fixture
def lungs() -> np.ndarray:
    mask = np.zeros((100, 80), bool)
    mask[20:60, 12:30] = mask[25:70, 50:68] = True
    return mask


def test_the_hull_is_scipys() -> None:
    rng = np.random.default_rng(0)
    grid = np.stack(np.mgrid[:40, :50], axis=-1).reshape(-1, 2)
    for _ in range(10):
        mask = np.zeros((40, 50), bool)
        points = rng.integers(5, 35, (12, 2))
        mask[points[:, 0], points[:, 1]] = True
        equations = ConvexHull(np.argwhere(mask)).equations
        inside = (grid @ equations[:, :2].T + equations[:, 2] <= 1e-9).all(axis=1).reshape(40, 50)
        assert (_filled(mask.shape, *_hull_sides(mask)) == inside).all()


def test_the_chest_covers_lungs_what_lies_between_and_a_margin(lungs: np.ndarray) -> None:
    region = chest(lungs)
    assert region[lungs].all()
    assert region[40, 40]  # between the lungs
    assert region[40, 12 - round(MARGIN * 100)]
    assert not region[40, 12 - round(MARGIN * 100) - 1]
    apart = ndimage.distance_transform_edt(~_filled(lungs.shape, *_hull_sides(lungs)))
    unlike = region != (apart <= MARGIN * 100)  # a pixel is cut by the hull's sloping sides, or not
    assert unlike.mean() < 0.005
    assert (np.abs(apart[unlike] - MARGIN * 100) < 1).all()
    assert not chest(np.zeros((30, 30), bool)).any()


def test_what_is_taken_away_is_black_and_the_rest_is_left(lungs: np.ndarray) -> None:
    pixels = np.random.default_rng(1).uniform(0.2, 1, lungs.shape).astype(np.float32)
    film = Film(pixels, segment=lambda _: lungs)
    out, alone, border = (kind.change(film) for kind in (BLACKED_OUT, CHEST_ONLY, BORDER_ONLY))
    region = chest(lungs)
    assert ((out == 0) == region).all()
    assert (out + alone == pixels).all()
    assert (border[12:88, 10:70] == 0).all()
    assert (border[:12] == pixels[:12]).all()


def test_numbers_of_the_shape_are_shares_of_the_film(lungs: np.ndarray) -> None:
    values = dict(zip(SHAPE, shape_of(Film(np.zeros(lungs.shape, np.float32), segment=lambda _: lungs)), strict=True))
    assert values["area"] == pytest.approx(lungs.mean())
    assert values["left area"] == pytest.approx(40 * 18 / 8000)
    assert (values["top"], values["bottom"]) == pytest.approx((0.20, 0.69))
    assert (values["left"], values["right"]) == pytest.approx((12 / 80, 67 / 80))
    assert (values["right top"], values["right bottom"]) == pytest.approx((0.25, 0.69))
    assert shape_of(Film(np.zeros((9, 9), np.float32), segment=lambda _: np.zeros((9, 9), bool))).sum() == 0
