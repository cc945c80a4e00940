"""Grey from colour and integers: scaling to [0, 1] that loses nothing, and ITU-R BT.601 luma."""

from __future__ import annotations

import numpy as np

# Recommendation ITU-R BT.601-7, section 2.5.1, in thousandths: integers keep equal channels exactly equal.
RED, GREEN, BLUE = 299, 587, 114


def unit_scaled(values: np.ndarray, *, top: int) -> np.ndarray:
    """Unsigned integers of any shape divided by `top`: float32 in [0, 1]; values above `top` are an error of the caller.

    Up to 24 bits the quotient is correctly rounded; above, it is rounded from float64.
    """
    if values.dtype.itemsize <= 2:
        return np.divide(values, np.float32(top), dtype=np.float32)
    return np.divide(values, float(top), dtype=np.float64).astype(np.float32)


def luma(colour: np.ndarray, *, top: int) -> np.ndarray:
    """Luma of unsigned integers (H, W, 3): float32 (H, W) in [0, 1].

    Three equal channels give exactly what the one channel gives, so a grey film saved as RGB is the same film.
    """
    red, green, blue = colour[..., 0], colour[..., 1], colour[..., 2]
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return unit_scaled(np.ascontiguousarray(red), top=top)
    # 1000 · 65535 fits in 32 bits, 1000 · (2^32 − 1) in 64
    wide = np.uint32 if colour.dtype.itemsize <= 2 else np.uint64
    total = np.multiply(red, RED, dtype=wide)
    total += np.multiply(green, GREEN, dtype=wide)
    total += np.multiply(blue, BLUE, dtype=wide)
    return np.divide(total, 1000.0 * top).astype(np.float32)


def range_scaled(values: np.ndarray, *, low: float, high: float) -> np.ndarray:
    """Values mapped so that `low` is 0 and `high` is 1, clipped: float32; all zero where `low` equals `high`."""
    if high <= low:
        return np.zeros(values.shape, np.float32)
    scaled = values.astype(np.float64)  # worked on in place: a film may have 100 million pixels
    scaled -= low
    scaled /= high - low
    return np.clip(scaled, 0.0, 1.0, out=scaled).astype(np.float32)
