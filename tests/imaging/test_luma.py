from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from deepcovid.imaging.luma import luma, range_scaled, unit_scaled


@pytest.mark.parametrize(("kind", "top"), [(np.uint8, 255), (np.uint16, 65535)])
def test_every_value_is_the_nearest_float(kind: type, top: int):
    values = np.arange(top + 1, dtype=kind)
    assert np.array_equal(unit_scaled(values, top=top), (np.arange(top + 1) / top).astype(np.float32))


@given(arrays(np.uint16, (4, 5)))
def test_grey_as_colour_is_the_same_film(film: np.ndarray):
    assert np.array_equal(luma(np.stack([film] * 3, axis=-1), top=65535), unit_scaled(film, top=65535))


@given(arrays(np.uint8, (6, 7, 3)))
def test_luma_is_pillows_to_its_rounding(colour: np.ndarray):
    pillow = np.asarray(Image.fromarray(colour).convert("L")) / 255
    assert np.abs(luma(colour, top=255) - pillow).max() <= 0.51 / 255


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32])
def test_the_brightest_colour_does_not_overflow(kind: type):
    top = int(np.iinfo(kind).max)
    colour = np.full((1, 1, 3), top, kind)
    colour[..., 0] = 0  # unequal channels take the weighted path
    assert luma(colour, top=top)[0, 0] == pytest.approx(0.701, abs=1e-6)


@given(st.integers(-1000, 1000), st.integers(1, 1000))
def test_a_range_maps_its_ends_to_0_and_1_and_clips(low: int, span: int):
    values = np.array([low - 5, low, low + span, low + span + 5])
    assert range_scaled(values, low=low, high=low + span).tolist() == [0, 0, 1, 1]


def test_an_empty_range_is_black():
    assert range_scaled(np.array([3, 4]), low=3, high=3).tolist() == [0, 0]
