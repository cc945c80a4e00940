from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcovid.models.gate.statistics import LARGE, aspect, reduced, spread

SIDES = st.integers(1, 1600)


@settings(deadline=None, max_examples=40)
@given(height=SIDES, width=SIDES)
def test_a_reduced_picture_is_small_and_keeps_a_flat_grey(height: int, width: int) -> None:
    small = reduced(np.full((height, width), 0.25, np.float32))
    assert max(small.shape) < 2 * LARGE
    assert small.dtype == np.float32
    assert np.allclose(small, 0.25)


def test_a_reduced_picture_is_the_mean_of_its_blocks() -> None:
    pixels = np.random.default_rng(0).random((2 * LARGE, 3 * LARGE), dtype=np.float32)
    assert reduced(pixels)[5, 7] == pytest.approx(pixels[10:12, 21:24].mean(), abs=1e-6)


def test_grain_is_no_spread_and_a_step_is() -> None:
    rng = np.random.default_rng(0)
    grain = (0.5 + 0.05 * rng.standard_normal((960, 960))).astype(np.float32).clip(0, 1)
    assert spread(grain) < 0.03
    grain[:, 480:] *= 0.5
    assert spread(grain) > 0.2


@settings(deadline=None, max_examples=40)
@given(height=SIDES, width=SIDES)
def test_the_aspect_is_the_same_lying_and_standing(height: int, width: int) -> None:
    lying, standing = np.zeros((height, width)), np.zeros((width, height))
    assert aspect(lying) == aspect(standing) >= 1
