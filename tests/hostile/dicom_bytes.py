"""DICOM files to damage: written by pydicom, or element by element where pydicom would refuse."""

from __future__ import annotations

import functools
import io
import struct
import warnings
from typing import Any

from tests.hostile.kinds import PLANTED
from tests.hostile.originals import grey

EXPLICIT, IMPLICIT, BIG, DEFLATED = (
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
)
JPEG, JPEG_LOSSLESS, JPEG_LS = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80"
JPEG2000, RLE = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5"
LONG = frozenset({b"OB", b"OW", b"OF", b"OD", b"OL", b"SQ", b"UC", b"UR", b"UT", b"UN"})


def dataset(**elements: Any) -> Any:
    """A small grey film with planted names; elements by keyword, None takes one away."""
    from pydicom.dataset import Dataset, FileMetaDataset

    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = EXPLICIT
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = "2.25.7"
    made.PatientName, made.PatientID, made.InstitutionName = f"{PLANTED}^Ewa", f"{PLANTED}-77", f"St. {PLANTED}"
    made.StudyDescription = f"Chest of {PLANTED}"
    film = grey()
    made.Rows, made.Columns = film.shape
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    made.add_new(0x7FE0_0010, "OW", film.tobytes())
    for keyword, value in elements.items():
        if value is None:
            delattr(made, keyword)
        elif keyword == "PixelData":
            made[0x7FE0_0010].value = value
        else:
            setattr(made, keyword, value)
    return made


def written(made: Any) -> bytes:
    """The bytes of a data set, without pydicom's warnings of what we do on purpose."""
    from pydicom import config

    buffer = io.BytesIO()
    before = config.settings.writing_validation_mode
    config.settings.writing_validation_mode = config.IGNORE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made.save_as(buffer, enforce_file_format=True)
    finally:
        config.settings.writing_validation_mode = before
    return buffer.getvalue()


def film(**elements: Any) -> bytes:
    """A data set's bytes, by keyword."""
    from pydicom import config

    before = config.settings.reading_validation_mode
    config.settings.reading_validation_mode = config.IGNORE
    config.settings.writing_validation_mode = config.IGNORE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return written(dataset(**elements))
    finally:
        config.settings.reading_validation_mode = before
        config.settings.writing_validation_mode = config.RAISE


@functools.cache
def sound() -> bytes:
    """Explicit VR little endian."""
    return film()


def encapsulated(
    fragments: list[bytes], syntax: str, *, offsets: bytes = b"", end: bool = True, **elements: Any
) -> bytes:
    """Pixels in fragments (PS3.5, A.4), whatever stands in them."""
    body = sound_without_pixels(syntax, **elements)
    items = struct.pack("<HHL", 0xFFFE, 0xE000, len(offsets)) + offsets
    items += b"".join(struct.pack("<HHL", 0xFFFE, 0xE000, len(part)) + part for part in fragments)
    items += struct.pack("<HHL", 0xFFFE, 0xE0DD, 0) if end else b""
    return body + struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF) + items


def sound_without_pixels(syntax: str = EXPLICIT, **elements: Any) -> bytes:
    """A film up to its pixels, in explicit VR little endian, under the name of a transfer syntax."""
    made = dataset(PixelData=None)
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    made.file_meta.TransferSyntaxUID = EXPLICIT
    data = written(made)
    meta = struct.pack("<HH2sH", 2, 0x10, b"UI", 20)
    at = data.index(meta)
    name = syntax.encode() + b"\0" * (len(syntax) % 2)
    changed = data[:at] + struct.pack("<HH2sH", 2, 0x10, b"UI", len(name)) + name + data[at + 8 + 20 :]
    group = 12 + changed.index(struct.pack("<HH2sH", 2, 0, b"UL", 4)) - 4
    (length,) = struct.unpack_from("<L", changed, group)
    return changed[:group] + struct.pack("<L", length + len(name) - 20) + changed[group + 4 :]


def element(tag: int, vr: bytes, value: bytes, *, length: int | None = None) -> bytes:
    """An element in explicit VR little endian, with any length."""
    size = len(value) if length is None else length
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr)
    return head + (struct.pack("<HL", 0, size) if vr in LONG else struct.pack("<H", size & 0xFFFF)) + value


def inserted(extra: bytes) -> bytes:
    """A sound film with bytes before its pixels."""
    at = sound().index(struct.pack("<HH2s", 0x7FE0, 0x0010, b"OW"))
    return sound()[:at] + extra + sound()[at:]
