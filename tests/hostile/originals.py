"""Small sound files of every format, each with a planted name in its metadata: what the makers damage."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin, TiffImagePlugin

from tests.hostile.kinds import PLANTED

SIGNATURE = b"\x89PNG\r\n\x1a\n"


@functools.cache
def grey(height: int = 40, width: int = 48) -> np.ndarray:
    """A film without symmetry: uint8 (height, width)."""
    y, x = np.mgrid[:height, :width]
    return ((3 * x + 2 * y) % 200 + np.random.default_rng(5).integers(0, 40, (height, width))).astype(np.uint8)


def saved(pixels: np.ndarray | Image.Image, form: str, **options: Any) -> bytes:
    """The bytes that Pillow writes."""
    buffer = io.BytesIO()
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def exif() -> Image.Exif:
    """EXIF with the planted name as artist."""
    tags = Image.Exif()
    tags[315] = PLANTED
    return tags


@functools.cache
def png() -> bytes:
    """With the name in a text chunk."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Patient", PLANTED)
    return saved(grey(), "PNG", pnginfo=texts)


@functools.cache
def jpeg(**options: Any) -> bytes:
    """With the name in a comment and in EXIF."""
    return saved(grey(), "JPEG", comment=PLANTED.encode(), exif=exif(), quality=90, **options)


@functools.cache
def webp(**options: Any) -> bytes:
    """With the name in EXIF."""
    return saved(grey(), "WEBP", exif=exif(), **options)


@functools.cache
def tiff(compression: str | None = None, kind: str = "uint8", big: bool = False) -> bytes:
    """With the name as image description."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270] = PLANTED
    return saved(grey().astype(kind), "TIFF", compression=compression, tiffinfo=tags, big_tiff=big)


def chunk(name: bytes, content: bytes) -> bytes:
    """A PNG chunk with its checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_of(
    width: int,
    height: int,
    *,
    depth: int = 8,
    colour: int = 0,
    pixels: bytes = b"",
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """A PNG whose header says this, whatever its pixels are."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    name = chunk(b"tEXt", b"Patient\0" + PLANTED.encode())
    parts = chunk(b"IHDR", header) + name + before + chunk(b"IDAT", zlib.compress(pixels)) + after + chunk(b"IEND", b"")
    return SIGNATURE + parts


def zeros(megabytes: int) -> bytes:
    """A zlib stream (RFC 1950) of about a thousandth of what it unpacks to, made without packing all that."""
    adler = (megabytes * 2**20 % 65_521) << 16 | 1
    return b"\x78\x9c" + raw_zeros(megabytes) + struct.pack(">L", adler)


def raw_zeros(megabytes: int, start: bytes = b"") -> bytes:
    """A deflate stream (RFC 1951): blocks that stand alone, the same one again and again."""

    def block(content: bytes) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        return packer.compress(content) + packer.flush(zlib.Z_FULL_FLUSH)

    return block(start) + block(bytes(2**20)) * megabytes + b"\x03\x00"
