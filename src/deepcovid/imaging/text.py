"""Burnt-in text: markers and words found on a film, taken off it, and laid on another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from deepcovid.imaging.resizing import resized

STROKE = (
    0.045  # of the longer side: letters have thinner strokes, and what is brighter over more than this is no letter
)
STANDS_OUT = 0.22  # greys by which a letter is brighter than what surrounds its strokes
SOFT_EDGE = 0.05  # greys down to which its edge is part of it
BRIGHT = 0.5  # a letter's grey at least
LOW, HIGH = 0.013, 0.16  # heights of letters and of boxes round them, of the longer side
LONGEST = 0.7  # of a word whose letters touch on a small film
GAP = 0.022  # between the letters of a word
WIDE, TALL = (
    1.35,
    2.2,
)  # a mark is a word where it is as many times wider than high, or (written upwards) higher than wide
AROUND = 0.01  # of the longer side: the ring about a mark, at least 2 pixels
ALONE = 0.27  # of a mark's strength: bones and tubes go on in the ring, letters end


@dataclass(frozen=True, eq=False)
class Mark:
    """Something written on a film, or a few letters in one line.

    Attributes:
        top, left, height, width: of its rectangle, as shares of the film's sides.
        is_word: several letters in a line; else a single letter, boxed or not.
        patch: float32 (h, w), the film's pixels there.
        cover: float32 (h, w) in [0, 1], how much of the pixel is ink.
        strength: greys by which it stands out.
    """

    top: float
    left: float
    height: float
    width: float
    is_word: bool
    patch: np.ndarray
    cover: np.ndarray
    strength: float

    @property
    def centre(self) -> tuple[float, float]:
        """Row and column, as shares of the sides."""
        return self.top + self.height / 2, self.left + self.width / 2

    def place(self, shape: tuple[int, ...]) -> tuple[slice, slice]:
        """Rows and columns on a film of this shape."""
        top, left = round(self.top * shape[0]), round(self.left * shape[1])
        height, width = max(1, round(self.height * shape[0])), max(1, round(self.width * shape[1]))
        return slice(top, min(top + height, shape[0])), slice(left, min(left + width, shape[1]))


def find_marks(film: np.ndarray, *, where: np.ndarray | None = None) -> list[Mark]:
    """Bright letters and words, the most striking first.

    Strokes are what a grey opening wider than they are takes away (the white top-hat); pieces of the size of letters are
    joined along the line. Dark letters on a light ground are not looked for.

    Args:
        film: float32 (H, W) in [0, 1].
        where: bool (H, W), where marks may be: half of their ink at least lies there; default: anywhere.
    """
    longer = max(film.shape)
    ridge = _ridge(film)
    ink = (ridge > STANDS_OUT) & (film > BRIGHT)
    letters = _of_letter_size(ink, longer=longer)
    found = [_mark(film, ridge, place) for place in _lines(letters, longer=longer) if _looks_inked(letters[place])]
    marks = [mark for mark in found if _stands_alone(mark, ridge) and (where is None or _lies_in(mark, where))]
    return sorted(marks, key=lambda mark: -mark.strength * float(mark.cover.sum()))


def without_marks(film: np.ndarray, marks: list[Mark]) -> np.ndarray:
    """The film with marks filled in from their surroundings."""
    hole = np.zeros(film.shape, bool)
    for mark in marks:
        rows, columns = mark.place(film.shape)
        hole[rows, columns] |= mark.cover > 0
    if not hole.any():
        return film
    hole = ndimage.binary_dilation(hole, iterations=max(1, round(max(film.shape) / 256)))
    out: np.ndarray = film.astype(np.float32)
    out[hole] = _surroundings(film, hole)
    return out


def with_marks(film: np.ndarray, marks: list[Mark]) -> np.ndarray:
    """The film with another film's marks at the same places, as large against the film as they were."""
    out = film.copy()
    for mark in marks:
        rows, columns = mark.place(film.shape)
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        cover, ink = resized(mark.cover, size=shape), resized(mark.cover * mark.patch, size=shape)
        out[rows, columns] = (1 - cover) * out[rows, columns] + ink
    return out


def _ridge(film: np.ndarray) -> np.ndarray:
    size = 2 * round(STROKE * max(film.shape) / 2) + 1
    return film - ndimage.grey_opening(film, size=(size, size))


