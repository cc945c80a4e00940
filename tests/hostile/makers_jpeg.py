"""Hostile JPEG and WebP."""

from __future__ import annotations

import struct
from functools import partial
from pathlib import Path

from PIL import Image

from tests.hostile.kinds import PLANTED, Content, cut, flipped
from tests.hostile.kinds import kind as register
from tests.hostile.originals import grey, jpeg, saved, webp

kind = partial(register, family="JPEG")
web = partial(register, family="WebP")


def resized(data: bytes, height: int, width: int, marker: bytes = b"\xff\xc0") -> bytes:
    """With another size in the frame header (T.81, B.2.2)."""
    at = data.index(marker) + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


@kind("JPEG cut off", words=("cut off", "damaged"))
def cut_off(folder: Path) -> dict[str, Content]:
    plain = {f"cut-{share}.jpg": cut(jpeg(), share) for share in (0.01, 0.1, 0.3, 0.6, 0.9)}
    return plain | {"cut-progressive.jpg": cut(jpeg(progressive=True), 0.6)}


@kind(
    "JPEG with flipped bits", outcome="either", words=("cut off", "damaged", "too large", "size", "scans", "not read")
)
def flips(folder: Path) -> dict[str, Content]:
    """No checksum: what still decodes is a film, with other pixels."""
    return {f"flip-{seed}.jpg": flipped(jpeg(), seed, start=2, bits=3) for seed in range(8)}


@kind("JPEG whose frame promises another size", words=("too large", "cut off", "size of", "damaged"), bomb=True)
def forged(folder: Path) -> dict[str, Content]:
    return {
        "65500.jpg": resized(jpeg(), 65_500, 65_500),
        "no-height.jpg": resized(jpeg(), 0, 48),
        "no-width.jpg": resized(jpeg(), 40, 0),
        "taller.jpg": resized(jpeg(), 9_000, 9_000),
        "progressive-65500.jpg": resized(jpeg(progressive=True), 65_500, 65_500, b"\xff\xc2"),
    }


@kind("JPEG of thousands of scans", words=("scans", "too short"))
def scan_bomb(folder: Path) -> dict[str, Content]:
    """Each scan of a progressive file runs over the whole image."""
    whole = jpeg(progressive=True)
    at = whole.rindex(b"\xff\xda")
    scan = whole[at:-2]
    large = resized(whole, 9_000, 9_000, b"\xff\xc2")
    return {
        "scans.jpg": whole[:-2] + scan * 5_000 + whole[-2:],
        "scans-of-81-megapixels.jpg": large[:-2] + scan * 40 + whole[-2:],
    }


@kind("JPEG of twenty thousand segments", words="segments")
def segments(folder: Path) -> dict[str, Content]:
    comment = b"\xff\xfe" + struct.pack(">H", 2 + len(PLANTED)) + PLANTED.encode()
    return {"segments.jpg": jpeg()[:2] + comment * 20_000 + jpeg()[2:]}


@kind("JPEG that begins and goes no further", words=("cut off", "damaged"))
def garbage(folder: Path) -> dict[str, Content]:
    return {
        "soi.jpg": b"\xff\xd8\xff",
        "fill.jpg": b"\xff\xd8" + b"\xff" * 100_000,
        "noise.jpg": b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20,
        "no-tables.jpg": jpeg()[:2] + jpeg()[jpeg().index(b"\xff\xc0") :],
        "segment-past-the-end.jpg": b"\xff\xd8\xff\xe1\xff\xff" + PLANTED.encode(),
        "length-zero.jpg": b"\xff\xd8\xff\xe1\x00\x00" + PLANTED.encode() * 10,
    }


@kind("JPEG-LS under the name of a JPEG", words=("damaged", "not read", "cut off"))
def jpeg_ls(folder: Path) -> dict[str, Content]:
    frame = b"\xff\xf7\x00\x0b\x08" + struct.pack(">HH", 40, 48) + b"\x01\x01\x11\x00"
    return {"film.jpg": b"\xff\xd8" + frame + b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00" + bytes(90) + b"\xff\xd9"}


@web("WebP cut off", words=("cut off", "damaged"))
def webp_cut(folder: Path) -> dict[str, Content]:
    lossy = {f"cut-{share}.webp": cut(webp(), share) for share in (0.05, 0.3, 0.7, 0.98)}
    return lossy | {"cut-lossless.webp": cut(webp(lossless=True), 0.7)}


@web("WebP with flipped bits", outcome="either", words=("cut off", "damaged", "too large", "size", "pages"))
def webp_flips(folder: Path) -> dict[str, Content]:
    lossy = {f"flip-{seed}.webp": flipped(webp(), seed, start=12, bits=3) for seed in range(5)}
    return lossy | {f"lossless-{seed}.webp": flipped(webp(lossless=True), seed, start=12) for seed in range(3)}


@web("animated WebP", words="pages")
def webp_animated(folder: Path) -> dict[str, Content]:
    pages = [Image.fromarray(page).convert("RGB") for page in (grey(), 255 - grey())]
    return {"animated.webp": saved(pages[0], "WEBP", save_all=True, append_images=pages[1:], duration=40)}


@web("WebP whose canvas is gigantic", words=("too large", "damaged"), bomb=True)
def webp_canvas(folder: Path) -> dict[str, Content]:
    """libwebp allocates the canvas when it opens the file."""

    def extended(width: int, height: int, flags: int) -> bytes:
        head = bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        body = b"WEBPVP8X" + struct.pack("<I", 10) + head + webp()[12:]
        return b"RIFF" + struct.pack("<I", len(body)) + body

    bits = (16_383 | 16_383 << 14).to_bytes(4, "little")
    lossless = webp(lossless=True)
    at = lossless.index(b"VP8L") + 9
    return {
        "canvas.webp": extended(2**24, 2**24, 0),
        "canvas-animated.webp": extended(60_000, 60_000, 2),
        "vp8l.webp": lossless[:20] + lossless[20:at] + bits + lossless[at + 4 :],
    }
