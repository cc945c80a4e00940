"""What a detector makes of one film, and the features that others may learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST = 512  # numbers that the cells of a flattened map give


@dataclass(frozen=True)
class Seen:
    """What a detector makes of one film.

    Attributes:
        probabilities: of each class, (K,).
        feature_map: (F, h, w); of a stack none.
        importance: how much each map counts for each class, (K, F), where that is not the same for every film.
        members: of a stack its members' scores, (M,).
        means: of a stack the means of all their maps, (D,).
        flattened: whether the network's head sees every position of the map, and not the means of its channels.
    """

    probabilities: np.ndarray
    feature_map: np.ndarray | None
    importance: np.ndarray | None = None
    members: np.ndarray | None = None
    means: np.ndarray | None = None
    flattened: bool = False

    @property
    def features(self) -> np.ndarray:
        """What the head sees, in at most some hundred numbers, float32 (D,).

        The means of the feature map's channels; where the head sees every position, the means of cells, as many a side as give
        no more than `MOST` numbers (the two channels of DarkCovidNet say little by their means alone). Of a stack the means of
        all members' channels, one after the other.
        """
        if self.feature_map is None:
            return np.empty(0, np.float32) if self.means is None else self.means
        channels, height, width = self.feature_map.shape
        side = max(1, min(height, width, int((MOST / channels) ** 0.5)))
        if self.flattened and side > 1:
            return _cells(self.feature_map, side)
        means: np.ndarray = self.feature_map.mean(axis=(1, 2), dtype=np.float32)
        return means


def _cells(feature_map: np.ndarray, side: int) -> np.ndarray:
    """The means of `side` × `side` cells of each channel, float32 (F · side²,)."""
    starts = [np.arange(side) * length // side for length in feature_map.shape[1:]]
    sums = np.add.reduceat(feature_map.astype(np.float32), starts[0], axis=1)
    sums = np.add.reduceat(sums, starts[1], axis=2)
    rows, columns = (np.diff([*start, length]) for start, length in zip(starts, feature_map.shape[1:], strict=True))
    means: np.ndarray = (sums / np.outer(rows, columns)).astype(np.float32).ravel()
    return means
