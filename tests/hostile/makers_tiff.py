"""Hostile TIFF."""

from __future__ import annotations

import struct
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from tests.hostile.kinds import PLANTED, Content, cut, flipped
from tests.hostile.kinds import kind as register
from tests.hostile.originals import grey, saved, tiff

kind = partial(register, family="TIFF")
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, STRIPS, SAMPLES, ROWS, STRIP_BYTES = (
    256, 257, 258, 259, 262, 273, 277, 278, 279,
)  # fmt: skip


def page(entries: dict[int, int | tuple[int, int]], following: int = 0) -> bytes:
    """An IFD of LONG values; (count, value) for several (TIFF 6.0, section 2)."""
    packed = b""
    for tag, value in sorted(entries.items()):
        count, number = value if isinstance(value, tuple) else (1, value)
        packed += struct.pack("<HHLL", tag, 4, count, number)
    return struct.pack("<H", len(entries)) + packed + struct.pack("<L", following)


def plain(**changes: int | tuple[int, int]) -> dict[int, int | tuple[int, int]]:
    """The tags of a small grey film whose pixels stand at byte 8."""
    tags: dict[int, int | tuple[int, int]] = {
        WIDTH: 48, HEIGHT: 40, BITS: 8, COMPRESSION: 1, PHOTOMETRIC: 1, STRIPS: 8, SAMPLES: 1, ROWS: 40, STRIP_BYTES: 1920,
    }  # fmt: skip
    return tags | {globals()[name.upper()]: value for name, value in changes.items()}


def whole(entries: dict[int, int | tuple[int, int]], following: int = 0, pixels: bytes = b"") -> bytes:
    """Header, pixels, one page."""
    pixels = pixels or grey().tobytes() + PLANTED.encode().ljust(16)
    return b"II*\0" + struct.pack("<L", 8 + len(pixels)) + pixels + page(entries, following)


@kind("TIFF cut off", words=("cut off", "damaged"))
def cut_off(folder: Path) -> dict[str, Content]:
    kinds = {"raw": tiff(), "lzw": tiff("tiff_lzw"), "deflate": tiff("tiff_deflate"), "big": tiff(big=True)}
    return {f"cut-{name}-{share}.tif": cut(data, share) for name, data in kinds.items() for share in (0.3, 0.8)}


@kind(
    "TIFF with flipped bits", outcome="either", words=("cut off", "damaged", "too large", "size", "not read", "parts")
)
def flips(folder: Path) -> dict[str, Content]:
    lzw = {f"lzw-{seed}.tif": flipped(tiff("tiff_lzw"), seed, start=8, bits=3) for seed in range(4)}
    return lzw | {f"raw-{seed}.tif": flipped(tiff(), seed, start=8, bits=3) for seed in range(4)}


@kind("TIFF of several pages", words="pages")
def multipage(folder: Path) -> dict[str, Content]:
    pages = [Image.fromarray(grey()), Image.fromarray(255 - grey())]
    return {
        "two.tif": saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]),
        "two-lzw.tif": saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="tiff_lzw"),
    }


@kind("TIFF of NaN or infinity", words="NaN or infinite")
def not_finite(folder: Path) -> dict[str, Content]:
    def of(value: float) -> bytes:
        film = grey().astype(np.float32)
        film[3, 4] = value
        return saved(film, "TIFF")

    all_nan = saved(np.full((40, 48), np.nan, np.float32), "TIFF")
    return {"nan.tif": of(np.nan), "inf.tif": of(np.inf), "minus-inf.tif": of(-np.inf), "all-nan.tif": all_nan}


@kind("TIFF of values at the ends of float32", outcome="read")
def extremes(folder: Path) -> dict[str, Content]:
    film = np.full((40, 48), -3.4e38, np.float32)
    film[:, 20:] = 3.4e38
    return {"extremes.tif": saved(film, "TIFF")}


