"""The preprocessing contract: from a film of any size to the numbers that a network was trained on."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from deepcovid.errors import RecipeError
from deepcovid.imaging.equalising import equalised
from deepcovid.imaging.radiograph import check_film
from deepcovid.imaging.resizing import FITS, RESIZES, fitted
from deepcovid.storage import sha256_json

LARGEST = 4096
# Keys that detectors written before them do not have, and what was done then.
LATER: dict[str, Any] = {"equalise": False}


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How a film becomes a network's input; a part of every detector, equal in training, command line and export.

    Args:
        size: height and width of the input, in pixels.
        resize: how pixels are resampled: "bilinear-antialias", a triangle as wide as one output pixel.
        fit: what happens to the film's proportions: "stretch" gives them up (both papers), "crop" brings the shorter
            side to the size and cuts the longer one about its centre, "pad" brings the longer side to the size and
            lays the film in the middle of black.
        channels: how many equal channels the network wants.
        mean: per channel, subtracted from values in `value_range`.
        std: per channel, divided by.
        value_range: what black and white become before mean and std.
        equalise: whether the film's histogram is equalised (`imaging.equalising`), after resizing and any augmentation, before
            `value_range`. Black that "pad" lays around the film is of its darkest level, which the rule leaves out of account.

    Raises:
        RecipeError: a value of another type or out of range; says what was allowed.
    """

    size: tuple[int, int] = (224, 224)
    resize: str = "bilinear-antialias"
    fit: str = "stretch"
    channels: int = 3
    mean: tuple[float, ...]
    std: tuple[float, ...]
    value_range: tuple[float, float] = (0.0, 1.0)
    equalise: bool = False

    def __post_init__(self) -> None:
        # Equal settings must have equal hashes, so lists become tuples and whole numbers floats.
        object.__setattr__(self, "size", _whole_numbers("size", self.size, 2))
        object.__setattr__(self, "value_range", _numbers("value_range", self.value_range, 2))
        if self.resize not in RESIZES:
            raise _refused("resize", self.resize, " or ".join(map(repr, RESIZES)))
        if self.fit not in FITS:
            raise _refused("fit", self.fit, " or ".join(map(repr, FITS)))
        (channels,) = _whole_numbers("channels", [self.channels], 1)
        object.__setattr__(self, "channels", channels)
        object.__setattr__(self, "mean", _numbers("mean", self.mean, channels))
        object.__setattr__(self, "std", _numbers("std", self.std, channels))
        if min(self.std) <= 0:
            raise _refused("std", self.std, "numbers above zero")
        if self.value_range[0] >= self.value_range[1]:
            raise _refused("value_range", self.value_range, "a lower and a higher number")
        if not isinstance(self.equalise, bool):
            raise _refused("equalise", self.equalise, "true or false")

    def to_dict(self) -> dict[str, Any]:
        """Every field, JSON-safe: what `from_dict` takes."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in _fields(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preprocessing:
        """The preprocessing that `to_dict` wrote; a detector's preprocessing has no defaults, so every key is needed.

        Only what did not exist when a detector was written may be absent, and means what was done then: no `equalise`, off.

        Raises:
            RecipeError: an unknown key, a missing one, or a value out of range.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        unknown, missing = sorted(set(values) - set(known)), sorted(set(known) - set(values) - set(LATER))
        if unknown or missing:
            wrong = [f"unknown: {', '.join(unknown)}"] if unknown else []
            wrong += [f"missing: {', '.join(missing)}"] if missing else []
            raise RecipeError(
                f"the preprocessing has other keys than it should ({'; '.join(wrong)})",
                mend=f"give exactly {', '.join(known)}",
            )
        return cls(**(LATER | dict(values)))

    @cached_property
    def hash(self) -> str:
        """The SHA-256 of the settings: equal for equal settings on every machine."""
        return sha256_json(self.to_dict())

    def resize_film(self, pixels: np.ndarray) -> np.ndarray:
        """A film at the network's size: float32 (H, W) in [0, 1] → float32 (h, w) in [0, 1].

        Equal to torch's `interpolate(mode="bilinear", antialias=True)` to 1e-5. ONNX `Resize` with antialias differs
        within half a filter of the border, where it repeats the edge pixel instead of renormalising the weights.
        """
        check_film(pixels)
        return fitted(pixels, size=self.size, fit=self.fit)

    def normalise(self, films: np.ndarray) -> np.ndarray:
        """Films of the network's size as its input: float32 (N, h, w) in [0, 1] → float32 (N, C, h, w).

        Raises:
            ValueError: the films are not (N, h, w) with the size of this preprocessing.
        """
        if films.ndim != 3 or films.shape[1:] != self.size:
            raise ValueError(f"films of the shape (N, {self.size[0]}, {self.size[1]}) are wanted, not {films.shape}")
        low, high = (np.float32(end) for end in self.value_range)
        ranged = self.balance(films.astype(np.float32, copy=False))
        if (low, high) != (0, 1):
            ranged = ranged * (high - low) + low
        out = np.empty((len(films), self.channels, *self.size), np.float32)
        for channel, (mean, std) in enumerate(zip(self.mean, self.std, strict=True)):
            np.subtract(ranged, np.float32(mean), out=out[:, channel])
            out[:, channel] /= np.float32(std)
        return out

    def balance(self, films: np.ndarray) -> np.ndarray:
        """Films of the network's size with the greys that the network sees: float32 (N, h, w) in [0, 1] → the same.

        Equalised where that is asked for; as they are otherwise.
        """
        return equalised(films) if self.equalise else films

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """One film as a network's input: float32 (H, W) in [0, 1] → float32 (C, h, w)."""
        return self.normalise(self.resize_film(pixels)[None])[0]


def _fields(settings: Preprocessing) -> dict[str, Any]:
    return {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}


def _refused(name: str, value: object, allowed: str) -> RecipeError:
    return RecipeError(f"preprocessing {name} = {value!r} is not allowed", mend=f"use {allowed}")


def _numbers(name: str, values: Any, count: int) -> tuple[float, ...]:
    try:
        found = tuple(float(value) for value in values)
    except (TypeError, ValueError):
        found = ()
    if len(found) != count or not all(math.isfinite(value) for value in found):
        raise _refused(name, values, f"{count} number{'s' * (count > 1)}")
    return found


def _whole_numbers(name: str, values: Any, count: int) -> tuple[int, ...]:
    try:
        found = tuple(int(value) for value in values if float(value).is_integer())
    except (TypeError, ValueError):
        found = ()
    if len(found) != count or not all(1 <= value <= LARGEST for value in found):
        raise _refused(name, values, f"{count} whole number{'s' * (count > 1)} from 1 to {LARGEST}")
    return found


# Deep-COVID, section 3: networks pre-trained on ImageNet, 224 × 224, and their mean and standard deviation.
IMAGENET = Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
# Rawat 2022: 224 × 224, pixels divided by 255 and nothing else (Keras `rescale=1/255`).
RAWAT = Preprocessing(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
