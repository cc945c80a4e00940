from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from deepcovid.errors import ImageError
from deepcovid.imaging.png import (
    CHANNELS,
    SIGNATURE,
    check_complete,
    check_pixels,
    check_texts,
    colour16,
    significant_bits,
    unfiltered,
)  # fmt: skip


def png(samples: np.ndarray, *, colour: int, filters: list[int] | None = None, extra: bytes = b"") -> bytes:
    """A 16-bit PNG written by the book (PNG, section 9), each row by the filter given."""
    height, width, channels = samples.shape
    plain = samples.astype(">u2").tobytes()
    rows = np.frombuffer(plain, np.uint8).reshape(height, width, 2 * channels).astype(int)
    padded = np.pad(rows, ((1, 0), (1, 0), (0, 0)))
    raw = b""
    for y in range(height):
        kind = filters[y] if filters else y % 5
        left, up, corner = padded[y + 1, :-1], padded[y, 1:], padded[y, :-1]
        estimate = left + up - corner
        near = np.array(
            [
                [min((a, b, c), key=lambda option, p=p: abs(p - option)) for a, b, c, p in zip(*pixel, strict=True)]
                for pixel in zip(left, up, corner, estimate, strict=True)
            ]
        )
        predicted = [0 * left, left, up, (left + up) // 2, near][kind]
        raw += bytes([kind]) + ((rows[y] - predicted) % 256).astype(np.uint8).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    parts = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return SIGNATURE + parts


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


@given(st.data())
def test_sixteen_bit_colours_come_exactly(data: st.DataObject):
    colour = data.draw(st.sampled_from([2, 4, 6]))
    height, width = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
    samples = data.draw(arrays(np.uint16, (height, width, CHANNELS[colour])))
    filters = data.draw(st.lists(st.integers(0, 4), min_size=height, max_size=height))
    found = colour16(png(samples, colour=colour, filters=filters), path=Path("x.png"))
    assert np.array_equal(found, samples[..., [0, 0, 0, 1]] if colour == 4 else samples)


def test_unknown_filter_is_refused():
    with pytest.raises(ValueError, match="filter type 5"):
        unfiltered(np.zeros((1, 1, 6), np.uint8), np.array([5], np.uint8))


def test_too_few_pixels_are_refused():
    whole = png(np.zeros((4, 4, 3), np.uint16), colour=2)
    taller = whole[:20] + struct.pack(">I", 5) + whole[24:]
    with pytest.raises(ImageError, match=r"x\.png.*cut off.*→ copy the file again"):
        colour16(taller, path=Path("x.png"))


def test_the_declared_bits_are_found_before_the_pixels_only():
    film = np.zeros((1, 1, 1), np.uint16)
    assert significant_bits(png(film, colour=0, extra=chunk(b"sBIT", b"\x0c"))) == 12
    assert significant_bits(png(film, colour=0)) is None


def test_a_missing_end_is_noticed():
    whole = png(np.zeros((1, 1, 1), np.uint16), colour=0)
    check_complete(whole, path=Path("x.png"))
    with pytest.raises(ImageError, match=r"x\.png.*cut off"):
        check_complete(whole[:-1], path=Path("x.png"))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("depth", "colour"), [(1, 0), (2, 3), (8, 2), (16, 4)])
def test_rows_that_are_missing_are_noticed(depth: int, colour: int, interlaced: bool):
    width, height = 13, 11
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b""
    for left, top, across, down in passes if interlaced else [(0, 0, 1, 1)]:
        columns = len(range(left, width, across))
        rows += (
            (1 + (columns * depth * CHANNELS[colour] + 7) // 8) * len(range(top, height, down)) * b"\0"
            if columns
            else b""
        )
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))

    def whole(raw: bytes) -> bytes:
        return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")

    check_pixels(whole(rows), path=Path("x.png"))
    check_pixels(whole(rows + b"more"), path=Path("x.png"))
    with pytest.raises(ImageError, match=r"x\.png.*its pixels end early"):
        check_pixels(whole(rows[:-1]), path=Path("x.png"))


def test_texts_may_be_long_but_no_bombs():
    film = png(np.zeros((1, 1, 1), np.uint16), colour=0)
    long, bomb = zlib.compress(bytes(1_000_000)), zlib.compress(bytes(1_100_000))
    for kind, start in ((b"zTXt", b"k\0\0"), (b"iTXt", b"k\0\1\0en\0k\0"), (b"iCCP", b"k\0\0")):
        check_texts(film[:33] + chunk(kind, start + long) + film[33:], path=Path("x.png"))
        with pytest.raises(ImageError, match="unpacks to more than any film's"):
            check_texts(film[:33] + chunk(kind, start + bomb) + film[33:], path=Path("x.png"))
    check_texts(film[:33] + chunk(b"iTXt", b"k\0\0\0en\0k\0" + bomb) + film[33:], path=Path("x.png"))  # not compressed
