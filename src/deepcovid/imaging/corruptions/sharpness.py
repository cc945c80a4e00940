"""Corruptions of the detail: noise, blur, JPEG and lost resolution."""

from __future__ import annotations

import io

import numpy as np
from scipy import ndimage

from deepcovid.imaging.corruptions.corruption import corruption
from deepcovid.imaging.resizing import resized


@corruption("noise", parameter="standard deviation, in greys", levels=(0.01, 0.02, 0.05, 0.1, 0.2))
def noise(film: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Independent Gaussian noise in every pixel."""
    return film + np.float32(deviation) * rng.standard_normal(film.shape, dtype=np.float32)


@corruption("blur", parameter="standard deviation, of the longer side", levels=(0.001, 0.002, 0.004, 0.008, 0.016))
def blur(film: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian unsharpness, as of a patient who moved: 0.5 to 8 pixels of 512."""
    return blurred(film, deviation)


@corruption("jpeg", parameter="quality, of 100", levels=(80, 50, 25, 12, 5))
def jpeg(film: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    """Saved as a JPEG file and read again."""
    return jpeg_saved(film, quality=round(quality))


@corruption("resolution", parameter="share of the sides kept", levels=(0.75, 0.5, 0.25, 0.125, 0.0625))
def resolution(film: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Made smaller and brought back to its size."""
    return made_coarse(film, share)


def blurred(film: np.ndarray, deviation: float) -> np.ndarray:
    """The film under a Gaussian whose standard deviation is this share of its longer side."""
    soft: np.ndarray = ndimage.gaussian_filter(film, deviation * max(film.shape), mode="nearest")
    return soft


def jpeg_saved(film: np.ndarray, *, quality: int) -> np.ndarray:
    """The film, float32 (H, W) in [0, 1], after a JPEG file of 8 bits at this quality, 1 to 100."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.rint(film * 255).astype(np.uint8)).save(stream, "JPEG", quality=quality)
    with Image.open(stream) as image:
        return np.asarray(image, dtype=np.float32) / np.float32(255)


def made_coarse(film: np.ndarray, share: float) -> np.ndarray:
    """The film with this share of its pixels a side, at its own size again."""
    height, width = film.shape
    small = (max(1, round(share * height)), max(1, round(share * width)))
    return resized(resized(film, size=small), size=(height, width))