@kind("TIFF whose pages lead in a circle", words="circle")
def loop(folder: Path) -> dict[str, Content]:
    pixels = grey().tobytes()
    first = 8 + len(pixels)
    second = first + len(page(plain()))
    two = whole(plain(), second, pixels) + page(plain(), first)
    return {"itself.tif": whole(plain(), first, pixels), "two.tif": two}


@kind("TIFF of fifty thousand pages", words="pages")
def many_pages(folder: Path) -> dict[str, Content]:
    pixels = grey().tobytes()
    first = 8 + len(pixels)
    step = len(page({WIDTH: 48}))
    chain = b"".join(page({WIDTH: 48}, first + (number + 1) * step) for number in range(50_000))
    return {"pages.tif": b"II*\0" + struct.pack("<L", first) + pixels + chain}


@kind("TIFF with a forged size", words=("too large", "cut off", "damaged", "size of"), bomb=True)
def forged(folder: Path) -> dict[str, Content]:
    return {
        "4e9.tif": whole(plain(width=2**32 - 1, height=2**32 - 1)),
        "60000.tif": whole(plain(width=60_000, height=60_000)),
        "9000.tif": whole(plain(width=9_000, height=9_000, rows=9_000)),
        "no-width.tif": whole(plain(width=0)),
        "60000-lzw.tif": whole(plain(width=60_000, height=60_000, compression=5)),
        "9000-lzw.tif": whole(plain(width=9_000, height=9_000, rows=9_000, compression=5)),
        "no-size.tif": whole({STRIPS: 8, STRIP_BYTES: 1920}),
    }


@kind("TIFF whose strips lie past its end or are milliards", words=("cut off", "damaged", "parts"), bomb=True)
def strips(folder: Path) -> dict[str, Content]:
    return {
        "past-the-end.tif": whole(plain(strips=2**31)),
        "milliards.tif": whole(plain(strips=(2**31, 8), strip_bytes=(2**31, 8))),
        "million.tif": whole(plain(strips=(10**6, 8), strip_bytes=(10**6, 8))),
        "rows-zero.tif": whole(plain(rows=0, compression=5)),
        "bytes-4e9-lzw.tif": whole(plain(strip_bytes=2**32 - 1, compression=5)),
    }


@kind("TIFF of samples that no film has", words=("not read", "damaged", "too large", "cut off"))
def odd_samples(folder: Path) -> dict[str, Content]:
    return {
        "bits-64.tif": whole(plain(bits=64)),
        "bits-0.tif": whole(plain(bits=0)),
        "samples-65535.tif": whole(plain(samples=65_535)),
        "photometric-99.tif": whole(plain(photometric=99)),
        "compression-65000.tif": whole(plain(compression=65_000)),
        "lab.tif": saved(Image.new("LAB", (48, 40), (90, 1, 2)), "TIFF"),
    }


@kind("TIFF whose first page lies nowhere", words=("damaged", "cut off"))
def nowhere(folder: Path) -> dict[str, Content]:
    return {
        "offset-0.tif": b"II*\0" + struct.pack("<L", 0) + bytes(100),
        "offset-4e9.tif": b"II*\0" + struct.pack("<L", 2**32 - 1) + bytes(100),
        "big-offset.tif": b"II+\0\x08\0\0\0" + struct.pack("<Q", 2**63) + bytes(100),
        "big-entries.tif": b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**63) + bytes(100),
        "entries-65535.tif": b"MM\0*" + struct.pack(">LH", 8, 65_535) + bytes(100),
        "header-alone.tif": b"II*\0",
    }


@kind("TIFF with a tag of a gigantic count", outcome="either", words=("damaged", "cut off"), bomb=True)
def long_tags(folder: Path) -> dict[str, Content]:
    """Only the tags that matter are unpacked."""
    return {
        "description.tif": whole(plain() | {270: (2**31, 8)}),
        "private.tif": whole(plain() | {50_838: (2**31, 8)}),
        "bits.tif": whole(plain(bits=(2**31, 8))),
    }
