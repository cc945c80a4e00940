"""Hostile DICOM: compressed pixels that lie."""

from __future__ import annotations

import struct
from functools import partial
from pathlib import Path

import numpy as np

from tests.hostile.dicom_bytes import JPEG, JPEG2000, JPEG_LOSSLESS, JPEG_LS, RLE, encapsulated
from tests.hostile.kinds import Content, cut, flipped
from tests.hostile.kinds import kind as register
from tests.hostile.originals import grey, jpeg, saved

kind = partial(register, family="DICOM, compressed")
WRONG = ("damaged", "cut off", "cannot be decoded", "own header", "stopped", "no pixels")


def j2k() -> bytes:
    """A JPEG 2000 codestream."""
    return saved(grey(), "JPEG2000", no_jp2=True)


def jls(lines: int = 40, columns: int = 48) -> bytes:
    """The header of a JPEG-LS codestream, and noise."""
    frame = b"\xff\xf7\x00\x0b\x08" + struct.pack(">HH", lines, columns) + b"\x01\x01\x11\x00"
    noise = np.random.default_rng(1).integers(0, 255, 900, dtype=np.uint8).tobytes()
    return b"\xff\xd8" + frame + b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00" + noise + b"\xff\xd9"


def siz(data: bytes, width: int, height: int, *, tile: int | None = None) -> bytes:
    """With another size in the SIZ marker (T.800, A.5.1)."""
    at = data.index(b"\xff\x51") + 6
    tiles = struct.pack(">4I", tile, tile, 0, 0) if tile else data[at + 16 : at + 32]
    return data[:at] + struct.pack(">4I", width, height, 0, 0) + tiles + data[at + 32 :]


