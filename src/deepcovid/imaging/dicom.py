"""DICOM through pydicom: stored values → modality LUT → VOI LUT or window → float32 in [0, 1] with bone bright."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from deepcovid.errors import ImageError
from deepcovid.imaging.grayscale import Scaled, modality, presented
from deepcovid.imaging.guards import DECODER_FAILURES, check_size
from deepcovid.imaging.luma import luma

PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")  # PS3.3, C.7.6.3, C.7.6.24, C.7.6.25
COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
DEFLATED = b"1.2.840.10008.1.2.1.99"
UNCOMPRESSED = "export the film again uncompressed (Explicit VR Little Endian), or as PNG"


def decode_dicom(
    data: bytes, *, path: Path, max_pixels: int, frame: int | None = None
) -> tuple[np.ndarray, dict[str, Any]]:
    """The film in the bytes of a DICOM file, and what was done to get it.

    The grayscale pipeline is that of PS3.4, annex N.2: modality LUT or rescale, then the first VOI LUT, or else the
    first window, whose output range becomes [0, 1]. Without either the whole range that the stored bits can hold
    becomes [0, 1]; pixels of more than 16 bits, whose range no film fills, go from their lowest to their highest
    value. MONOCHROME1 is inverted last. Colours become luma. Messages quote neither data elements nor pydicom's
    own errors: either may hold the patient's name.

    Returns:
        float32 (H, W) in [0, 1], and the facts for `Radiograph.origin`; `voi` is "lut", "window 40/400",
        "stored range (12 bits)" or "lowest to highest", None for colour.

    Raises:
        ImageError: no pixels, damaged, cut off, too large, several frames without a choice, or a kind that is no film.
    """
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        return _film(data, path, max_pixels, frame)
    except (
        BytesLengthException,
        InvalidDicomError,
        *DECODER_FAILURES,
    ):
        # pydicom converts an element, and finds it damaged, only when it is used
        raise ImageError(
            "this DICOM file is damaged: its data elements cannot be read", path=path, mend="copy or export it again"
        ) from None


def _film(data: bytes, path: Path, max_pixels: int, frame: int | None) -> tuple[np.ndarray, dict[str, Any]]:
    dataset = _parsed(data, path, max_pixels)
    frames = _check_header(dataset, path, max_pixels)
    index = _chosen(frame, frames, path)
    stored = _stored(dataset, index, path)
    if not np.isfinite(stored).all():
        raise ImageError("some pixels are NaN or infinite", path=path, mend="export the film again")
    photometric = str(dataset.get("PhotometricInterpretation", "")).strip().upper()
    scaled = _scaled(stored, dataset, photometric, path)
    facts: dict[str, Any] = {"format": "DICOM", "photometric": photometric, "bit_depth": _bits(dataset)}
    facts |= {"inverted": scaled.inverted, "voi": scaled.voi, "rotated": 0, "mirrored": False}
    facts["notes"] = [*scaled.notes, *([f"frame {index + 1} of {frames}"] if frames > 1 else [])]
    return scaled.pixels, facts


def _parsed(data: bytes, path: Path, max_pixels: int) -> Any:
    from pydicom import dcmread

    _check_deflated(data, path, max_pixels)
    dataset = dcmread(io.BytesIO(data), force=True)
    if not any(keyword in dataset for keyword in PIXEL_KEYWORDS):
        what = "an index of films (DICOMDIR)" if "DirectoryRecordSequence" in dataset else "no image"
        raise ImageError(
            f"this DICOM file holds no pixels: it is {what}, or it is cut off",
            path=path,
            mend="name a DICOM file with an image, or copy it again",
        )
    _name_transfer_syntax(dataset)
    return dataset


def _check_deflated(data: bytes, path: Path, max_pixels: int) -> None:
    """Refuse a deflated data set (PS3.5, A.5) that unpacks to more than any film, before pydicom unpacks it whole."""
    if DEFLATED not in data[:2048] or data[132:136] != b"\x02\x00\x00\x00":
        return
    start = 144 + int.from_bytes(data[140:144], "little")  # (0002,0000) counts the bytes of the group after itself
    limit = 8 * max_pixels + 64 * 2**20
    try:
        size = len(zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[start:], limit + 1))
    except zlib.error:
        return  # pydicom will say so
    if size > limit:
        raise ImageError("this image is too large: it unpacks without end", path=path, mend="export the film again")


def _name_transfer_syntax(dataset: Any) -> None:
    """Files without a meta header do not name their encoding; pydicom found out by reading."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if getattr(dataset, "file_meta", None) is None:
        dataset.file_meta = FileMetaDataset()
    if not dataset.file_meta.get("TransferSyntaxUID"):
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit


