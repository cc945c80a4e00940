"""A film as a few numbers that survive saving it anew: trimmed thumbnail, 64-bit hash, hash of its mirror image."""

from __future__ import annotations

import numpy as np

from deepcovid.imaging.resizing import resized

SIDE = 64  # of the thumbnail that films are compared by
BITS = 64
DCT_SIDE = 32  # of the image that the hash is taken of
LEVELS = 256  # greys that are told apart before they are spread
FLAT = 0.02  # a border line's standard deviation is below it, of a range of 1
TRIM_AT_MOST = 0.3  # of each side
# What an inner view leaves away on each side: a film cropped by up to a tenth still meets one of the two views.
INNER = 0.07


def trimmed(pixels: np.ndarray) -> np.ndarray:
    """A float32 (H, W) film without the flat lines (black bars, white frames) round it; at most 30 % of each side go."""
    rows, columns = _span(pixels.std(axis=1)), _span(pixels.std(axis=0))
    return pixels[rows, columns]


def _span(spread: np.ndarray) -> slice:
    busy = np.flatnonzero(spread > FLAT)
    if len(busy) == 0:
        return slice(None)
    most = int(TRIM_AT_MOST * len(spread))
    return slice(min(int(busy[0]), most), max(int(busy[-1]) + 1, len(spread) - most))


def thumbnail_of(pixels: np.ndarray) -> np.ndarray:
    """The trimmed film at 64 × 64 with its greys spread evenly: uint8 (64, 64); a blank one is all 0.

    Every grey becomes the share of the film that is darker (histogram equalisation, ties in their middle), so that
    another window, gamma or exposure of one film gives the same thumbnail, and its inverse the inverse thumbnail.
    """
    small = resized(trimmed(pixels), size=(SIDE, SIDE))
    low, high = float(small.min()), float(small.max())
    if high - low < 1 / 512:
        return np.zeros((SIDE, SIDE), np.uint8)
    # few levels, or the noise of black bars would be spread over as many greys as they have pixels
    level = np.rint((small - low) / (high - low) * (LEVELS - 1)).astype(np.int64)
    counts = np.bincount(level.ravel(), minlength=LEVELS)
    share = (np.cumsum(counts) - counts / 2) / level.size
    return np.rint(share[level] * 255).astype(np.uint8)


def inner(thumbnails: np.ndarray) -> np.ndarray:
    """The middle of thumbnails (N, 64, 64), stretched to (N, 64, 64): what a crop of 7 % on each side would leave."""
    margin = INNER * SIDE
    size = (SIDE, SIDE)
    cut = round(margin)
    return np.stack([resized(np.ascontiguousarray(film[cut:-cut, cut:-cut]), size=size) for film in thumbnails])


def perceptual_codes(thumbnails: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """64-bit hashes of films and of their mirror images, as signs: two float32 (N, 64) of −1 and 1.

    The bits say which of the 64 lowest frequencies (discrete cosine transform of 32 × 32 pixels, without the mean, along
    the zigzag) lie above their median: Zauner, "Implementation and benchmarking of perceptual image hash functions"
    (2010), section 3.2.1. An inverse film has every bit turned over; the dot product of two codes is 64 − 2 · Hamming.

    Args:
        thumbnails: float32 (N, 64, 64).
    """
    from scipy.fft import dctn

    half = thumbnails.reshape(len(thumbnails), DCT_SIDE, 2, DCT_SIDE, 2).mean(axis=(2, 4))
    rows, columns = _zigzag()
    low = dctn(half, axes=(1, 2), norm="ortho")[:, rows, columns].astype(np.float32)
    mirrored = np.where(columns % 2 == 1, -low, low)
    return _signs(low), _signs(mirrored)


def _signs(values: np.ndarray) -> np.ndarray:
    above = values > np.median(values, axis=1, keepdims=True)
    return np.where(above, np.float32(1), np.float32(-1))


def _zigzag() -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the 64 lowest frequencies behind the mean."""
    places = sorted(((u, v) for u in range(12) for v in range(12)), key=lambda p: (sum(p), p))[1 : BITS + 1]
    rows, columns = np.array(places).T
    return rows, columns
