"""Random fields and wide blurs against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from deepcovid.datasets.phantom.texture import cloud, wide_blur


@pytest.mark.parametrize("scale", [1.5, 4.0, 12.0])
def test_a_cloud_has_mean_0_and_deviation_1(scale: float) -> None:
    field = cloud((300, 280), scale, np.random.default_rng(0))
    assert field.shape == (300, 280)
    assert field.dtype == np.float32
    assert abs(field.mean()) < 0.2
    assert 0.75 < field.std() < 1.2


def test_a_wide_blur_is_a_gaussian_blur() -> None:
    image = np.zeros((150, 131), np.float32)
    image[40:90, 50:] = 2
    exact = ndimage.gaussian_filter(image, 14, mode="nearest")
    np.testing.assert_allclose(wide_blur(image, 14), exact, atol=0.03)
    assert np.abs(wide_blur(image, 14) - exact).mean() < 0.008
