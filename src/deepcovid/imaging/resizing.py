"""Resizing with an antialiased bilinear filter, stretched, cropped or padded to a size."""

from __future__ import annotations

import numpy as np

FITS = ("stretch", "crop", "pad")
RESIZES = ("bilinear-antialias",)


def resized(pixels: np.ndarray, *, size: tuple[int, int]) -> np.ndarray:
    """A float32 (H, W) image at (h, w) by a triangle filter that widens when it shrinks; the range is kept.

    Pillow's BILINEAR on floats: coordinates by half pixels, weights renormalised at the border, as in torch's
    `interpolate(mode="bilinear", antialias=True)`.
    """
    from PIL import Image

    if pixels.shape == size:
        return pixels.copy()
    image = Image.fromarray(np.ascontiguousarray(pixels, dtype=np.float32))
    small = np.asarray(image.resize((size[1], size[0]), Image.Resampling.BILINEAR))
    return np.clip(small, 0.0, 1.0)  # rounding of the weights may leave 1.0000001


def fitted(pixels: np.ndarray, *, size: tuple[int, int], fit: str) -> np.ndarray:
    """A float32 (H, W) film at exactly `size`, by one of FITS."""
    if fit == "stretch":
        return resized(pixels, size=size)
    small = resized(pixels, size=scaled_size(pixels.shape, size=size, fit=fit))
    return centred(small, size=size)


def scaled_size(shape: tuple[int, ...], *, size: tuple[int, int], fit: str) -> tuple[int, int]:
    """Height and width after resizing with one scale for both sides, before the crop or padding.

    ONNX Resize-18 calls "crop" keep_aspect_ratio_policy not_smaller, "pad" not_larger; halves are rounded up there,
    and here in whole numbers, so that no float decides. No side gets shorter than one pixel.
    """
    (height, width), (to_height, to_width) = shape, size
    larger_by_height = to_height * width >= to_width * height  # to_height / height ≥ to_width / width
    by_height = larger_by_height if fit == "crop" else not larger_by_height
    top, bottom = (to_height, height) if by_height else (to_width, width)
    return tuple(max(1, (2 * side * top + bottom) // (2 * bottom)) for side in (height, width))  # type: ignore[return-value]


def centred(pixels: np.ndarray, *, size: tuple[int, int]) -> np.ndarray:
    """The middle of an image, cut or laid on black to `size`, as ONNX CenterCropPad-18 does (starts rounded down)."""
    out = np.zeros(size, np.float32)
    source, target = [], []
    for side, to_side in zip(pixels.shape, size, strict=True):
        kept = min(side, to_side)
        source.append(slice((side - kept) // 2, (side - kept) // 2 + kept))
        target.append(slice((to_side - kept) // 2, (to_side - kept) // 2 + kept))
    out[tuple(target)] = pixels[tuple(source)]
    return out


def thumbnail(pixels: np.ndarray, *, longest: int) -> np.ndarray:
    """A small copy of a float32 (H, W) film for a page: its longer side is `longest` pixels, never more than it had."""
    longest = min(longest, max(pixels.shape))
    return resized(pixels, size=scaled_size(pixels.shape, size=(longest, longest), fit="pad"))
