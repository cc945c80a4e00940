"""How a film was taken and kept, measured outside its lungs: marks, edges, greys, JPEG's traces and detail."""

from __future__ import annotations

import itertools

import numpy as np
from scipy import ndimage

from deepcovid.audit.detector.kinds import BORDER, CONTRAST, JPEG, MARKER, RESOLUTION, TEXT
from deepcovid.audit.detector.looks import Film, Measure
from deepcovid.imaging.corruptions.sharpness import jpeg_saved
from deepcovid.imaging.resizing import resized
from deepcovid.imaging.text import Mark

SHAPE = 6  # side of a marker's small picture: an L is told from an R
QUANTILES = (5, 25, 50, 75, 95)  # of the greys
QUALITIES = (10, 25, 50, 75, 90)  # of JPEG
UNIFORM, TOLERANCE = 0.9, 0.05  # share of an edge's line that has its grey, and within how many greys
DARK = 0.2
INNER = 0.13  # of the film's sides: edges hardly ever reach farther
MIDDLE = 0.06  # half the width of the strip where spine and heart lie, where there is no segmenter
BLOCK = 8  # pixels of a JPEG block

# kind → columns of what `measured_style` gives
PARTS = {
    MARKER: slice(0, 7 + SHAPE * SHAPE),
    TEXT: slice(43, 49),
    BORDER: slice(49, 54),
    CONTRAST: slice(54, 59),
    JPEG: slice(59, 64),
    RESOLUTION: slice(64, 66),
}


def measured_style(film: Film) -> np.ndarray:
    """All attributes of one film, float32 (66,), in the order of `PARTS`."""
    widths, grey = edges_of(film.pixels)
    unwritten = _unwritten(film)
    plain = unwritten & _not_lung(film)
    parts = [
        _marker(film.marks),
        _text(film.marks),
        [*widths, grey],
        greys_of(film.pixels, plain),
        jpeg_traces(film.pixels, unwritten),
        detail_of(film.pixels, plain),
    ]
    return np.concatenate([np.asarray(part, dtype=np.float32).ravel() for part in parts])


STYLE = Measure("style", measured_style)


def marker_of(marks: list[Mark]) -> list[Mark]:
    """The most striking single letter, boxed or not; none where there is none."""
    return [mark for mark in marks if not mark.is_word][:1]


def words_of(marks: list[Mark]) -> list[Mark]:
    """All words."""
    return [mark for mark in marks if mark.is_word]


def edges_of(pixels: np.ndarray) -> tuple[tuple[float, float, float, float], float]:
    """Widths of uniform edges at left, right, top and bottom, as shares of the sides, and the grey of the widest.

    A bright edge at the bottom is taken for the belly.
    """
    found = []
    for side, lines in (("left", pixels.T), ("right", pixels.T[::-1]), ("top", pixels), ("bottom", pixels[::-1])):
        half = lines[: max(1, len(lines) // 2)]
        grey = float(np.median(half[0]))
        alike = (np.abs(half - grey) <= TOLERANCE).mean(axis=1) >= UNIFORM
        count = len(half) if alike.all() else int(np.argmin(alike))
        found.append((0.0 if side == "bottom" and grey > DARK else count / len(lines), grey))
    widths = tuple(width for width, _ in found)
    return widths, max(found)[1] if max(found)[0] > 0 else 0.0  # type: ignore[return-value]  # four


def greys_of(pixels: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Quantiles of the greys of a part of the film, float (5,)."""
    values = pixels[where]
    return np.percentile(values if values.size else pixels, QUANTILES)


def jpeg_traces(pixels: np.ndarray, where: np.ndarray, qualities: tuple[int, ...] = QUALITIES) -> np.ndarray:
    """For each quality: log of how much saving at it changes a part of the film, over the same with the grid shifted.

    0 without a trace, negative where the film went through JPEG at about that quality (Farid 2009's ghosts, held against
    another grid so that a smooth film is not taken for a saved one).
    """
    shift = BLOCK // 2
    where = ndimage.binary_erosion(where, iterations=BLOCK)  # blocks with a letter or an edge in them tell of those
    if not where[shift:, shift:].any():
        return np.zeros(len(qualities))
    other, there = pixels[shift:, shift:], where[shift:, shift:]
    pairs = [(_saving_changes(pixels, where, q), _saving_changes(other, there, q)) for q in qualities]
    return np.array([np.log(here / elsewhere) for here, elsewhere in pairs])


def detail_of(pixels: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Logs of fine over middle and of middle over coarse detail (Gaussians of 1, 2 and 4 pixels) well inside, float (2,)."""
    inner = _inner(pixels.shape)
    pixels, where = pixels[inner], where[inner]
    levels = [pixels, *(ndimage.gaussian_filter(pixels, spread, mode="nearest") for spread in (1, 2, 4))]
    bands = [np.abs(one - other) for one, other in itertools.pairwise(levels)]
    where = where if where.any() else np.ones(pixels.shape, dtype=bool)
    fine, middle, coarse = (float(band[where].mean()) + 1e-4 for band in bands)
    return np.log([fine / middle, middle / coarse])


def _inner(shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns so far from the film's sides that edges do not cover them."""
    rows, columns = (slice(round(INNER * side), side - round(INNER * side)) for side in shape)
    return rows, columns


def _unwritten(film: Film) -> np.ndarray:
    """bool (H, W), the inner part without what is written on it."""
    ground = np.zeros(film.pixels.shape, dtype=bool)
    ground[_inner(film.pixels.shape)] = True
    for mark in film.marks:
        ground[mark.place(film.pixels.shape)] = False
    return ground


def _not_lung(film: Film) -> np.ndarray:
    """bool (H, W), what is surely not lung: outside the lungs, or without a segmenter the strip of spine and heart."""
    if film.has_lungs:
        return film.outside
    strip = np.zeros(film.pixels.shape, dtype=bool)
    width = film.pixels.shape[1]
    strip[:, round((0.5 - MIDDLE) * width) : round((0.5 + MIDDLE) * width)] = True
    return strip


def _marker(marks: list[Mark]) -> list[float]:
    found = marker_of(marks)
    if not found:
        return [0.0] * (7 + SHAPE * SHAPE)
    mark = found[0]
    shape = resized(mark.cover, size=(SHAPE, SHAPE))
    return [1.0, *mark.centre, mark.height, mark.width, mark.strength, float(mark.cover.mean()), *shape.ravel()]


def _text(marks: list[Mark]) -> list[float]:
    found = words_of(marks)
    if not found:
        return [0.0] * 6
    return [len(found), sum(mark.width for mark in found), *found[0].centre, found[0].height, found[0].width]


def _saving_changes(pixels: np.ndarray, where: np.ndarray, quality: int) -> float:
    return float(np.abs(jpeg_saved(pixels, quality=quality) - pixels)[where].mean()) + 1e-5
