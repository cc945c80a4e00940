"""How large a pixel is, and where that was measured: at the patient, at the detector or on the scanner's glass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from deepcovid.imaging.dicom_elements import code_string, optional

LARGEST = 10.0  # mm; no film has coarser pixels


@dataclass(frozen=True)
class Spacing:
    """The distances between the centres of neighbouring rows and columns, in mm.

    Attributes:
        rows: between rows (down the film).
        columns: between columns (across).
        measured: "calibrated", "detector" (objects appear larger by the magnification), "scanner", or "not said".
    """

    rows: float
    columns: float
    measured: str

    @property
    def square(self) -> bool:
        """Whether a pixel is as high as it is wide, to one part in a thousand."""
        return math.isclose(self.rows, self.columns, rel_tol=1e-3)


def spacing_of(dataset: Any) -> Spacing | None:
    """Pixel Spacing, else Imager Pixel Spacing, else Nominal Scanned Pixel Spacing (PS3.3, 10.7.1.3); None if not said.

    Pixel Spacing (0028,0030) of a projection is calibrated where its Calibration Type says how, or where it differs
    from Imager Pixel Spacing (0018,1164); equal to that it is the detector's. Values that are no distance of pixels
    (zero, negative, above 10 mm) count as not said.
    """
    plain, imager = _pair(dataset, "PixelSpacing"), _pair(dataset, "ImagerPixelSpacing")
    if plain is not None:
        return Spacing(*plain, _measured(dataset, plain, imager))
    if imager is not None:
        return Spacing(*imager, "detector")
    scanned = _pair(dataset, "NominalScannedPixelSpacing")
    return None if scanned is None else Spacing(*scanned, "scanner")


def _measured(dataset: Any, plain: tuple[float, float], imager: tuple[float, float] | None) -> str:
    if code_string(dataset, "PixelSpacingCalibrationType") in ("GEOMETRY", "FIDUCIAL"):
        return "calibrated"
    if imager is None:
        return "not said"
    return "detector" if all(map(math.isclose, plain, imager)) else "calibrated"


def _pair(dataset: Any, keyword: str) -> tuple[float, float] | None:
    try:
        rows, columns = (float(value) for value in optional(dataset, keyword) or ())
    except (TypeError, ValueError):
        return None
    return (rows, columns) if 0 < rows <= LARGEST and 0 < columns <= LARGEST else None
