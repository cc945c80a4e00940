"""Which way a film lies, from Patient Orientation, and the turn that brings it to the usual display."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcovid.imaging.dicom_elements import code_string, optional

OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "H": "F", "F": "H"}
_AXES = ({"L", "R"}, {"A", "P"}, {"H", "F"})
_SIDES, _FRONT_AND_BACK, _UP_AND_DOWN = range(3)


@dataclass(frozen=True)
class Turn:
    """How a film is brought to the usual display.

    Attributes:
        stored: Patient Orientation as two letters ("L\\F": rows run to the left hand, columns to the feet), or None
            where the header does not say it.
        rotated: degrees clockwise, after mirroring: 0, 90, 180 or 270.
        mirrored: whether left and right change places.
        note: what a reader of the film should know; empty where nothing had to be done.
    """

    stored: str | None = None
    rotated: int = 0
    mirrored: bool = False
    note: str = ""

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """The pixels (H, W) as they are usually displayed."""
        upright = pixels[:, ::-1] if self.mirrored else pixels
        return np.ascontiguousarray(np.rot90(upright, -self.rotated // 90))

    def undo(self, pixels: np.ndarray) -> np.ndarray:
        """The pixels as they were stored."""
        stored = np.rot90(pixels, self.rotated // 90)
        return np.ascontiguousarray(stored[:, ::-1] if self.mirrored else stored)


def turn_of(dataset: Any, *, lateral: bool = False) -> Turn:
    """The turn that Patient Orientation (0020,0020) asks for (PS3.3, C.7.6.1.1.1).

    The two values are the directions of a row, left to right, and of a column, downwards; the first letter of each
    counts. A frontal film is brought to the patient's left on the right of the picture and the feet below (L\\F). A
    lateral film is turned until the feet are below, and never mirrored: which way it should look is a matter of custom.
    Other planes, animals (Anatomical Orientation Type QUADRUPED) and files that do not say are left as they are.

    Args:
        dataset: the header.
        lateral: whether the header says elsewhere that the film is lateral. Devices are known that write a frontal
            orientation into every film; then it is not believed.
    """
    directions = _directions(dataset)
    if directions is None:
        return Turn(note="the header does not say which way the film lies; it was left as stored")
    stored = "\\".join(directions)
    axes = {next(n for n, axis in enumerate(_AXES) if letter in axis) for letter in directions}
    if lateral and _SIDES in axes:
        return Turn(stored=stored, note=f"a lateral film cannot lie {stored}; it was left as stored")
    if axes == {_SIDES, _UP_AND_DOWN}:
        return _turn_to(directions, stored, row="L", mirrors=(False, True))
    if axes == {_FRONT_AND_BACK, _UP_AND_DOWN}:
        return _turn_to(directions, stored, row=None, mirrors=(False,))
    return Turn(stored=stored, note=f"the film lies in no upright plane ({stored}); it was left as stored")


def _directions(dataset: Any) -> tuple[str, str] | None:
    """The first letters of both values, where they are two directions of different axes of a person."""
    if code_string(dataset, "AnatomicalOrientationType") == "QUADRUPED":
        return None
    value = optional(dataset, "PatientOrientation")
    if value is None or isinstance(value, str) or len(value) != 2:
        return None
    row, column = (str(part).strip().upper()[:1] for part in value)
    if row not in OPPOSITE or column not in OPPOSITE or column in (row, OPPOSITE[row]):
        return None
    return row, column


def _turn_to(directions: tuple[str, str], stored: str, *, row: str | None, mirrors: tuple[bool, ...]) -> Turn:
    rotated, mirrored = next(
        (rotated, mirrored)
        for mirrored in mirrors
        for rotated, (x, y) in _positions(directions, mirrored).items()
        if y == "F" and row in (None, x)
    )
    return Turn(stored, rotated, mirrored, _told(stored, rotated, mirrored))


def _positions(directions: tuple[str, str], mirrored: bool) -> dict[int, tuple[str, str]]:
    """Where rows and columns run after each turn, by its degrees."""
    x, y = (OPPOSITE[directions[0]] if mirrored else directions[0]), directions[1]
    return {0: (x, y), 90: (OPPOSITE[y], x), 180: (OPPOSITE[x], OPPOSITE[y]), 270: (y, OPPOSITE[x])}


def _told(stored: str, rotated: int, mirrored: bool) -> str:
    done = [*(["mirrored left to right"] if mirrored else []), *([f"turned {rotated}° clockwise"] if rotated else [])]
    return f"{' and '.join(done)}, since its rows and columns run {stored}" if done else ""
