"""Features of what a detector sees: means of channels, and of cells where its head sees every position."""

from __future__ import annotations

import numpy as np
import pytest

from deepcovid.models.seen import MOST, Seen

NOTHING = np.zeros(2)


def test_cells_of_a_flattened_map_are_adaptive_means() -> None:
    torch = pytest.importorskip("torch")
    feature_map = np.random.default_rng(0).normal(size=(2, 16, 32)).astype(np.float32)
    pooled = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(feature_map), 16).numpy()
    assert np.allclose(Seen(NOTHING, feature_map, flattened=True).features, pooled.ravel(), atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "numbers"), [((2, 24, 36), 512), ((2, 5, 3), 18), ((32, 9, 9), 512), ((512, 7, 7), 512)]
)
def test_cells_are_as_many_as_fit(shape: tuple[int, int, int], numbers: int) -> None:
    feature_map = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    features = Seen(NOTHING, feature_map, flattened=True).features
    assert features.shape == (numbers,)
    assert len(features) <= max(MOST, shape[0])
    assert np.allclose(features.reshape(shape[0], -1).mean(axis=1), feature_map.mean(axis=(1, 2)), atol=0.2)


def test_a_pooled_map_gives_the_means_of_its_channels_and_a_stack_those_of_its_members() -> None:
    feature_map = np.random.default_rng(2).normal(size=(3, 6, 4)).astype(np.float32)
    assert np.array_equal(Seen(NOTHING, feature_map).features, feature_map.mean(axis=(1, 2), dtype=np.float32))
    means = np.arange(5, dtype=np.float32)
    assert Seen(NOTHING, None, means=means).features is means
    assert Seen(NOTHING, None).features.size == 0
