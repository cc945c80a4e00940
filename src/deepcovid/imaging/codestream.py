"""What the compressed pixels inside a DICOM file say of their own size, held against what the file says."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from deepcovid.errors import ImageError

LOOKED_AT = 65_536  # bytes of a fragment in which its header stands
PADDING = 512  # bytes after the end of a codestream that writers were seen to leave
_END = b"\xff\xd9"  # EOI (T.81, B.1.1.3) and EOC (T.800, A.4.4)
_J2K, _JPEG = b"\xff\x4f\xff\x51", b"\xff\xd8"
_FRAMES = (frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}) | {0xF7}  # SOF0 … SOF15 (T.81), SOF55 (T.87)


def check_codestream(dataset: Any, *, index: int, path: Path) -> None:
    """Refuse an encapsulated frame (PS3.5, A.4) that has more pixels by its own header than by the file's, or none, or no end.

    OpenJPEG and libjpeg believe that header: a changed byte made them take 8 GiB, or go on for a minute and more.

    Raises:
        ImageError: names both sizes; or the frame has no end.
    """
    from pydicom.encaps import get_frame

    if not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return
    frames = int(dataset.get("NumberOfFrames") or 1)
    frame = get_frame(dataset.PixelData, index, number_of_frames=frames)
    told = size_of(frame[:LOOKED_AT])
    if told is None:
        return
    if _END not in frame[-PADDING:]:  # the decoders fill up what is missing, and say nothing
        raise ImageError("this DICOM file is cut off: its pixels end early", path=path, mend="copy the file again")
    width, height = told
    if width * height == 0 or width * height > int(dataset.Rows) * int(dataset.Columns):
        raise ImageError(
            f"its compressed pixels are {width} × {height} by their own header, and {dataset.Columns} × {dataset.Rows} "
            "by the file's",
            path=path,
            mend="export the film again",
        )


def size_of(start: bytes) -> tuple[int, int] | None:
    """Width and height in the header of a JPEG, JPEG-LS or JPEG 2000 codestream; None for other bytes.

    SIZ: ITU-T T.800, A.5.1. SOF: T.81, B.2.2, and T.87, C.2.2.
    """
    at = start.find(_J2K) if start[4:8] == b"jP  " else 0
    if at >= 0 and start[at : at + 4] == _J2K and len(start) >= at + 24:
        right, low, left, top = struct.unpack_from(">4I", start, at + 8)
        return max(right - left, 0), max(low - top, 0)
    return _size_of_jpeg(start) if start.startswith(_JPEG) else None


def _size_of_jpeg(start: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(start) and start[at] == 0xFF:
        marker = start[at + 1]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", start, at + 5)
            return width, height
        at += 1 if marker == 0xFF else 2 + int.from_bytes(start[at + 2 : at + 4], "big")
    return None
