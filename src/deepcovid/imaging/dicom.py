"""DICOM through pydicom: stored values → modality LUT → VOI LUT or window → polarity → turn, in [0, 1], bone bright."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from deepcovid.errors import ImageError
from deepcovid.imaging.dicom_age import age_group
from deepcovid.imaging.dicom_elements import code_string, optional
from deepcovid.imaging.dicom_orientation import Turn, turn_of
from deepcovid.imaging.dicom_parsing import checked_frames, chosen_frame, parsed
from deepcovid.imaging.dicom_pixels import UNCOMPRESSED, stored_values
from deepcovid.imaging.dicom_spacing import spacing_of
from deepcovid.imaging.dicom_view import view_of
from deepcovid.imaging.grayscale import Scaled, modality, presented
from deepcovid.imaging.guards import DECODER_FAILURES
from deepcovid.imaging.luma import luma

COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
# Modality (0008,0060) of what a chest film may come as, and of what it is taken for (PS3.3, C.7.3.1.1.1)
MODALITIES = (
    "CR",
    "DX",
    "RG",
    "RF",
    "XA",
    "CT",
    "MR",
    "US",
    "MG",
    "NM",
    "PT",
    "OT",
    "SC",
    "XC",
    "IO",
    "PX",
    "SEG",
    "RTDOSE",
)


def decode_dicom(
    data: bytes, *, path: Path, max_pixels: int, frame: int | None = None
) -> tuple[np.ndarray, dict[str, Any]]:
    """The film in the bytes of a DICOM file, and what was done to get it.

    The grayscale pipeline is that of PS3.4, annex N.2: Modality LUT or rescale, then the first VOI LUT, or else the
    first window, whose output range becomes [0, 1]; see `grayscale.presented` for the exact mapping. MONOCHROME1 is
    inverted after that. Colours (RGB, YBR, PALETTE COLOR) become luma. Last, Patient Orientation turns the film to
    the usual display; see `dicom_orientation.turn_of`. Messages quote neither data elements nor pydicom's own errors:
    either may hold the patient's name.

    Returns:
        float32 (H, W) in [0, 1], and the facts for `Radiograph.origin`: besides those of every film `voi` ("lut",
        "window 40/400", "stored range (12 bits)" or "lowest to highest", None for colour), `modality`, `view`,
        `view_said_by`, `age_group` ("child", "adult", "unknown"), `orientation` (as stored), `pixel_spacing` ([between
        rows, between columns] in mm, after the turn), `pixel_spacing_measured` and `transfer_syntax`; None where the
        header does not say it.

    Raises:
        ImageError: no pixels, damaged, cut off, too large, several frames without a choice, or a kind that is no film.
    """
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        return _film(data, path, max_pixels, frame)
    except (BytesLengthException, InvalidDicomError, *DECODER_FAILURES):
        # pydicom converts an element, and finds it damaged, only when it is used
        raise ImageError(
            "this DICOM file is damaged: its data elements cannot be read", path=path, mend="copy or export it again"
        ) from None


def _film(data: bytes, path: Path, max_pixels: int, frame: int | None) -> tuple[np.ndarray, dict[str, Any]]:
    dataset = parsed(data, path=path, max_pixels=max_pixels)
    frames = checked_frames(dataset, path=path, max_pixels=max_pixels)
    index = chosen_frame(frame, frames, path=path)
    stored, notes = stored_values(dataset, index, path=path)
    if not np.isfinite(stored).all():
        raise ImageError("some pixels are NaN or infinite", path=path, mend="export the film again")
    photometric = code_string(dataset, "PhotometricInterpretation")
    scaled = _scaled(stored, dataset, photometric, path)
    turn = turn_of(dataset, lateral=view_of(dataset).name == "lateral")
    facts: dict[str, Any] = {"format": "DICOM", "photometric": photometric, "bit_depth": _bits(dataset)}
    facts |= {"inverted": scaled.inverted, "voi": scaled.voi, "rotated": turn.rotated, "mirrored": turn.mirrored}
    told = [*notes, *scaled.notes, *([f"frame {index + 1} of {frames}"] if frames > 1 else [])]
    if optional(dataset, "SharedFunctionalGroupsSequence") or optional(dataset, "PerFrameFunctionalGroupsSequence"):
        told.append("rescaling and windows of single frames (functional groups) are not applied")
    facts |= _said(dataset, turn, told)
    return turn.apply(scaled.pixels), facts


def _said(dataset: Any, turn: Turn, notes: list[str]) -> dict[str, Any]:
    """What the header says of how the film was taken, in our own words, and all notes."""
    view, spacing, old = view_of(dataset), spacing_of(dataset), age_group(dataset)
    if code_string(dataset, "PresentationIntentType") == "FOR PROCESSING":
        notes.append("the film is FOR PROCESSING: the detector's values, not yet made for viewing")
    if spacing is not None and not spacing.square:
        notes.append(f"its pixels are not square: {spacing.rows:g} mm high, {spacing.columns:g} mm wide")
    sizes = None if spacing is None else [spacing.rows, spacing.columns]
    kind = code_string(dataset, "Modality")
    return {
        "modality": kind if kind in MODALITIES else None,
        "view": view.name,
        "view_said_by": view.said_by or None,
        "age_group": old.group,
        "orientation": turn.stored,
        "pixel_spacing": sizes[::-1] if sizes and turn.rotated in (90, 270) else sizes,
        "pixel_spacing_measured": None if spacing is None else spacing.measured,
        "transfer_syntax": str(dataset.file_meta.TransferSyntaxUID.name),
        "notes": [*notes, *filter(None, (view.note, turn.note, old.note))],
    }


def polarity(dataset: Any) -> tuple[bool, tuple[str, ...]]:
    """Whether a grey film is to be inverted, and a note where its header contradicts itself.

    MONOCHROME1 shows its lowest value white (PS3.3, C.7.6.3.1.2). Presentation LUT Shape (2050,0020) of a DX film says
    the same again: INVERSE with MONOCHROME1, IDENTITY with MONOCHROME2 (C.8.11.3.1.2), so both together invert once.
    MONOCHROME2 with INVERSE is inverted, as pydicom's `apply_presentation_lut` does; MONOCHROME1 with IDENTITY is,
    too, since devices are known that write a wrong shape.
    """
    dark_first = code_string(dataset, "PhotometricInterpretation") == "MONOCHROME1"
    shape = code_string(dataset, "PresentationLUTShape")
    if dark_first and shape == "IDENTITY":
        return True, ("MONOCHROME1 with Presentation LUT Shape IDENTITY contradict each other; inverted",)
    if not dark_first and shape == "INVERSE":
        return True, ("MONOCHROME2 with Presentation LUT Shape INVERSE contradict each other; inverted",)
    return dark_first, ()


def _scaled(stored: np.ndarray, dataset: Any, photometric: str, path: Path) -> Scaled:
    if photometric in ("MONOCHROME1", "MONOCHROME2"):
        if stored.ndim != 2:
            raise ImageError("grey pixels of several samples", path=path, mend=UNCOMPRESSED)
        inverted, notes = polarity(dataset)
        scaled = presented(modality(stored, dataset), dataset, inverted=inverted)
        return Scaled(scaled.pixels, scaled.voi, inverted, (*notes, *scaled.notes))
    if photometric == "PALETTE COLOR":
        return _palette(stored, dataset)
    if stored.ndim == 3 and stored.shape[2] == 3 and photometric in COLOURS and stored.dtype.kind == "u":
        return _coloured(stored, top=2 ** _bits(dataset) - 1)
    raise ImageError(
        "its photometric interpretation is none of MONOCHROME1, MONOCHROME2, RGB, YBR and PALETTE COLOR",
        path=path,
        mend=UNCOMPRESSED,
    )


def _coloured(stored: np.ndarray, *, top: int) -> Scaled:
    """Luma of RGB, into which pydicom has turned YBR; what exceeds the bits that the header declares is clipped."""
    within = np.minimum(stored, top)
    beyond = np.count_nonzero(within != stored) / stored.size
    notes = (f"{beyond:.2%} of the samples lie beyond the range of their bits, and were clipped",) if beyond else ()
    return Scaled(luma(within, top=top), voi=None, notes=notes)


def _palette(stored: np.ndarray, dataset: Any) -> Scaled:
    from pydicom.pixels import apply_color_lut

    colours = apply_color_lut(stored, dataset)[..., :3]
    nominal = 2 ** int(dataset.RedPaletteColorLookupTableDescriptor[2]) - 1
    # Some writers declare 8 bits and store 16 (PS3.3, C.7.6.3.1.5 allows either width)
    top = nominal if int(colours.max()) <= nominal else int(np.iinfo(colours.dtype).max)
    return Scaled(luma(colours, top=top), voi=None)


def _bits(dataset: Any) -> int:
    return int(dataset.get("BitsStored") or dataset.get("BitsAllocated") or 8)
