"""From the bytes of a DICOM file to its data elements, with the size of what it promises checked before any pixel."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any

from deepcovid.errors import ImageError
from deepcovid.imaging.dicom_directory import directory_refusal
from deepcovid.imaging.guards import DECODER_FAILURES, check_size

PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")  # PS3.3, C.7.6.3, C.7.6.24, C.7.6.25
DEFLATED = b"1.2.840.10008.1.2.1.99"


def parsed(data: bytes, *, path: Path, max_pixels: int) -> Any:
    """The data set in the bytes of a file, its pixels still encoded; a missing preamble or meta header is mended.

    Raises:
        ImageError: no pixels, an index of films, or a deflated data set that unpacks to more than any film.
    """
    from pydicom import dcmread

    check_deflated(data, path=path, max_pixels=max_pixels)
    dataset = dcmread(io.BytesIO(data), force=True)
    if not any(keyword in dataset for keyword in PIXEL_KEYWORDS):
        if "DirectoryRecordSequence" in dataset:
            raise directory_refusal(dataset, path=path)
        raise ImageError(
            "this DICOM file holds no pixels: it is no image, or it is cut off",
            path=path,
            mend="name a DICOM file with an image, or copy it again",
        )
    _name_transfer_syntax(dataset)
    return dataset


def check_deflated(data: bytes, *, path: Path, max_pixels: int) -> None:
    """Refuse a deflated data set (PS3.5, A.5) that unpacks to more than any film, before pydicom unpacks it whole.

    Raises:
        ImageError: it does.
    """
    if DEFLATED not in data[:2048] or data[132:136] != b"\x02\x00\x00\x00":
        return
    start = 144 + int.from_bytes(data[140:144], "little")  # (0002,0000) counts the bytes of the group after itself
    limit = 8 * max_pixels + 64 * 2**20
    try:
        size = _unpacked_size(data[start:], limit)
    except zlib.error:
        return  # pydicom will say so
    if size > limit:
        raise ImageError("this image is too large: it unpacks without end", path=path, mend="export the film again")


def _unpacked_size(packed: bytes, limit: int) -> int:
    """How many bytes a deflated stream unpacks to, counted piece by piece up to just above `limit`."""
    inflate, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while packed and size <= limit:
        size += len(inflate.decompress(packed, 2**20))
        packed = inflate.unconsumed_tail
    return size


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


def checked_frames(dataset: Any, *, path: Path, max_pixels: int) -> int:
    """How many frames the header promises, at least 1, once their size is found to be a film's.

    Raises:
        ImageError: the size is absent, zero or too large.
    """
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


def chosen_frame(frame: int | None, frames: int, *, path: Path) -> int:
    """The index of the wanted frame, from 0; `frame` counts from 1, as the Standard does.

    Raises:
        ImageError: there is no such frame, or there are several and none was chosen.
    """
    if frame is None and frames > 1:
        raise ImageError(
            f"this DICOM file holds {frames} frames, one film is expected",
            path=path,
            mend="choose one (--frame 1, or frame=1 in Python, is the first), or export each as a file of its own",
        )
    if frame is not None and not 1 <= frame <= frames:
        raise ImageError(f"there is no frame {frame}: this file has {frames}", path=path, mend=f"choose 1 to {frames}")
    return (frame or 1) - 1
