"""Augmentation: the ranges from which variants of a film are drawn, and the papers' own settings."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcovid.errors import RecipeError
from deepcovid.imaging import window
from deepcovid.imaging.draw import CONTROLS, Draw
from deepcovid.storage import sha256_json

__all__ = ["DEEP_COVID", "RAWAT", "Augmentation", "Draw"]

# Order and number of uniform variates of one draw. Every draw takes all of them, used or not: turning one
# augmentation on leaves the others as they were. The last seeds whatever was added later (crop, erasing), so that
# additions move no variate of older draws, nor of the draws after them from the same generator.
VARIATES = 11
# Zhong et al. 2020, section 4: s_l, s_h; r_1, r_2.
ERASED_AREA, ERASED_ASPECT = (0.02, 0.4), (0.3, 1 / 0.3)


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What may be done to a training film; by default nothing.

    Args:
        flip: probability of a left-right flip, in [0, 1]. Off unless asked for: a flip moves the heart to the right side,
            and the laterality marker with it, which no film of a patient shows but for one in ten thousand.
        rotation: lowest and highest angle, in degrees anticlockwise as seen; one number r means −r to r.
        zoom: lowest and highest factor on the coordinates, drawn for height and width apart as Keras does: below 1
            magnifies. One number z means 1 − z to 1 + z.
        shear: largest shear angle either way, in degrees (Keras's unit).
        translation: largest shift either way, as a fraction of the film's height and width.
        distortion: largest shift of an elastic grid's control points, as a fraction of the film's sides.
        blur: largest standard deviation of a Gaussian blur, in pixels of the film that it is applied to.
        brightness: largest amount added or taken away, of the range 0 to 1.
        contrast: largest relative change of the distance from middle grey.
        crop: lowest and highest share of the film's area that is cut out and brought to the film's size, as torchvision's
            RandomResizedCrop does; [1, 1] is off.
        crop_aspect: lowest and highest ratio of the cut's width to its height, in pixels of a square film.
        erasing: probability of random erasing (Zhong et al. 2020): 2–40 % of the film, 0.3 to 3.3 times as high as wide,
            every pixel of it a random grey.

    Raises:
        RecipeError: a value of another type or out of range; or proportions of a crop without a crop.
    """

    flip: float = 0.0
    rotation: tuple[float, float] = (0.0, 0.0)
    zoom: tuple[float, float] = (1.0, 1.0)
    shear: float = 0.0
    translation: float = 0.0
    distortion: float = 0.0
    blur: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    crop: tuple[float, float] = (1.0, 1.0)
    crop_aspect: tuple[float, float] = (3 / 4, 4 / 3)
    erasing: float = 0.0

    def __post_init__(self) -> None:
        self._set("rotation", _pair("rotation", self.rotation, middle=0.0, lowest=-180, highest=180))
        self._set("zoom", _pair("zoom", self.zoom, middle=1.0, lowest=0.1, highest=10))
        self._set("crop", _pair("crop", self.crop, middle=None, lowest=0.01, highest=1))
        self._set("crop_aspect", _pair("crop_aspect", self.crop_aspect, middle=None, lowest=0.1, highest=10))
        if self.crop == (1.0, 1.0) and self.crop_aspect != (3 / 4, 4 / 3):
            raise RecipeError("augmentation crop_aspect is given, but crop is not", mend="give crop, or leave it out")
        for name, highest in LIMITS.items():
            self._set(name, _number(name, getattr(self, name), highest))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def sample(self, seed: int | np.random.Generator) -> Draw:
        """Draw one variant: what will be done, recorded before anything is done.

        The same seed gives the same draw. A generator is advanced by the same amount whatever is switched on.
        """
        generator = np.random.default_rng(seed)
        u = generator.random(VARIATES)
        grid = generator.random(2 * CONTROLS * CONTROLS)
        return Draw(
            flip=bool(u[0] < self.flip),
            rotation=_between(self.rotation, u[1]),
            zoom=(_between(self.zoom, u[2]), _between(self.zoom, u[3])),
            shear=_either_way(self.shear, u[4]),
            translation=(_either_way(self.translation, u[5]), _either_way(self.translation, u[6])),
            distortion=tuple(_either_way(self.distortion, v) for v in grid) if self.distortion else (),
            blur=self.blur * float(u[7]),
            brightness=_either_way(self.brightness, u[8]),
            contrast=1.0 + _either_way(self.contrast, u[9]),
            **self._windows(float(u[10])),
        )

    def _windows(self, u: float) -> dict[str, Any]:
        """What is cut out and what is erased, from the variates that `u` seeds; nothing where both are off."""
        if self.crop == (1.0, 1.0) and not self.erasing:
            return {}
        generator = np.random.default_rng(int(u * 2**53))  # exact: a variate is a multiple of 2⁻⁵³
        crop, erased = generator.random(window.VARIATES), generator.random(window.VARIATES)
        chance, noise = generator.random(), int(generator.integers(2**32))
        drawn: dict[str, Any] = {}
        if self.crop != (1.0, 1.0):
            drawn["crop"] = window.crop_window(crop, area=self.crop, aspect=self.crop_aspect)
        place = window.erased_window(erased, area=ERASED_AREA, aspect=ERASED_ASPECT) if chance < self.erasing else None
        return drawn if place is None else drawn | {"erased": place, "noise": noise}

    @property
    def is_identity(self) -> bool:
        """Whether every draw leaves the film as it is."""
        return self == Augmentation()

    def to_dict(self) -> dict[str, Any]:
        """Every field, JSON-safe."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in vars(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Augmentation:
        """The augmentation that a recipe describes; what it does not name is off.

        Raises:
            RecipeError: an unknown key or a value out of range.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise RecipeError(
                f"there is no augmentation {', '.join(map(repr, unknown))}", mend=f"use any of {', '.join(known)}"
            )
        return cls(**values)

    @property
    def hash(self) -> str:
        """The SHA-256 of the settings."""
        return sha256_json(self.to_dict())


