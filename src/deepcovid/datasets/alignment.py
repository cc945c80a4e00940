"""How alike two films are once one is laid on the other: shift and scale found by least squares, then correlation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SCALE, SHIFT = (0.7, 1.4), 0.2  # what is searched: factors on a side, fractions of a side
STEP = 0.05  # the longest step of any of the four numbers
OVERLAP = 0.5  # of the film's area that must lie on the other film
MARGIN = 4  # of 64 pixels round the overlap, where detail is not compared: what lies beyond blurs into it
STAY = np.array([1, 0, 1, 0], np.float32)  # factor and shift down, factor and shift across


@dataclass(frozen=True)
class Aligned:
    """Films b laid on films a, pair by pair.

    Attributes:
        correlation: Pearson's, of the grey values where both films lie: float (N,).
        detail: the same of edges and ribs alone (a band-pass of 1 to 3 pixels, meant for a side of 64): lungs of the
            same shape correlate in grey, only the same film does in detail.
        place: float32 (N, 4), factor and shift (of the side) down, factor and shift across.
    """

    correlation: np.ndarray
    detail: np.ndarray
    place: np.ndarray


def aligned(a: np.ndarray, b: np.ndarray, *, start: np.ndarray, steps: int) -> Aligned:
    """Lay each b on its a by Gauss and Newton's method, brightness and contrast left free, and compare.

    A step that leaves too small an overlap, or makes the films less alike than at the start, is not taken.

    Args:
        a, b: float32 (N, side, side): a shift of a tenth is found at a side of 16, a fine one at 64.
        start: float32 (N, 4), where the search begins.
        steps: of the search.
    """
    place = _searched(a, b, start.astype(np.float32), steps)
    before, after = _compared(a, b, start), _compared(a, b, place)
    better = after[0] > before[0]
    return Aligned(
        np.where(better, after[0], before[0]),
        np.where(better, after[1], before[1]),
        np.where(better[:, None], place, start).astype(np.float32),
    )


def _resampling(factor: np.ndarray, shift: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Bilinear weights along one side, float32 (N, side, side), and where on b each place of a lies, in pixels (N, side)."""
    middle = (side - 1) / 2
    at = middle + factor[:, None] * (np.arange(side) - middle) + shift[:, None] * side
    weights = np.maximum(0, 1 - np.abs(at[:, :, None] - np.arange(side))).astype(np.float32)
    return weights, at


@dataclass(frozen=True)
class _Laid:
    """How b's pixels come to lie on a's grid."""

    down: np.ndarray
    across: np.ndarray
    rows: np.ndarray
    columns: np.ndarray

    @classmethod
    def at(cls, place: np.ndarray, side: int) -> _Laid:
        down, rows = _resampling(place[:, 0], place[:, 1], side)
        across, columns = _resampling(place[:, 2], place[:, 3], side)
        return cls(down, across.transpose(0, 2, 1), rows, columns)

    def inside(self, margin: int = 0) -> np.ndarray:
        """1 where both films lie, by at least `margin` pixels, else 0: float32 (N, side, side)."""
        last = self.rows.shape[1] - 1 - margin
        own = (np.arange(last + 1 + margin) >= margin) & (np.arange(last + 1 + margin) <= last)
        rows, columns = ((at >= margin) & (at <= last) & own for at in (self.rows, self.columns))
        return (rows[:, :, None] & columns[:, None, :]).astype(np.float32)

    def __call__(self, films: np.ndarray) -> np.ndarray:
        return self.down @ films @ self.across


def _searched(a: np.ndarray, b: np.ndarray, place: np.ndarray, steps: int) -> np.ndarray:
    side = a.shape[-1]
    slope_down, slope_across = np.gradient(b, axis=(1, 2))
    lever = np.arange(side, dtype=np.float32) - (side - 1) / 2
    for _ in range(steps):
        lay = _Laid.at(place, side)
        down, across = lay(slope_down), lay(slope_across)
        slopes = [down * lever[:, None], down * side, across * lever, across * side]
        step = _step(a, lay(b), slopes, lay.inside())
        place = place + np.clip(step, -STEP, STEP)
        place[:, [0, 2]] = np.clip(place[:, [0, 2]], *SCALE)
        place[:, [1, 3]] = np.clip(place[:, [1, 3]], -SHIFT, SHIFT)
    return place


def _step(a: np.ndarray, b: np.ndarray, slopes: list[np.ndarray], inside: np.ndarray) -> np.ndarray:
    """The change of place, (N, 4), that least squares of a − gain · b − offset ask for, lightly damped."""
    a, b = _centred(a, inside), _centred(b, inside)
    gain = (a * b).sum(axis=(1, 2)) / np.maximum((b * b).sum(axis=(1, 2)), 1e-9)
    moves = [gain[:, None, None] * slope * inside for slope in slopes]
    design = np.stack([*moves, b, inside], axis=-1).reshape(len(a), -1, 6)
    normal = design.transpose(0, 2, 1) @ design
    scale = np.trace(normal, axis1=1, axis2=2) / 6 + 1e-6
    normal += scale[:, None, None] * np.diag([1e-3] * 4 + [1e-6] * 2).astype(np.float32)
    rest = (a - gain[:, None, None] * b).reshape(len(a), -1, 1)
    step: np.ndarray = np.linalg.solve(normal, design.transpose(0, 2, 1) @ rest)[:, :4, 0]
    return step


def _centred(films: np.ndarray, inside: np.ndarray) -> np.ndarray:
    area = np.maximum(inside.sum(axis=(1, 2)), 1)
    mean = (films * inside).sum(axis=(1, 2)) / area
    return (films - mean[:, None, None]) * inside


def _compared(a: np.ndarray, b: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correlation of grey and of detail, each (N,); −1 where the overlap is too small."""
    lay, side = _Laid.at(place, a.shape[-1]), a.shape[-1]
    inside = lay.inside()
    enough = inside.mean(axis=(1, 2)) >= OVERLAP
    grey = _correlation(a, lay(b), inside)
    fine = _correlation(_detail(a), lay(_detail(b)), lay.inside(MARGIN)) if side > 8 * MARGIN else grey
    return np.where(enough, grey, -1.0), np.where(enough, fine, -1.0)


def _correlation(a: np.ndarray, b: np.ndarray, inside: np.ndarray) -> np.ndarray:
    a, b = _centred(a, inside), _centred(b, inside)
    product = np.sqrt((a * a).sum(axis=(1, 2)) * (b * b).sum(axis=(1, 2)))
    return (a * b).sum(axis=(1, 2)) / np.maximum(product, 1e-9)


def _detail(films: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(films, (0, 1, 1)) - gaussian_filter(films, (0, 3, 3))
