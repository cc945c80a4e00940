"""What Pillow does not tell of a PNG: whether it is whole, how many bits are significant, and 16-bit colours exactly."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from deepcovid.errors import ImageError
from deepcovid.imaging.guards import check_size

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# PNG (third edition), section 11.2.1: colour type → samples a pixel
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
CHUNKS_AT_MOST = 200_000  # the largest film in chunks of 4 KiB
DEEP_COLOURS = (b"\x10\x02", b"\x10\x04", b"\x10\x06")  # IHDR's depth and colour type of what `colour16` decodes
DEEP_AT_MOST = 30_000_000  # pixels; undoing the filters of more takes half a minute
UNPACKED_AT_ONCE = 2**20
UNPACKED_AT_MOST, UNPACKED_IN_ALL = 2**20, 2**26  # Pillow's limits for compressed text and profiles


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of each chunk of a PNG, as far as they are whole."""
    for kind, start, end in _places(data):
        yield kind, data[start:end]


def check_complete(data: bytes, *, path: Path, max_pixels: int = 2**62) -> None:
    """Refuse a PNG that is too large, cut off or altered: Pillow is content without an end, and skips the pixels' checksum.

    Raises:
        ImageError: the size in IHDR (PNG, section 11.2.1) is no film's, the IEND chunk (11.2.4) is missing, or a critical
            chunk's checksum (5.5) is wrong.
    """
    ended = False
    if data[12:16] == b"IHDR" and len(data) >= 24:
        width, height = struct.unpack_from(">II", data, 16)
        check_size(width=width, height=height, max_pixels=max_pixels, path=path)
        if width * height > DEEP_AT_MOST and data[24:26] in DEEP_COLOURS:
            raise ImageError(
                f"16-bit colours are read up to {DEEP_AT_MOST / 1e6:g} million pixels, not {width * height / 1e6:.1f}",
                path=path,
                mend="save the film as grey",
            )
    for count, (kind, start, end) in enumerate(_places(data)):
        if count == CHUNKS_AT_MOST:
            raise ImageError(f"this PNG has more than {count:,} chunks", path=path, mend="export the film again")
        critical = not kind[0] & 0x20
        if critical and zlib.crc32(data[start - 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise ImageError("this PNG file is damaged: a checksum is wrong", path=path, mend="copy the file again")
        ended = ended or kind == b"IEND"
    if not ended:
        raise ImageError("this PNG file is cut off: its end is missing", path=path, mend="copy the file again")


def check_pixels(data: bytes, *, path: Path) -> None:
    """Refuse a PNG whose pixels unpack to less than its header promises.

    Raises:
        ImageError: as said.
    """
    need = _unpacked_size(*struct.unpack(">IIBBBBB", next(chunks(data))[1][:13]))
    inflate = zlib.decompressobj()
    for kind, content in chunks(data):
        while kind == b"IDAT" and content and need > 0:
            need -= len(inflate.decompress(content, UNPACKED_AT_ONCE))
            content = inflate.unconsumed_tail
    if need > 0:
        raise ImageError("this PNG file is cut off: its pixels end early", path=path, mend="copy the file again")


def _unpacked_size(width: int, height: int, depth: int, colour: int, _: int, __: int, interlace: int) -> int:
    """Bytes of the filtered rows (PNG, sections 7.2 and 8): of the image, or of each of the seven passes."""
    passes = [(0, 0, 1, 1)]
    if interlace:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    total = 0
    for left, top, across, down in passes:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        total += max(rows, 0) * (1 + -(-columns * depth * CHANNELS.get(colour, 1) // 8)) if columns > 0 else 0
    return total


def check_texts(data: bytes, *, path: Path) -> None:
    """Refuse a PNG whose compressed texts or colour profile unpack to more than any film carries: a bomb.

    Raises:
        ImageError: a zTXt, iTXt or iCCP chunk (PNG, sections 11.3.3 and 11.3.2.3) of more than 1 MiB, or all of more
            than 64 MiB.
    """
    total = 0
    for kind, content in chunks(data):
        if kind not in (b"zTXt", b"iTXt", b"iCCP"):
            continue
        packed = _packed_text(kind, content)
        try:
            size = len(zlib.decompressobj().decompress(packed, UNPACKED_AT_MOST + 1))
        except zlib.error:
            size = 0  # Pillow decides whether it matters
        total += size
        if size > UNPACKED_AT_MOST or total > UNPACKED_IN_ALL:
            raise ImageError(
                "this PNG carries a text or colour profile that unpacks to more than any film's",
                path=path,
                mend="export the film again without texts (metadata)",
            )


def _packed_text(kind: bytes, content: bytes) -> bytes:
    """The compressed part: after keyword and method, and in iTXt after flag, language and translated keyword."""
    _, _, rest = content.partition(b"\0")
    if kind != b"iTXt":
        return rest[1:]
    return rest[2:].split(b"\0", 2)[-1] if rest[:1] == b"\1" else b""


def _places(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of the content of each whole chunk, up to the end of the image (PNG, section 5.3)."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        start = at + 8
        end = start + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            return
        yield data[at + 4 : start], start, end
        if data[at + 4 : start] == b"IEND":
            return
        at = end + 4


def significant_bits(data: bytes) -> int | None:
    """The bits of a grey sample that the sBIT chunk declares (PNG, section 11.3.2.6), or None."""
    for kind, content in chunks(data):
        if kind == b"sBIT" and content:
            return content[0]
        if kind == b"IDAT":
            break
    return None


def colour16(data: bytes, *, path: Path) -> np.ndarray | None:
    """A 16-bit PNG of several channels, exactly: uint16 (H, W, 3 or 4); None where Pillow's 8 bits lose nothing.

    Pillow keeps the upper byte of such samples. Grey with alpha comes as RGBA. The transparent colour of a tRNS chunk
    and interlaced files are left to Pillow.

    Raises:
        ImageError: the pixel data are damaged or do not have the length that the header promises.
    """
    parts = list(chunks(data))
    kinds = {kind for kind, _ in parts}
    width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", parts[0][1][:13])
    if depth != 16 or CHANNELS.get(colour, 1) == 1 or interlace or b"tRNS" in kinds:
        return None
    step = 2 * CHANNELS[colour]  # bytes a pixel
    size = height * (1 + width * step)
    inflate = zlib.decompressobj()
    raw = inflate.decompress(b"".join(content for kind, content in parts if kind == b"IDAT"), size)
    if len(raw) != size:
        raise ImageError("this PNG file is cut off: its pixels end early", path=path, mend="copy the file again")
    rows = np.frombuffer(raw, np.uint8).reshape(height, 1 + width * step)
    flat = unfiltered(rows[:, 1:].reshape(height, width, step), rows[:, 0])
    samples = flat.view(">u2").astype(np.uint16)  # (H, W, channels)
    return samples if colour != 4 else samples[..., [0, 0, 0, 1]]


def unfiltered(rows: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Undo PNG's row filters (PNG, section 9.2).

    A pixel needs its left, upper and upper left neighbours. With row y delayed by y pixels every pixel of one diagonal
    can be computed at once: H + W steps on arrays instead of H · W steps in Python.

    Args:
        rows: uint8 (H, W, bytes a pixel) as filtered.
        filters: uint8 (H,), the filter of each row: none, sub, up, average, Paeth.

    Returns:
        uint8 (H, W, bytes a pixel), contiguous.

    Raises:
        ValueError: a filter type above 4.
    """
    height, width, step = rows.shape
    if filters.max() > 4:
        raise ValueError(f"unknown PNG filter type {int(filters.max())}")
    out = np.zeros((height + 1, width + 1, step), np.uint8)  # a black row above and a black column left
    for diagonal in range(height + width - 1):
        y = np.arange(max(0, diagonal - width + 1), min(height, diagonal + 1))
        x = diagonal - y
        left, up, corner = out[y + 1, x], out[y, x + 1], out[y, x]
        out[y + 1, x + 1] = rows[y, x] + _predicted(filters[y, None], left, up, corner)
    return np.ascontiguousarray(out[1:, 1:])


def _predicted(kind: np.ndarray, left: np.ndarray, up: np.ndarray, corner: np.ndarray) -> np.ndarray:
    a, b, c = (part.astype(np.int16) for part in (left, up, corner))
    to_left, to_up, to_corner = abs(b - c), abs(a - c), abs(a + b - 2 * c)
    nearest = np.where((to_left <= to_up) & (to_left <= to_corner), a, np.where(to_up <= to_corner, b, c))
    options = [np.zeros_like(a), a, b, (a + b) // 2, nearest]
    return np.choose(kind, options).astype(np.uint8)
