"""Films that show the same picture: candidates by perceptual hash, then the correlation of aligned thumbnails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from deepcovid.datasets.alignment import STAY, Aligned, aligned
from deepcovid.datasets.perceptual import BITS, INNER, SIDE, inner, perceptual_codes
from deepcovid.progress import Progress, Silent

Transform = Literal["same", "inverse", "mirror", "inverse mirror"]

HAMMING = 12  # bits that may differ in a candidate
CORRELATION = 0.97  # above it, aligned thumbnails are of one film
DETAIL = 0.94  # and so must their fine structure
ALIKE = 0.75  # 16 × 16 pixels, as they lie: below it a candidate is let go
# Side of the thumbnails, steps of the search, and the correlation below which a candidate is let go
LEVELS = ((16, 8, 0.93), (32, 5, 0.93), (64, 5, 0.90))
CANDIDATES = 50_000  # the likest are aligned
BLOCK, CHUNK, BATCH = 512, 128, 4096  # films a block of comparisons; pairs aligned at once; films hashed at once
PAIRS = 65_536  # whose signatures are compared at once
TRANSFORMS: tuple[Transform, ...] = get_args(Transform)
# (view of a, view of b): the whole films, then either one against the middle of the other
VIEWS = ((0, 0), (0, 1), (1, 0))


@dataclass(frozen=True)
class Pair:
    """Two films that may be one.

    Attributes:
        a, b: their positions, a < b.
        transform: what makes b look like a.
        hamming: bits by which the hashes differ, 0 to 64; the least of all views.
        correlation: of the aligned thumbnails, −1 to 1.
        detail: of their fine structure.
        exact: whether the files are equal byte by byte.
    """

    a: int
    b: int
    transform: Transform
    hamming: int
    correlation: float
    detail: float
    exact: bool = False

    @property
    def duplicate(self) -> bool:
        """Whether the two are taken for one film."""
        return self.exact or (self.correlation > CORRELATION and self.detail > DETAIL)

    @property
    def likeness(self) -> float:
        """What pairs are ranked by: the mean of both correlations."""
        return (self.correlation + self.detail) / 2


@dataclass(frozen=True)
class Pairs:
    """What was found.

    Attributes:
        pairs: the likest first; of several exact copies each with the first of them.
        candidates: pairs of films within the Hamming distance.
        aligned: how many of them were aligned.
        left: how many likely ones were not, for their number.
    """

    pairs: tuple[Pair, ...]
    candidates: int
    aligned: int
    left: int


def find_pairs(
    thumbnails: np.ndarray,
    hashes: Sequence[str],
    *,
    side: np.ndarray | None = None,
    most: int | None = None,
    progress: Progress | None = None,
) -> Pairs:
    """Pairs of films that are alike, of any number of films; memory grows with the films, not with their square.

    Args:
        thumbnails: uint8 (N, 64, 64) as `thumbnail_of` makes them.
        hashes: the SHA-256 of each file; equal ones are exact copies.
        side: int (N,); only films of two sides are held against each other, but for exact copies. None: all.
        most: how many candidates are aligned, the likest; None: `CANDIDATES`.
        progress: told of the blocks of comparisons.
    """
    first: dict[str, int] = {}
    exact = [
        Pair(first[sha], place, "same", 0, 1.0, 1.0, exact=True)
        for place, sha in enumerate(hashes)
        if first.setdefault(sha, place) != place
    ]
    alone = np.array(sorted(first.values()), dtype=np.int64)
    films = thumbnails[alone]
    sides = np.arange(len(films)) if side is None else side[alone]
    found = _Candidates.of(films, side=sides, most=most or CANDIDATES, progress=progress or Silent())
    near = _near_pairs(films, found, progress=progress or Silent())
    shown = []
    for k, (kind, hamming, correlation, detail) in near:
        a, b = sorted((int(alone[found.a[k]]), int(alone[found.b[k]])))
        shown.append(Pair(a, b, kind, hamming, correlation, detail))
    ranked = sorted([*exact, *shown], key=lambda pair: (-pair.exact, -pair.likeness, pair.a, pair.b))
    return Pairs(tuple(ranked), found.total, len(found.a), found.left)


@dataclass(frozen=True)
class _Candidates:
    """Candidate pairs: positions, transform, views (numbers into TRANSFORMS and VIEWS), Hamming distance."""

    a: np.ndarray
    b: np.ndarray
    transform: np.ndarray
    view: np.ndarray
    hamming: np.ndarray
    total: int
    left: int

    @classmethod
    def of(cls, films: np.ndarray, *, side: np.ndarray, most: int, progress: Progress) -> _Candidates:
        blocks = range(0, len(films), BLOCK)
        codes, signatures = _described(films)
        kept, total, left = np.empty((0, 6)), 0, 0
        for start in progress.track(blocks, description="comparing films", total=len(blocks)):
            found = np.concatenate([np.empty((0, 6)), *_block(start, codes, signatures, side)])
            total += len(np.unique(found[:, 0] * len(films) + found[:, 1]))
            kept = _best_of_pairs(np.concatenate([kept, found[found[:, 5] >= ALIKE]]))
            left += max(0, len(kept) - most)
            kept = kept[:most]
        a, b, transform, view, hamming = kept[:, :5].astype(np.int64).T
        return cls(a, b, transform, view, hamming, total, left)


def _described(films: np.ndarray) -> tuple[list[tuple[np.ndarray, np.ndarray]], list[np.ndarray]]:
    """Codes and signatures of the whole films and of their middles, made batch by batch: films stay 8-bit in memory."""
    parts: list[list[tuple[np.ndarray, ...]]] = [[], []]
    for begin in range(0, max(len(films), 1), BATCH):
        batch = _unit(films[begin : begin + BATCH])
        for view, seen in enumerate((batch, inner(batch) if len(batch) else batch)):
            parts[view].append((*perceptual_codes(seen), _signatures(seen)))
    columns = [[np.concatenate(column) for column in zip(*part, strict=True)] for part in parts]
    return [(plain, mirror) for plain, mirror, _ in columns], [signature for _, _, signature in columns]


def _unit(films: np.ndarray) -> np.ndarray:
    """float32 in [0, 1] from 8 bits; float32 as it is."""
    return films.astype(np.float32) / np.float32(255) if films.dtype == np.uint8 else films


def _block(
    start: int, codes: Sequence[tuple[np.ndarray, np.ndarray]], signatures: Sequence[np.ndarray], side: np.ndarray
) -> Iterator:
    """Rows of a, b, transform, view, Hamming distance and likeness for the films from `start` on against all behind."""
    for view, (of_a, of_b) in enumerate(VIEWS):
        for mirrored in (0, 1):
            dots = codes[of_a][0][start : start + BLOCK] @ codes[of_b][mirrored][start:].T
            behind = np.arange(dots.shape[1]) > np.arange(dots.shape[0])[:, None]
            apart = side[start : start + BLOCK, None] != side[start:]
            i, j = np.nonzero((np.abs(dots) >= BITS - 2 * HAMMING) & behind & apart)
            dot = dots[i, j]
            other = signatures[of_b][:, :, ::-1] if mirrored else signatures[of_b]
            alike = _alike(signatures[of_a], other, start + i, start + j) * np.sign(dot)
            transform = 2 * mirrored + (dot < 0)
            columns = (start + i, start + j, transform, np.full(len(i), view), (BITS - np.abs(dot)) / 2, alike)
            yield np.stack(columns, axis=1).astype(np.float64)


def _alike(mine: np.ndarray, other: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """The correlation of signatures, pair by pair; of blank films every pair is a candidate, so a bounded number at once."""
    parts = (slice(begin, begin + PAIRS) for begin in range(0, len(i), PAIRS))
    found = [np.einsum("nij,nij->n", mine[i[part]], other[j[part]]) for part in parts]
    return np.concatenate([np.empty(0, np.float32), *found])


def _signatures(films: np.ndarray) -> np.ndarray:
    """16 × 16 pixels with mean 0 and norm 1: float32 (N, 16, 16); all 0 for a blank film."""
    small = _pooled(films, 16)
    small = small - small.mean(axis=(1, 2), keepdims=True)
    norm = np.sqrt((small * small).sum(axis=(1, 2), keepdims=True))
    return np.divide(small, norm, out=np.zeros_like(small), where=norm > 1e-6)


def _best_of_pairs(found: np.ndarray) -> np.ndarray:
    """Each pair once, in its likest transform and view, the likest pairs first."""
    order = np.lexsort((-found[:, 5], found[:, 1], found[:, 0]))
    found = found[order]
    new = np.ones(len(found), dtype=bool)
    new[1:] = (found[1:, :2] != found[:-1, :2]).any(axis=1)
    best = found[new]
    return best[np.argsort(-best[:, 5], kind="stable")]


def _near_pairs(
    films: np.ndarray, found: _Candidates, *, progress: Progress
) -> Iterator[tuple[int, tuple[Transform, int, float, float]]]:
    """Candidate number and what makes a pair of it, for those that stay alike once aligned."""
    sizes = {side: films if side == SIDE else _shrunk(films, side) for side, _, _ in LEVELS}
    chunks = range(0, len(found.a), CHUNK)
    for begin in progress.track(chunks, description="aligning films", total=len(chunks)):
        rows = np.arange(begin, min(begin + CHUNK, len(found.a)))
        rows, laid = _sifted(sizes, found, rows)
        for k, correlation, detail in zip(rows, laid.correlation, laid.detail, strict=True):
            kind = TRANSFORMS[found.transform[k]]
            yield int(k), (kind, int(found.hamming[k]), float(correlation), float(detail))


def _sifted(sizes: Mapping[int, np.ndarray], found: _Candidates, rows: np.ndarray) -> tuple[np.ndarray, Aligned]:
    """The rows that stay alike from level to level, and how they lie at the last."""
    laid = Aligned(np.empty(0), np.empty(0), _starts(found.view[rows]))
    for side, steps, floor in LEVELS:
        if not len(rows):
            break
        laid = _laid(sizes[side], found, rows, start=laid.place, steps=steps)
        good = laid.correlation >= floor
        rows, laid = rows[good], Aligned(laid.correlation[good], laid.detail[good], laid.place[good])
    return rows, laid


def _laid(films: np.ndarray, found: _Candidates, rows: np.ndarray, *, start: np.ndarray, steps: int) -> Aligned:
    other = _unit(films[found.b[rows]])
    transform = found.transform[rows][:, None, None]
    other = np.where(transform >= 2, other[:, :, ::-1], other)
    other = np.where(transform % 2 == 1, 1 - other, other)
    return aligned(_unit(films[found.a[rows]]), other, start=start, steps=steps)


def _pooled(films: np.ndarray, side: int) -> np.ndarray:
    step = films.shape[-1] // side
    return films.reshape(len(films), side, step, side, step).mean(axis=(2, 4), dtype=np.float32)


def _shrunk(films: np.ndarray, side: int) -> np.ndarray:
    """8-bit films at a smaller side: float32 (N, side, side) in [0, 1]."""
    batches = [_pooled(_unit(films[begin : begin + BATCH]), side) for begin in range(0, len(films), BATCH)]
    return np.concatenate([np.empty((0, side, side), np.float32), *batches])


def _starts(view: np.ndarray) -> np.ndarray:
    """Where the search begins: as they lie, or one film on the middle of the other."""
    middle = 1 - 2 * INNER
    factor = np.array([1.0, middle, 1 / middle], np.float32)[view]
    start = np.tile(STAY, (len(view), 1))
    start[:, [0, 2]] = factor[:, None]
    return start
