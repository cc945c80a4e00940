from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from deepcovid.imaging.window import VARIATES, crop_window, erased_window
from deepcovid.models.torchvision_import import import_torchvision

AREA, ASPECT = (0.08, 1.0), (3 / 4, 4 / 3)


def variates(count: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, VARIATES))


def test_crops_are_distributed_as_torchvisions() -> None:
    torch = pytest.importorskip("torch")
    transforms = import_torchvision().transforms
    torch.manual_seed(0)
    side = 2000
    film = torch.zeros(1, side, side)
    theirs = [transforms.RandomResizedCrop.get_params(film, list(AREA), list(ASPECT)) for _ in range(1500)]
    ours = [crop_window(u, area=AREA, aspect=ASPECT) for u in variates(1500)]
    for place in range(4):
        found = stats.ks_2samp([window[place] for window in ours], [window[place] / side for window in theirs])
        assert found.pvalue > 0.001


def test_crops_keep_to_their_ranges() -> None:
    for top, left, height, width in (crop_window(u, area=(0.3, 0.6), aspect=(0.5, 0.8)) for u in variates(300)):
        assert 0.3 - 1e-9 <= height * width <= 0.6 + 1e-9
        assert 0.5 - 1e-9 <= width / height <= 0.8 + 1e-9
        assert min(top, left) >= 0
        assert max(top + height, left + width) <= 1 + 1e-9


def test_where_no_try_fits_the_middle_is_cut_out() -> None:
    u = np.ones(VARIATES)  # the whole area, four times as wide as high
    assert crop_window(u, area=(0.5, 1.0), aspect=(2.0, 4.0)) == pytest.approx((0.25, 0, 0.5, 1))
    assert crop_window(u, area=(0.5, 1.0), aspect=(0.25, 0.5)) == pytest.approx((0, 0.25, 1, 0.5))


def test_erased_windows_are_those_of_the_paper() -> None:
    found = [erased_window(u, area=(0.02, 0.4), aspect=(0.3, 1 / 0.3)) for u in variates(2000)]
    windows = np.array([window for window in found if window is not None])
    assert len(windows) == 2000
    area, tall = windows[:, 2] * windows[:, 3], windows[:, 2] / windows[:, 3]
    assert 0.02 <= area.min() < 0.03
    assert 0.39 < area.max() <= 0.4
    assert 0.3 <= tall.min() < 0.31
    assert 3.2 < tall.max() <= 1 / 0.3
    assert np.median(tall) > 1  # uniform, not uniform in the logarithm: more are tall than wide


def test_where_nothing_fits_nothing_is_erased() -> None:
    assert erased_window(np.ones(VARIATES), area=(0.4, 1.0), aspect=(0.5, 3.0)) is None