def sized(data: bytes, height: int, width: int) -> bytes:
    """A JPEG with another size in its frame header."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


@kind("sound compressed DICOM", outcome="read")
def sound(folder: Path) -> dict[str, Content]:
    """What the others damage is read."""
    return {"j2k.dcm": encapsulated([j2k()], JPEG2000), "jpeg.dcm": encapsulated([jpeg()], JPEG)}


@kind("DICOM whose JPEG 2000 codestream promises another size", words="own header", bomb=True)
def j2k_size(folder: Path) -> dict[str, Content]:
    """One changed byte made OpenJPEG take 8 GiB and a minute."""
    return {
        "wide.dcm": encapsulated([siz(j2k(), 131_328, 40)], JPEG2000),
        "tall.dcm": encapsulated([siz(j2k(), 48, 15_729_664)], JPEG2000),
        "square.dcm": encapsulated([siz(j2k(), 60_000, 60_000)], JPEG2000),
        "none.dcm": encapsulated([siz(j2k(), 0, 0)], JPEG2000),
    }


@kind("DICOM whose JPEG 2000 codestream has tiles of one pixel", outcome="either", words=WRONG)
def j2k_tiles(folder: Path) -> dict[str, Content]:
    return {"tiles.dcm": encapsulated([siz(j2k(), 48, 40, tile=1)], JPEG2000)}


@kind("DICOM of JPEG 2000 garbage", outcome="either", words=WRONG)
def j2k_garbage(folder: Path) -> dict[str, Content]:
    flips = {f"flip-{seed}.dcm": encapsulated([flipped(j2k(), seed, start=40, bits=4)], JPEG2000) for seed in range(6)}
    return flips | {
        "cut.dcm": encapsulated([cut(j2k(), 0.2)], JPEG2000),
        "zeros.dcm": encapsulated([bytes(900)], JPEG2000),
    }


@kind("DICOM whose JPEG-LS has no or too many lines", words="own header")
def jls_size(folder: Path) -> dict[str, Content]:
    """libjpeg waits for lines without end where the header states none."""
    return {
        "none.dcm": encapsulated([jls(0)], JPEG_LS),
        "many.dcm": encapsulated([jls(42_816, 576)], JPEG_LS),
    }


@kind("DICOM of JPEG-LS garbage", outcome="either", words=WRONG)
def jls_garbage(folder: Path) -> dict[str, Content]:
    flips = {f"flip-{seed}.dcm": encapsulated([flipped(jls(), seed, start=20, bits=4)], JPEG_LS) for seed in range(4)}
    return flips | {"noise.dcm": encapsulated([jls()], JPEG_LS), "cut.dcm": encapsulated([jls()[:30]], JPEG_LS)}


@kind("DICOM whose JPEG promises another size", words="own header", bomb=True)
def jpeg_size(folder: Path) -> dict[str, Content]:
    return {
        "65500.dcm": encapsulated([sized(jpeg(), 65_500, 65_500)], JPEG),
        "none.dcm": encapsulated([sized(jpeg(), 0, 48)], JPEG),
    }


@kind("DICOM whose compressed pixels are cut off", words=("cut off", "cannot be decoded"))
def cut_off(folder: Path) -> dict[str, Content]:
    return {
        "jpeg.dcm": encapsulated([cut(jpeg(), 0.5)], JPEG),
        "jpeg-end.dcm": encapsulated([cut(jpeg(), 0.98)], JPEG),
        "j2k.dcm": encapsulated([cut(j2k(), 0.6)], JPEG2000),
        "jls.dcm": encapsulated([jls()[:300]], JPEG_LS),
    }


@kind("DICOM of JPEG garbage", outcome="either", words=WRONG)
def jpeg_garbage(folder: Path) -> dict[str, Content]:
    flips = {f"flip-{seed}.dcm": encapsulated([flipped(jpeg(), seed, start=2, bits=4)], JPEG) for seed in range(4)}
    return flips | {
        "cut.dcm": encapsulated([cut(jpeg(), 0.5)], JPEG),
        "called-lossless.dcm": encapsulated([jpeg()], JPEG_LOSSLESS),
        "jpeg-called-j2k.dcm": encapsulated([jpeg()], JPEG2000),
    }


@kind("DICOM of RLE whose segments lie", outcome="either", words=WRONG, bomb=True)
def rle(folder: Path) -> dict[str, Content]:
    def of(segments: int, offsets: list[int], body: bytes) -> bytes:
        header = struct.pack("<16L", segments, *offsets, *[0] * (15 - len(offsets)))
        return encapsulated([header + body], RLE)

    return {
        "past-the-end.dcm": of(1, [2**31], bytes(400)),
        "many-segments.dcm": of(2**32 - 1, [64] * 15, bytes(400)),
        "backwards.dcm": of(2, [400, 64], bytes(400)),
        "short.dcm": of(1, [64], b"\x05abcdef"),
        "empty.dcm": encapsulated([b""], RLE),
        "long.dcm": of(1, [64], b"\x81\x00" * 400_000),
    }


@kind("DICOM of fragments that lie", outcome="either", words=WRONG)
def fragments(folder: Path) -> dict[str, Content]:
    whole = encapsulated([j2k()], JPEG2000)
    at = whole.rindex(struct.pack("<HHL", 0xFFFE, 0xE000, len(j2k()) + len(j2k()) % 2)[:4])
    return {
        "none.dcm": encapsulated([], JPEG2000),
        "empty.dcm": encapsulated([b"", b""], JPEG2000),
        "length-4e9.dcm": whole[: at + 4] + struct.pack("<L", 0xFFFFFFFE) + whole[at + 8 :],
        "length-undefined.dcm": whole[: at + 4] + struct.pack("<L", 0xFFFFFFFF) + whole[at + 8 :],
        "unended-and-cut.dcm": encapsulated([j2k()[:90]], JPEG2000, end=False),
        "thousands.dcm": encapsulated([b"\0\0"] * 5_000, JPEG2000),
    }


@kind("DICOM whose offset table lies", outcome="either", words=WRONG)
def offsets(folder: Path) -> dict[str, Content]:
    return {
        "far.dcm": encapsulated([j2k()], JPEG2000, offsets=struct.pack("<L", 2**31)),
        "many.dcm": encapsulated([j2k()], JPEG2000, offsets=struct.pack("<L", 0) * 10_000),
        "odd.dcm": encapsulated([j2k()], JPEG2000, offsets=b"\0\0"),
    }
