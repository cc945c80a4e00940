"""What the headers of JPEG, WebP and TIFF files promise, read before any decoder believes it.

Decoders allocate canvases, follow chains of pages and run through scans on the word of a few bytes. These functions
read those bytes by the formats' specifications (ITU-T T.81, the WebP container, TIFF 6.0 and BigTIFF) and refuse what
no film needs.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

from deepcovid.errors import ImageError
from deepcovid.imaging.guards import check_size

SEGMENTS_AT_MOST = 10_000
SCANS_AT_MOST, SCANNED_PIXELS_AT_MOST = 100, 2_000_000_000  # libjpeg's own scripts for progressive files have 10 scans
PAGES_AT_MOST = 1_000
PARTS_AT_MOST = 300_000  # strips or tiles
DAMAGED = "copy the file again, or export it as PNG"

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 … SOF15 without DHT, JPG and DAC
_HUFFMAN = frozenset({0xC0, 0xC1, 0xC2})  # each block of 8 × 8 pixels takes at least one bit (T.81, F.1.2 and G.1.2)
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a segment: TEM, RST0 … RST7, SOI


def check_jpeg(data: bytes, *, path: Path, max_pixels: int) -> None:
    """Refuse a JPEG whose frame is too large or that has more segments or scans than any film (T.81, annex B).

    A progressive file of a few kilobytes may ask for thousands of scans over the whole image.
    """
    at, pixels = 2, 0
    for _ in range(SEGMENTS_AT_MOST):
        at = _marker_at(data, at)
        if at + 4 > len(data):
            return  # the decoder says what is missing
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in _FRAMES and at + 9 <= len(data):
            height, width = struct.unpack_from(">HH", data, at + 5)
            check_size(width=width, height=height, max_pixels=max_pixels, path=path)
            pixels = width * height
            if marker in _HUFFMAN and 8 * len(data) < pixels // 64:
                raise ImageError(
                    "this JPEG file is too short for its size: it is cut off or forged", path=path, mend=DAMAGED
                )
        if marker == 0xDA:
            return _check_scans(data.count(b"\xff\xda", at), pixels, path)
        at += 2 if marker in _BARE else 2 + length
    raise ImageError(f"this JPEG has more than {SEGMENTS_AT_MOST:,} segments", path=path, mend=DAMAGED)


def _marker_at(data: bytes, at: int) -> int:
    """The place of the next marker; fill bytes 0xFF may stand before one (T.81, B.1.1.2)."""
    while at + 1 < len(data) and data[at] == 0xFF and data[at + 1] == 0xFF:
        at += 1
    return at if data[at : at + 1] == b"\xff" else max(len(data) - 3, at)


def _check_scans(scans: int, pixels: int, path: Path) -> None:
    if scans > SCANS_AT_MOST or scans * pixels > SCANNED_PIXELS_AT_MOST:
        raise ImageError(f"this JPEG has {scans:,} scans, more than any film needs", path=path, mend=DAMAGED)


def check_webp(data: bytes, *, path: Path, max_pixels: int) -> None:
    """Refuse a WebP that is cut off, or whose canvas is too large: libwebp allocates it when the file is opened.

    WebP Container Specification: the RIFF size; VP8X canvas (24 bits less one), VP8L (14 bits less one), VP8 (14 bits).
    """
    if int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise ImageError("this WEBP file is cut off: its pixels end early", path=path, mend="copy the file again")
    body = data[20:30]
    if len(body) < 10:
        return
    if data[12:16] == b"VP8X":
        width, height = 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    elif data[12:16] == b"VP8L":
        packed = int.from_bytes(body[1:5], "little")
        width, height = 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
    elif data[12:16] == b"VP8 ":
        width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    else:
        return
    check_size(width=width, height=height, max_pixels=max_pixels, path=path)


class _Layout(NamedTuple):
    """How classic TIFF and BigTIFF number things: byte order, first IFD, struct codes and sizes."""

    order: str
    first: int
    number: str
    entry: str
    link: str


_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WIDTH, _HEIGHT, _COMPRESSION, _STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES = 256, 257, 259, 273, 279, 324, 325


def check_tiff(data: bytes, *, path: Path, max_pixels: int) -> bool:
    """Refuse a TIFF whose pages loop or are more than 1,000, that is too large, or has more parts than any film.

    Returns:
        Whether a page is compressed, so that libtiff will decode it.
    """
    layout = _layout(data)
    seen: set[int] = set()
    at, compressed = layout.first, False
    while at:
        if at in seen:
            raise ImageError("this TIFF file is damaged: its pages lead in a circle", path=path, mend=DAMAGED)
        if len(seen) >= PAGES_AT_MOST:
            raise ImageError(
                f"this TIFF holds more than {PAGES_AT_MOST:,} pages", path=path, mend="save one film a file"
            )
        seen.add(at)
        try:
            tags, at = _page(data, min(at, len(data)), layout)
        except struct.error:
            raise ImageError("this TIFF file is cut off: a page ends early", path=path, mend=DAMAGED) from None
        _check_page(tags, path, max_pixels)
        compressed = compressed or tags.get(_COMPRESSION, (1, 1))[1] != 1
    return compressed


def _layout(data: bytes) -> _Layout:
    order = "<" if data[:2] == b"II" else ">"
    if data[2:4] in (b"+\x00", b"\x00+"):
        return _Layout(order, int.from_bytes(data[8:16], "little" if order == "<" else "big"), "Q", "HHQQ", "Q")
    return _Layout(order, int.from_bytes(data[4:8], "little" if order == "<" else "big"), "H", "HHLL", "L")


def _page(data: bytes, at: int, layout: _Layout) -> tuple[dict[int, tuple[int, int]], int]:
    """Tag → (count, value where it is one number), and the place of the next page (TIFF 6.0, section 2)."""
    (entries,) = struct.unpack_from(layout.order + layout.number, data, at)
    at += struct.calcsize(layout.order + layout.number)
    step = struct.calcsize(layout.order + layout.entry)
    if at + entries * step > len(data):
        raise struct.error
    tags = {}
    for place in range(at, at + entries * step, step):
        tag, kind, count, value = struct.unpack_from(layout.order + layout.entry, data, place)
        if tag in (_WIDTH, _HEIGHT, _COMPRESSION, _STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES):
            if count == 1 and _SIZES.get(kind, 4) < 4:  # a short number stands at the left of its field
                field, shorter = struct.pack(layout.order + layout.entry[-1], value), _SIZES[kind]
                value = int.from_bytes(field[:shorter], "little" if layout.order == "<" else "big")
            tags[tag] = (count, value)
    (following,) = struct.unpack_from(layout.order + layout.link, data, at + entries * step)
    return tags, following


def _check_page(tags: dict[int, tuple[int, int]], path: Path, max_pixels: int) -> None:
    if _WIDTH in tags and _HEIGHT in tags:
        check_size(width=tags[_WIDTH][1], height=tags[_HEIGHT][1], max_pixels=max_pixels, path=path)
    for tag in (_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES):
        if tags.get(tag, (0, 0))[0] > PARTS_AT_MOST:
            raise ImageError(
                f"this TIFF is cut into {tags[tag][0]:,} parts, at most {PARTS_AT_MOST:,} are read",
                path=path,
                mend=DAMAGED,
            )
