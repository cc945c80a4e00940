"""Hostile PNG."""

from __future__ import annotations

import struct
from functools import partial
from pathlib import Path

from PIL import Image

from tests.hostile.kinds import PLANTED, Content, cut, flipped
from tests.hostile.kinds import kind as register
from tests.hostile.originals import chunk, grey, png, png_of, saved, zeros

kind = partial(register, family="PNG")


@kind("PNG whose header promises a gigantic image", words="too large", bomb=True)
def header_bomb(folder: Path) -> dict[str, Content]:
    return {
        "bomb-60000.png": png_of(60_000, 60_000, depth=16, colour=2),
        "bomb-2e9.png": png_of(2**31 - 1, 2**31 - 1),
        "bomb-12000.png": png_of(12_000, 10_000),
    }


@kind("PNG that really holds 400 million pixels in 50 KB", words="too large", bomb=True)
def honest_bomb(folder: Path) -> dict[str, Content]:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 20_000, 1, 0, 0, 0, 0))
    body = chunk(b"IDAT", zeros(48)) + chunk(b"IEND", b"")
    return {"honest.png": b"\x89PNG\r\n\x1a\n" + header + body}


@kind("PNG whose pixels unpack to more than its header says", outcome="read", bomb=True)
def overfull(folder: Path) -> dict[str, Content]:
    """Only what the header promises is unpacked."""

    def of(depth: int, colour: int) -> bytes:
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, depth, colour, 0, 0, 0))
        return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zeros(300)) + chunk(b"IEND", b"")

    return {"overfull-8.png": of(8, 0), "overfull-48.png": of(16, 2)}


@kind("PNG of 100 million pixels of 16-bit colours in 600 KB", words="16-bit colours", bomb=True)
def deep_bomb(folder: Path) -> dict[str, Content]:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 9_990, 9_990, 16, 2, 0, 0, 0))
    return {"deep.png": b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zeros(572)) + chunk(b"IEND", b"")}


@kind("PNG text bomb (zTXt, iTXt)", words="unpacks to more", bomb=True)
def text_bomb(folder: Path) -> dict[str, Content]:
    film = bytes(41 * 40)
    packed = zeros(300)
    many = b"".join(chunk(b"zTXt", b"Comment\0\0" + zeros(1)) for _ in range(70))
    return {
        "ztxt.png": png_of(40, 40, pixels=film, before=chunk(b"zTXt", b"Comment\0\0" + packed)),
        "itxt.png": png_of(40, 40, pixels=film, before=chunk(b"iTXt", b"Comment\0\1\0en\0Comment\0" + packed)),
        "ztxt-after-the-pixels.png": png_of(40, 40, pixels=film, after=chunk(b"zTXt", b"Comment\0\0" + packed)),
        "ztxt-many.png": png_of(40, 40, pixels=film, before=many),
    }


@kind("PNG colour-profile bomb (iCCP)", words="unpacks to more", bomb=True)
def profile_bomb(folder: Path) -> dict[str, Content]:
    return {"iccp.png": png_of(40, 40, pixels=bytes(41 * 40), before=chunk(b"iCCP", b"sRGB\0\0" + zeros(300)))}


@kind("PNG of a quarter of a million chunks", words="chunks")
def many_chunks(folder: Path) -> dict[str, Content]:
    return {"chunks.png": png_of(40, 40, pixels=bytes(41 * 40), before=chunk(b"tEXt", b"") * 250_000)}


@kind("PNG cut off", words=("cut off", "damaged"))
def cut_off(folder: Path) -> dict[str, Content]:
    return {f"cut-{share}.png": cut(png(), share) for share in (0.02, 0.1, 0.3, 0.6, 0.9, 0.995)}


@kind("PNG with flipped bits in its pixels", words=("checksum", "cut off", "damaged"))
def flips(folder: Path) -> dict[str, Content]:
    start = png().index(b"IDAT") + 4
    return {f"flip-{seed}.png": flipped(png()[:-12], seed, start=start) + png()[-12:] for seed in range(6)}


@kind("PNG with a forged size and right checksums", words=("cut off", "damaged", "size of", "no film"))
def forged(folder: Path) -> dict[str, Content]:
    film = b"".join(b"\0" + bytes(row) for row in grey())
    return {
        "taller.png": png_of(48, 4000, pixels=film),
        "wider.png": png_of(4800, 40, pixels=film),
        "zero-width.png": png_of(0, 40, pixels=film),
        "zero-height.png": png_of(48, 0, pixels=film),
        "deep-taller.png": png_of(48, 90, depth=16, colour=6, pixels=film),
    }


@kind("PNG of bits and colours that the format does not know", words=("damaged", "not read"))
def impossible(folder: Path) -> dict[str, Content]:
    film = bytes(41 * 400)
    return {
        "depth-3.png": png_of(40, 40, depth=3, pixels=film),
        "colour-5.png": png_of(40, 40, colour=5, pixels=film),
        "depth-4-colour-2.png": png_of(40, 40, depth=4, colour=2, pixels=film),
        "filter-9.png": png_of(40, 40, depth=16, colour=2, pixels=b"\x09" * 40 * 241),
    }


@kind("PNG without pixels", words=("cut off", "damaged"))
def pixelless(folder: Path) -> dict[str, Content]:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 40, 8, 0, 0, 0, 0))
    end = chunk(b"IEND", b"")
    start = b"\x89PNG\r\n\x1a\n"
    return {
        "no-idat.png": start + header + end,
        "no-header.png": start + chunk(b"IDAT", b"") + end,
        "end-alone.png": start + end,
        "signature-alone.png": start,
        "text-alone.png": start + chunk(b"tEXt", PLANTED.encode()) + end,
    }


@kind("animated PNG", words="pages")
def animated(folder: Path) -> dict[str, Content]:
    pages = [Image.fromarray(grey()), Image.fromarray(255 - grey())]
    whole = saved(pages[0], "PNG", save_all=True, append_images=pages[1:])
    lying = png_of(48, 40, pixels=bytes(49 * 40), before=chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0)))
    return {"animated.png": whole, "two-milliard-frames.png": lying}


@kind("image of one pixel, or smaller than any film", words=("one pixel", "no chest film"))
def specks(folder: Path) -> dict[str, Content]:
    return {
        "1x1.png": saved(grey(1, 1), "PNG"),
        "1x1.jpg": saved(grey(1, 1), "JPEG"),
        "15x40.png": saved(grey(15, 40), "PNG"),
        "20x101.png": saved(grey(20, 101), "PNG"),
    }


@kind("image of 1 × 60,000", words="no film has this shape")
def strips(folder: Path) -> dict[str, Content]:
    return {
        "1x60000.png": saved(grey(1, 60_000), "PNG"),
        "60000x1.jpg": saved(grey(60_000, 1), "JPEG"),
        "60000x1.tif": saved(grey(60_000, 1), "TIFF"),
        "70000x70.png": saved(grey(70_000, 70), "PNG"),
    }