def _check_header(dataset: Any, path: Path, max_pixels: int) -> int:
    try:
        height, width = int(dataset.Rows), int(dataset.Columns)
        frames = int(dataset.get("NumberOfFrames") or 1)
    except DECODER_FAILURES:
        raise ImageError(
            "this DICOM file does not say its size (Rows, Columns, Number of Frames)",
            path=path,
            mend="export the film again",
        ) from None
    check_size(width=width, height=height, frames=frames, max_pixels=max_pixels, path=path)
    return max(frames, 1)


def _chosen(frame: int | None, frames: int, path: Path) -> int:
    """The index of the wanted frame, from 0; `frame` counts from 1, as the Standard does."""
    if frame is None and frames > 1:
        raise ImageError(
            f"this DICOM file holds {frames} frames, one film is expected",
            path=path,
            mend="export each frame as a file of its own, or choose one with frame=1 (the first)",
        )
    if frame is not None and not 1 <= frame <= frames:
        raise ImageError(f"there is no frame {frame}: this file has {frames}", path=path, mend=f"choose 1 to {frames}")
    return (frame or 1) - 1


def _stored(dataset: Any, index: int, path: Path) -> np.ndarray:
    from pydicom.pixels import pixel_array

    try:
        return np.asarray(pixel_array(dataset, index=index, decoding_plugin=_plugin(dataset)))
    except DECODER_FAILURES as error:
        short = "less than expected" in str(error)
    if short:
        raise ImageError("this DICOM file is cut off: its pixels end early", path=path, mend="copy the file again")
    raise ImageError(
        f"its pixels cannot be decoded ({_encoding(dataset)}): they are cut off, damaged, or of a kind that is not read",
        path=path,
        mend=f"copy the file again, or {UNCOMPRESSED}",
    )


def _plugin(dataset: Any) -> str:
    """pydicom's own decoder for RLE: that of pylibjpeg-rle panics on damaged data, past `except Exception`."""
    from pydicom.uid import RLELossless

    return "pydicom" if dataset.file_meta.TransferSyntaxUID == RLELossless else ""


def _encoding(dataset: Any) -> str:
    uid = dataset.file_meta.TransferSyntaxUID
    return str(uid.name) if uid.is_valid and uid.is_transfer_syntax else "an unknown transfer syntax"


def _scaled(stored: np.ndarray, dataset: Any, photometric: str, path: Path) -> Scaled:
    if photometric in ("MONOCHROME1", "MONOCHROME2"):
        if stored.ndim != 2:
            raise ImageError("grey pixels of several samples", path=path, mend=UNCOMPRESSED)
        return presented(modality(stored, dataset), dataset, inverted=photometric == "MONOCHROME1")
    if photometric == "PALETTE COLOR":
        return _palette(stored, dataset)
    if stored.ndim == 3 and stored.shape[2] == 3 and photometric in COLOURS:
        return Scaled(luma(stored, top=2 ** _bits(dataset) - 1), voi=None)  # pydicom has turned YBR into RGB
    raise ImageError(
        "its photometric interpretation is none of MONOCHROME1, MONOCHROME2, RGB, YBR and PALETTE COLOR",
        path=path,
        mend=UNCOMPRESSED,
    )


def _palette(stored: np.ndarray, dataset: Any) -> Scaled:
    from pydicom.pixels import apply_color_lut

    colours = apply_color_lut(stored, dataset)[..., :3]
    nominal = 2 ** int(dataset.RedPaletteColorLookupTableDescriptor[2]) - 1
    # Some writers declare 8 bits and store 16 (PS3.3, C.7.6.3.1.5 allows either width)
    top = nominal if int(colours.max()) <= nominal else int(np.iinfo(colours.dtype).max)
    return Scaled(luma(colours, top=top), voi=None)


def _bits(dataset: Any) -> int:
    return int(dataset.get("BitsStored") or dataset.get("BitsAllocated") or 8)