# The largest value of each setting that is one number. A distortion above 0.1 could fold the film over itself.
LIMITS = {"flip": 1.0, "shear": 45.0, "translation": 0.5, "distortion": 0.1, "blur": 20.0, "brightness": 1.0}
LIMITS |= {"contrast": 1.0, "erasing": 1.0}


def _between(ends: tuple[float, float], u: float) -> float:
    return float(ends[0] + (ends[1] - ends[0]) * u)


def _either_way(most: float, u: float) -> float:
    return float(most * (2 * u - 1))


def _refused(name: str, value: object, allowed: str) -> RecipeError:
    return RecipeError(f"augmentation {name} = {value!r} is not allowed", mend=f"use {allowed}")


def _number(name: str, value: Any, highest: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value <= highest:
        raise _refused(name, value, f"a number from 0 to {highest:g}")
    return float(value)


def _pair(name: str, value: Any, *, middle: float | None, lowest: float, highest: float) -> tuple[float, float]:
    """A lower and a higher end; where there is a middle, one number means as far from it either way."""
    try:
        if middle is not None and isinstance(value, int | float | np.number):
            value = (middle - value, middle + value)
        low, high = (float(end) for end in value)
    except (TypeError, ValueError):
        low, high = math.nan, math.nan
    if not lowest <= low <= high <= highest:
        one = "" if middle is None else "one number or "
        raise _refused(name, value, f"{one}a lower and a higher one, from {lowest:g} to {highest:g}")
    return low, high


DEEP_COVID = Augmentation(flip=0.5, rotation=(-10.0, 20.0), distortion=0.02)
"""Minaee et al. 2020, arXiv 2004.09363, section 2: "flipping, small rotation, adding small amount of distortions".
The paper gives no figures and its repository names only the Augmentor library; these are ours for its words."""

RAWAT = Augmentation(flip=0.5, zoom=(0.8, 1.2), shear=0.2)
"""Rawat 2022: Keras ImageDataGenerator(zoom_range=0.2, shear_range=0.2, horizontal_flip=True). Keras counts shear in
degrees, so that 0.2 moves the edge of a 224-pixel film by 0.4 pixels; it is kept as published."""
