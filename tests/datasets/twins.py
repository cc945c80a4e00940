"""Phantom films, and what befalls a film on its way into a second collection."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from deepcovid.datasets.phantom import patient_films, sample_patients


@functools.cache
def phantom_films(count: int, *, size: int = 160, seed: int = 5) -> tuple[np.ndarray, ...]:
    """One film of each of `count` patients: float32 (size, size) in [0, 1]."""
    patients = sample_patients(count, films_per_patient=(1, 1), seed=seed)
    return tuple(next(iter(patient_films(patient, size=size))).film for patient in patients)


def grey8(pixels: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)


def recompressed(pixels: np.ndarray, *, quality: int = 30) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(grey8(pixels)).save(stream, format="JPEG", quality=quality)
    return np.asarray(Image.open(stream), dtype=np.float32) / 255


def cropped(pixels: np.ndarray, share: float) -> np.ndarray:
    rows, columns = (round(side * share) for side in pixels.shape)
    return pixels[rows:-rows, columns:-columns]


def resized(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "recompressed": recompressed,
    "half as large": lambda film: resized(film, (80, 80)),
    "other proportions": lambda film: resized(film, (160, 120)),
    "blurred": lambda film: gaussian_filter(film, 1.0),
    "inverted": lambda film: 1 - film,
    "mirrored": lambda film: film[:, ::-1],
    "inverted and mirrored": lambda film: 1 - film[:, ::-1],
    "brighter": lambda film: film + 0.12,
    "less contrast": lambda film: 0.6 * film + 0.1,
    "more contrast": lambda film: 1.4 * (film - 0.5) + 0.5,
    "gamma": lambda film: np.clip(film, 0, 1) ** 0.6,
    "a steep window": lambda film: np.clip(film, 0, 1) ** 2.0,
    "cropped by 3 %": lambda film: cropped(film, 0.03),
    "cropped by 7 %": lambda film: cropped(film, 0.07),
    "black bars": lambda film: np.pad(film, ((20, 20), (40, 40))),
    "white frame": lambda film: np.pad(film, 12, constant_values=1),
    "cropped, recompressed and darker": lambda film: recompressed(cropped(film, 0.05)) - 0.05,
}


def changed(film: np.ndarray, name: str) -> np.ndarray:
    """A film after one of CHANGES, float32 in [0, 1]."""
    return np.ascontiguousarray(np.clip(CHANGES[name](film), 0, 1), dtype=np.float32)
