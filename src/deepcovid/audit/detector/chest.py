"""The chest of a film, as the smallest convex region round both lungs with a margin; what is blacked out, or kept alone."""

from __future__ import annotations

import numpy as np

from deepcovid.audit.detector.looks import Alteration, Film, Measure

MARGIN = 0.04  # of the film's longer side: what a segmenter leaves out at the edge of a lung
LEAST = 0.02  # share of the film that is lung, below which none was found
FRAME = 0.125  # of each side: the border of the data check's test, the outer 4 of 32 pixels
SHAPE = (
    "area", "left area", "top", "bottom", "left", "right", "centre, down", "centre, across", "left top", "left bottom",
    "right top", "right bottom", "hull area",
)  # fmt: skip


def chest(lungs: np.ndarray) -> np.ndarray:
    """The convex hull of bool (H, W) lungs, widened by `MARGIN`; all False without lungs.

    It covers what lies between the lungs and what disease has hidden at their edge, so that its shape tells less of the
    disease than that of the lungs.
    """
    if not lungs.any():
        return np.zeros(lungs.shape, dtype=bool)
    return _filled(lungs.shape, *_widened(*_hull_sides(lungs), by=MARGIN * max(lungs.shape)))


def _hull_sides(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last column, float (H,), of the convex hull of a mask that is not empty; ∞ and −∞ in rows outside it."""
    rows = np.flatnonzero(mask.any(axis=1))
    down = np.arange(rows[0], rows[-1] + 1)
    first = mask[rows].argmax(axis=1).astype(float)
    last = mask.shape[1] - 1 - mask[rows, ::-1].argmax(axis=1).astype(float)
    left, right = np.full(len(mask), np.inf), np.full(len(mask), -np.inf)
    left[down], right[down] = _lower_envelope(rows, first, down), -_lower_envelope(rows, -last, down)
    return left, right


def _widened(left: np.ndarray, right: np.ndarray, *, by: float) -> tuple[np.ndarray, np.ndarray]:
    """The sides of the region within `by` pixels of that between `left` and `right`."""
    reach = int(by)
    half = np.sqrt(by**2 - np.arange(-reach, reach + 1) ** 2)  # of a disc, row by row
    around = [
        np.lib.stride_tricks.sliding_window_view(np.pad(side, reach, constant_values=empty), 2 * reach + 1)
        for side, empty in ((left, np.inf), (right, -np.inf))
    ]
    return (around[0] - half).min(axis=1), (around[1] + half).max(axis=1)


def _filled(shape: tuple[int, ...], left: np.ndarray, right: np.ndarray) -> np.ndarray:
    across = np.arange(shape[1])
    filled: np.ndarray = (across >= left[:, None] - 1e-6) & (across <= right[:, None] + 1e-6)
    return filled


def _lower_envelope(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The largest convex function below the points (x, y), x rising (Andrew, Inf. Process. Lett. 9:216, 1979)."""
    kept: list[int] = []
    for point in range(len(x)):
        while len(kept) > 1:
            a, b = kept[-2], kept[-1]
            if (y[b] - y[a]) * (x[point] - x[a]) < (y[point] - y[a]) * (x[b] - x[a]):
                break
            kept.pop()
        kept.append(point)
    return np.interp(at, x[kept], y[kept])


def frame_of(shape: tuple[int, ...]) -> np.ndarray:
    """bool (H, W), the outer eighth on each side."""
    outside = np.ones(shape, dtype=bool)
    rows, columns = (round(FRAME * side) for side in shape)
    outside[rows:-rows, columns:-columns] = False
    return outside


def shape_of(film: Film) -> np.ndarray:
    """Numbers `SHAPE` of a film's lungs, as shares of the film's sides and area; float32 (13,), all 0 without lungs."""
    lungs = film.lungs
    if not lungs.any():
        return np.zeros(len(SHAPE), np.float32)
    height, width = lungs.shape
    rows, columns = np.nonzero(lungs)
    middle = columns.mean()
    left = columns < middle
    ends = [_ends(rows[side] / height) for side in (left, ~left)]
    values = [
        lungs.mean(), left.sum() / lungs.size, *_ends(rows / height), *_ends(columns / width),
        rows.mean() / height, middle / width, *ends[0], *ends[1], chest(lungs).mean(),
    ]  # fmt: skip
    return np.array(values, np.float32)


def _ends(places: np.ndarray) -> tuple[float, float]:
    return (float(places.min()), float(places.max())) if len(places) else (0.0, 0.0)


def _black(film: Film, where: np.ndarray) -> np.ndarray:
    return np.where(where, np.float32(0), film.pixels).astype(np.float32)


BLACKED_OUT = Alteration("chest blacked out", lambda film: _black(film, chest(film.lungs)))
CHEST_ONLY = Alteration("chest only", lambda film: _black(film, ~chest(film.lungs)))
BORDER_ONLY = Alteration("border only", lambda film: _black(film, ~frame_of(film.pixels.shape)))
LUNG_SHAPE = Measure("shape of the lungs", shape_of)