def _of_letter_size(ink: np.ndarray, *, longer: int) -> np.ndarray:
    """The pieces that may be letters, bool (H, W)."""
    labels, count = ndimage.label(ink, structure=np.ones((3, 3)))
    if not count:
        return ink
    kept = np.zeros(count + 1, bool)
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        height, width = (side.stop - side.start for side in place)
        kept[number] = max(height, width) >= LOW * longer and height <= HIGH * longer and width <= LONGEST * longer
    found: np.ndarray = kept[labels]
    return found


def _lines(letters: np.ndarray, *, longer: int) -> list[tuple[slice, slice]]:
    """Rectangles of letters that stand in one line."""
    reach = max(1, round(GAP * longer))
    joined = ndimage.binary_dilation(letters, structure=np.ones((1, 2 * reach + 1), bool))
    labels, _ = ndimage.label(joined, structure=np.ones((3, 3)))
    labels[~letters] = 0
    return [place for place in ndimage.find_objects(labels) if place is not None]


def _looks_inked(letters: np.ndarray) -> bool:
    """Whether the pieces in a rectangle may be strokes: neither a hair line nor a full block."""
    return 0.12 <= letters.mean() <= 0.9


def _stands_alone(mark: Mark, ridge: np.ndarray) -> bool:
    """Whether hardly anything stands out in the ring about a mark."""
    rows, columns = mark.place(ridge.shape)
    reach = max(2, round(AROUND * max(ridge.shape)))
    wide = tuple(slice(max(0, part.start - reach), part.stop + reach) for part in (rows, columns))
    ring = np.ones(ridge.shape, bool)
    ring[rows, columns] = False
    around = ridge[wide][ring[wide]]
    return around.size > 0 and float(np.percentile(around, 80)) <= ALONE * mark.strength


def _lies_in(mark: Mark, where: np.ndarray) -> bool:
    rows, columns = mark.place(where.shape)
    return float(mark.cover[where[rows, columns]].sum()) >= 0.5 * float(mark.cover.sum())


def _mark(film: np.ndarray, ridge: np.ndarray, place: tuple[slice, slice]) -> Mark:
    edge = max(1, round(max(film.shape) / 256))
    rows, columns = (
        slice(max(0, part.start - edge), min(side, part.stop + edge))
        for part, side in zip(place, film.shape, strict=True)
    )
    rise = ridge[rows, columns]
    height, width = rise.shape
    strength = float(np.percentile(rise, 90))
    return Mark(
        top=rows.start / film.shape[0],
        left=columns.start / film.shape[1],
        height=height / film.shape[0],
        width=width / film.shape[1],
        is_word=width > WIDE * height,
        patch=film[rows, columns].copy(),
        cover=np.clip((rise - SOFT_EDGE) / max(0.6 * strength - SOFT_EDGE, 1e-3), 0, 1).astype(np.float32),
        strength=strength,
    )


def _surroundings(film: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Float (n,), for the n pixels of a hole in order: means of what lies around, near pixels more than far ones.

    Normalised convolution (Knutsson & Westin 1993). Wide Gaussians over the whole film took 170 ms of 512 × 512 pixels; the
    hole's rows and columns alone are asked for, as two matrix products each.
    """
    known = (~hole).astype(np.float64)
    seen = film * known
    filled = np.full(int(hole.sum()), float(film[~hole].mean()) if known.any() else 0.0)
    rows, columns = (np.flatnonzero(hole.any(axis=axis)) for axis in (1, 0))
    inside = hole[np.ix_(rows, columns)]
    for share in (0.08, 0.03, 0.012):  # from far to near, each where it has anything to go by
        spread = share * max(film.shape)
        down, across = _smoothing(rows, film.shape[0], spread), _smoothing(columns, film.shape[1], spread).T
        weight, value = ((down @ one @ across)[inside] for one in (known, seen))
        filled = np.where(weight > 0.02, value / np.maximum(weight, 1e-6), filled)
    return filled


def _smoothing(places: np.ndarray, length: int, spread: float) -> np.ndarray:
    """What a Gaussian along one side makes of it at some places, as a matrix, float64 (places, length); mirrored at the ends."""
    ones = np.zeros((length, len(places)))
    ones[places, np.arange(len(places))] = 1
    smooth: np.ndarray = ndimage.gaussian_filter1d(ones, spread, axis=0).T  # which is symmetric
    return smooth
