"""One drawn variant of a film: its parameters, written down, and what they do to pixels."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from deepcovid.errors import RecipeError
from deepcovid.imaging.radiograph import check_film
from deepcovid.storage import sha256_json

CONTROLS = 5  # control points a side of the elastic grid: cubic B-splines over two spans, so only slow bends


@dataclass(frozen=True, kw_only=True)
class Draw:
    """What is done to one film, in this order: flip, crop and geometry in one interpolation, blur, contrast, brightness,
    clip, erasing.

    Args:
        flip: whether left and right change places.
        rotation: degrees anticlockwise as seen.
        zoom: factors on the coordinates (height, width); below 1 magnifies.
        shear: degrees.
        translation: shift (down, right) as a fraction of height and width.
        distortion: shifts of the elastic grid's control points as fractions of the sides: first the CONTROLS² vertical
            ones row by row, then the horizontal ones; empty for none.
        blur: standard deviation of a Gaussian, in pixels.
        brightness: added after the contrast.
        contrast: factor on the distance from 0.5.
        crop: what is cut out and brought to the film's size: top, left, height and width as shares of the film's sides;
            empty for none. What the geometry then brings in from outside the cut is the film's own.
        erased: the window that is laid over with noise, likewise.
        noise: seed of the noise: every pixel's grey is uniform in [0, 1).

    Raises:
        RecipeError: the distortion has another number of control points, or a window does not lie in the film.
    """

    flip: bool = False
    rotation: float = 0.0
    zoom: tuple[float, float] = (1.0, 1.0)
    shear: float = 0.0
    translation: tuple[float, float] = (0.0, 0.0)
    distortion: tuple[float, ...] = ()
    blur: float = 0.0
    brightness: float = 0.0
    contrast: float = 1.0
    crop: tuple[float, ...] = ()
    erased: tuple[float, ...] = ()
    noise: int = 0

    def __post_init__(self) -> None:
        for name in ("zoom", "translation", "distortion", "crop", "erased"):
            object.__setattr__(self, name, tuple(float(value) for value in getattr(self, name)))
        if len(self.distortion) not in (0, 2 * CONTROLS**2):
            raise RecipeError(
                f"a distortion has {2 * CONTROLS**2} shifts or none, not {len(self.distortion)}", mend="draw it anew"
            )
        for name, window in (("crop", self.crop), ("erased", self.erased)):
            if window and not _lies_in_the_film(window):
                raise RecipeError(f"{name} {list(window)} is no window of a film", mend="draw it anew")

    def apply(self, film: np.ndarray) -> np.ndarray:
        """The variant: float32 (h, w) in [0, 1] → the same shape, type and range; the film itself if nothing changes.

        What comes in from outside the film repeats its border: black corners would mark a film as augmented, and where
        only the positive class is augmented (Deep-COVID) they would be a shortcut to the label.
        """
        check_film(film)
        out = np.ascontiguousarray(film[:, ::-1]) if self.flip else film
        if self.moves:
            out = self._moved(out)
        if self.blur > 0:
            from scipy.ndimage import gaussian_filter

            out = gaussian_filter(out, self.blur, mode="nearest")
        if self.contrast != 1 or self.brightness != 0:
            out = (out - np.float32(0.5)) * np.float32(self.contrast) + np.float32(0.5 + self.brightness)
        if out is not film:
            out = np.clip(out, 0.0, 1.0, dtype=np.float32)
        return self._with_noise(out) if self.erased else out

    @property
    def moves(self) -> bool:
        """Whether pixels are interpolated."""
        return self._warps or any(self.distortion) or bool(self.crop)

    @property
    def _warps(self) -> bool:
        return self.rotation != 0 or self.shear != 0 or self.zoom != (1.0, 1.0) or self.translation != (0.0, 0.0)

    @property
    def is_identity(self) -> bool:
        """Whether the film stays as it is."""
        return not (self.flip or self.moves or self.blur or self.brightness or self.erased) and self.contrast == 1

    @property
    def words(self) -> tuple[str, ...]:
        """What is done, a few words each, in the order in which it is done; empty where the film stays as it is."""
        said = ["flipped"] if self.flip else []
        said += [f"{self.crop[2] * self.crop[3]:.0%} cut out"] if self.crop else []
        said += [f"turned {self.rotation:+.1f}°"] if self.rotation else []
        said += [f"sheared {self.shear:+.1f}°"] if self.shear else []
        said += [f"zoom {self.zoom[0]:.2f} × {self.zoom[1]:.2f}"] if self.zoom != (1.0, 1.0) else []
        if self.translation != (0.0, 0.0):
            said.append(f"shifted {self.translation[0]:+.1%} down, {self.translation[1]:+.1%} right")
        said += [f"bent up to {max(map(abs, self.distortion)):.1%}"] if any(self.distortion) else []
        said += [f"blur {self.blur:.1f} px"] if self.blur else []
        said += [f"contrast × {self.contrast:.2f}"] if self.contrast != 1 else []
        said += [f"brightness {self.brightness:+.2f}"] if self.brightness else []
        said += [f"{self.erased[2] * self.erased[3]:.0%} erased"] if self.erased else []
        return tuple(said)

    def matrix(self) -> np.ndarray:
        """Where an output pixel comes from: float64 (2, 2) on (row, column) offsets from the centre.

        Rotation · shear · zoom, in the order of Keras's `apply_affine_transform`.
        """
        turn, slant = math.radians(self.rotation), math.radians(self.shear)
        rotation = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
        shear = np.array([[1.0, -math.sin(slant)], [0.0, math.cos(slant)]])
        return rotation @ shear @ np.diag(self.zoom)

    def to_dict(self) -> dict[str, Any]:
        """Every parameter, JSON-safe; windows only where there are any, so that older draws keep their hash."""
        told = {key: value for key, value in vars(self).items() if key not in ("crop", "erased", "noise")}
        told |= {"crop": self.crop} if self.crop else {}
        told |= {"erased": self.erased, "noise": self.noise} if self.erased else {}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in told.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Draw:
        """The draw that `to_dict` wrote.

        Raises:
            RecipeError: an unknown key.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        if unknown := sorted(set(values) - set(known)):
            raise RecipeError(f"a draw has no {', '.join(unknown)}", mend=f"use any of {', '.join(known)}")
        return cls(**values)

    @property
    def hash(self) -> str:
        """The SHA-256 of the parameters: with a film's own hash it names the variant."""
        return sha256_json(self.to_dict())

    def _moved(self, film: np.ndarray) -> np.ndarray:
        from scipy.ndimage import affine_transform, map_coordinates

        matrix = self.matrix()
        shape = np.array(film.shape)
        centre = (shape - 1) / 2
        offset = centre - matrix @ (centre + np.array(self.translation) * shape)
        scale = shape.astype(np.float64)  # of the bends, which are shares of the sides
        if self.crop:  # a cut's pixel i covers i to i + 1 of it, so its centre lies at i + 0.5
            start, share = np.array(self.crop[:2]), np.array(self.crop[2:])
            matrix, offset = share[:, None] * matrix, share * (offset + 0.5) - 0.5 + start * shape
            scale = scale * share
        if not any(self.distortion):
            return affine_transform(film, matrix, offset, order=1, mode="nearest", prefilter=False)
        rows, columns = (np.arange(side, dtype=np.float64) for side in film.shape)
        bends = np.array(self.distortion).reshape(2, CONTROLS, CONTROLS)
        coordinates = [
            matrix[axis, 0] * rows[:, None] + matrix[axis, 1] * columns + offset[axis] + side * _bent(bend, film.shape)
            for axis, (side, bend) in enumerate(zip(scale, bends, strict=True))
        ]
        return map_coordinates(film, coordinates, order=1, mode="nearest", prefilter=False)

    def _with_noise(self, film: np.ndarray) -> np.ndarray:
        rows, columns = film.shape
        top, left, height, width = self.erased
        place = (
            slice(round(top * rows), round((top + height) * rows)),
            slice(round(left * columns), round((left + width) * columns)),
        )
        out = film.copy()
        out[place] = np.random.default_rng(self.noise).random(out[place].shape, dtype=np.float32)
        return out


def _lies_in_the_film(window: tuple[float, ...]) -> bool:
    """Whether four numbers are top, left, height and width of a window in the unit square, but for rounding."""
    if len(window) != 4 or not all(math.isfinite(value) for value in window):
        return False
    (top, left, height, width), most = window, 1 + 1e-9
    return min(top, left) >= 0 and min(height, width) > 0 and top + height <= most and left + width <= most


def _bent(controls: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The smooth field of a grid of control points: (CONTROLS, CONTROLS) → float64 (h, w)."""
    return _basis(shape[0]) @ controls @ _basis(shape[1]).T


@lru_cache(maxsize=16)
def _basis(length: int) -> np.ndarray:
    """Uniform cubic B-splines at the pixel centres of one side: float64 (length, CONTROLS), rows sum to 1."""
    at = (np.arange(length) + 0.5) / length * (CONTROLS - 3)
    distance = np.abs(at[:, None] - (np.arange(CONTROLS) - 1))
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = np.maximum(2 - distance, 0) ** 3 / 6
    return np.where(distance < 1, near, far)
