"""Hostile DICOM: elements that lie."""

from __future__ import annotations

import io
import struct
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.hostile.dicom_bytes import (
    BIG,
    DEFLATED,
    IMPLICIT,
    RLE,
    dataset,
    element,
    film,
    inserted,
    sound,
    sound_without_pixels,
    written,
)  # fmt: skip
from tests.hostile.kinds import PLANTED, Content, cut, flipped
from tests.hostile.kinds import kind as register
from tests.hostile.originals import raw_zeros

kind = partial(register, family="DICOM")
DAMAGED = ("damaged", "cut off", "cannot be decoded", "no pixels", "holds no image")


def stored(syntax: str) -> bytes:
    """A sound film in another transfer syntax."""
    made: Any = dataset()
    if syntax == RLE:
        made.compress(RLE)
        return written(made)
    made.file_meta.TransferSyntaxUID = syntax
    buffer = io.BytesIO()
    made.save_as(buffer, implicit_vr=syntax == IMPLICIT, little_endian=syntax != BIG, enforce_file_format=True)
    return buffer.getvalue()


SYNTAXES = {"explicit": "", "implicit": IMPLICIT, "big": BIG, "deflated": DEFLATED, "rle": RLE}


def in_all_syntaxes() -> dict[str, bytes]:
    """Name → a sound film."""
    return {name: stored(syntax) if syntax else sound() for name, syntax in SYNTAXES.items()}


@kind("DICOM cut off, in five transfer syntaxes", words=(*DAMAGED, "does not say its size"))
def cut_off(folder: Path) -> dict[str, Content]:
    whole = in_all_syntaxes().items()
    return {f"cut-{name}-{share}.dcm": cut(data, share) for name, data in whole for share in (0.1, 0.6, 0.97)}


@kind("DICOM with flipped bits, in five transfer syntaxes", outcome="either")
def flips(folder: Path) -> dict[str, Content]:
    whole = in_all_syntaxes().items()
    return {
        f"flip-{name}-{seed}.dcm": flipped(data, seed, start=140, bits=4) for name, data in whole for seed in range(3)
    }


@kind(
    "DICOM with lying Rows or Columns",
    words=(*DAMAGED, "too large", "does not say its size", "size of", "no film"),
    bomb=True,
)
def lying_size(folder: Path) -> dict[str, Content]:
    return {
        "rows-65535.dcm": film(Rows=65_535, Columns=65_535),
        "rows-4000.dcm": film(Rows=4_000),
        "rows-9000.dcm": film(Rows=9_000, Columns=9_000),
        "rows-0.dcm": film(Rows=0),
        "no-rows.dcm": film(Rows=None),
        "no-columns.dcm": film(Columns=None),
    }


@kind("DICOM with lying BitsAllocated", words=(*DAMAGED, "bits"))
def lying_bits(folder: Path) -> dict[str, Content]:
    lies = {f"bits-{bits}.dcm": film(BitsAllocated=bits) for bits in (0, 7, 16, 32, 64, 128, 65_535)}
    return lies | {
        "no-bits.dcm": film(BitsAllocated=None),
        "one-bit.dcm": film(BitsAllocated=1, BitsStored=1, Rows=4000),
    }


@kind("DICOM with lying NumberOfFrames", words=(*DAMAGED, "frames", "does not say its size", "too large"), bomb=True)
def lying_frames(folder: Path) -> dict[str, Content]:
    def frames(text: bytes) -> bytes:
        return inserted(element(0x0028_0008, b"IS", text + b" " * (len(text) % 2)))

    return {
        "frames-1e9.dcm": frames(b"1000000000"),
        "frames-30.dcm": frames(b"30"),
        "frames-words.dcm": frames(b"many"),
        "frames-1e400.dcm": frames(b"1e400"),
        "frames-digits.dcm": frames(b"9" * 6000),
    }


@kind("DICOM with lying SamplesPerPixel", words=(*DAMAGED, "samples", "interpretation"))
def lying_samples(folder: Path) -> dict[str, Content]:
    lies = {f"samples-{count}.dcm": film(SamplesPerPixel=count) for count in (0, 2, 3, 65_535)}
    return lies | {
        "rgb-without-samples.dcm": film(PhotometricInterpretation="RGB"),
        "photometric.dcm": film(PhotometricInterpretation=f"M {PLANTED}"),
    }


@kind("DICOM without pixels", words=DAMAGED)
def pixelless(folder: Path) -> dict[str, Content]:
    return {
        "no-pixels.dcm": film(PixelData=None),
        "empty-pixels.dcm": film(PixelData=b""),
        "one-byte.dcm": film(PixelData=b"\0\0"),
        "preamble.dcm": bytes(128) + b"DICM",
        "meta-alone.dcm": sound()[: sound().index(b"\x08\0\x16\0")],
        "pdf.dcm": film(PixelData=None, EncapsulatedDocument=b"%PDF" + PLANTED.encode() + b" "),
    }


@kind("DICOM with sequences 10,000 deep", outcome="either", words=DAMAGED, bomb=True)
def deep(folder: Path) -> dict[str, Content]:
    """Of defined length they are skipped as one element; of undefined length they must be followed."""
    start, item = element(0x0040_0275, b"SQ", b"", length=0xFFFFFFFF), struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    ends = struct.pack("<HHL", 0xFFFE, 0xE00D, 0) + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    nested = element(0x0010_0010, b"PN", PLANTED.encode() + b" ")
    for _ in range(10_000):
        nested = element(0x0040_0275, b"SQ", struct.pack("<HHL", 0xFFFE, 0xE000, len(nested)) + nested)
    return {
        "undefined.dcm": inserted((start + item) * 10_000 + ends * 10_000),
        "unended.dcm": inserted((start + item) * 10_000),
        "defined.dcm": inserted(nested),
    }


@kind("DICOM of undefined or impossible lengths", outcome="either", words=DAMAGED, bomb=True)
def lengths(folder: Path) -> dict[str, Content]:
    pixels = sound().index(struct.pack("<HH2s", 0x7FE0, 0x0010, b"OW"))
    head = sound()[:pixels]
    group = 12 + sound().index(struct.pack("<HH2sH", 2, 0, b"UL", 4)) - 4
    return {
        "native-undefined.dcm": head + element(0x7FE0_0010, b"OW", sound()[pixels + 12 :], length=0xFFFFFFFF),
        "pixels-4e9.dcm": head + element(0x7FE0_0010, b"OW", sound()[pixels + 12 :], length=0xFFFFFFFE),
        "private-4e9.dcm": inserted(element(0x0029_1010, b"OB", PLANTED.encode(), length=0xFFFFFFFE)),
        "un-undefined.dcm": inserted(element(0x0029_1010, b"UN", PLANTED.encode(), length=0xFFFFFFFF)),
        "text-past-the-end.dcm": inserted(element(0x0010_4000, b"LT", PLANTED.encode(), length=65_534)),
        "group-length-lies.dcm": sound()[:group] + struct.pack("<L", 2**31) + sound()[group + 4 :],
        "odd-pixels.dcm": head + element(0x7FE0_0010, b"OW", sound()[pixels + 12 :] + b"\0"),
    }


@kind("DICOM of a VR that is ambiguous, wrong or none", outcome="either", words=(*DAMAGED, "does not say its size"))
def vrs(folder: Path) -> dict[str, Content]:
    def changed(tag: int, vr: bytes) -> bytes:
        at = sound().index(struct.pack("<HH", tag >> 16, tag & 0xFFFF), 200) + 4
        return sound()[:at] + vr + sound()[at + 2 :]

    return {
        "unknown.dcm": changed(0x0010_0010, b"ZZ"),
        "question.dcm": changed(0x0010_0020, b"??"),
        "pixels-as-text.dcm": changed(0x7FE0_0010, b"LT"),
        "pixels-as-sequence.dcm": changed(0x7FE0_0010, b"SQ"),
        "rows-as-text.dcm": changed(0x0028_0010, b"LO"),
        "rows-as-float.dcm": changed(0x0028_0010, b"FL"),
        "name-as-pixels.dcm": changed(0x0010_0010, b"OB"),
        "implicit-called-explicit.dcm": stored(IMPLICIT).replace(b"1.2.840.10008.1.2\0", b"1.2.840.10008.1.2.1", 1),
    }


@kind("DICOM with ../ in its UIDs", outcome="read")
def uids(folder: Path) -> dict[str, Content]:
    """No file is named after a UID."""
    return {
        "sop.dcm": film(SOPInstanceUID="../../../../tmp/slipped", StudyInstanceUID="..\\..\\slipped"),
        "absolute.dcm": film(SOPInstanceUID="/tmp/slipped", SeriesInstanceUID="/etc/passwd"),
    }


@kind("DICOM of an unknown transfer syntax", words=(*DAMAGED, "encoded as"))
def syntaxes(folder: Path) -> dict[str, Content]:
    def of(syntax: str) -> bytes:
        return sound_without_pixels(syntax) + sound()[sound().index(struct.pack("<HH2s", 0x7FE0, 0x0010, b"OW")) :]

    return {
        "slip.dcm": of("../../../etc/passwd"),
        "unknown.dcm": of("1.2.3.4.5.6"),
        "video.dcm": of("1.2.840.10008.1.2.4.100"),
    }


@kind("DICOM of an unknown character set", outcome="read")
def charsets(folder: Path) -> dict[str, Content]:
    name = f"{PLANTED}^\xe9\xff".encode("latin-1") + b"\x1b$B\x1b(J\x80"
    at = sound().index(struct.pack("<HH2s", 0x0008, 0x0016, b"UI"))

    def of(charset: bytes) -> bytes:
        return sound()[:at] + element(0x0008_0005, b"CS", charset) + sound()[at:]

    return {
        "iso-ir-999.dcm": of(b"ISO_IR 999"),
        "path.dcm": of(b"../../passwd"),
        "many.dcm": of(b"ISO 2022 IR 87\\" * 60 + b"GB18030 "),
        "name.dcm": inserted(element(0x0010_1001, b"PN", name + b" " * (len(name) % 2))),
    }


@kind("DICOM full of planted names", outcome="read")
def names(folder: Path) -> dict[str, Content]:
    """Nothing of them reaches an output."""
    words = dict.fromkeys(("PatientComments", "SeriesDescription", "ProtocolName", "ImageComments"), PLANTED)
    return {
        "names.dcm": film(
            **words, ReferringPhysicianName=PLANTED, AccessionNumber=PLANTED, ViewPosition=PLANTED[:16].upper()
        ),
        "control.dcm": film(PatientName=f"{PLANTED}\x1b[2J^\r\nX", SeriesDescription="\x07" * 40),
    }


@kind("DICOM whose grey scale lies", outcome="either", words=DAMAGED)
def greys(folder: Path) -> dict[str, Content]:
    def text(tag: int, vr: bytes, value: bytes) -> bytes:
        return inserted(element(tag, vr, value + b" " * (len(value) % 2)))

    return {
        "slope-nan.dcm": text(0x0028_1053, b"DS", b"nan"),
        "two-intercepts.dcm": text(0x0028_1052, b"DS", b"0\\0"),
        "slope-words.dcm": text(0x0028_1053, b"DS", PLANTED.encode()),
        "window-zero.dcm": film(WindowCenter=0, WindowWidth=0),
        "window-huge.dcm": film(WindowCenter=1e308, WindowWidth=1e308, RescaleSlope=1e308, RescaleIntercept=-1e308),
        "bits-stored-0.dcm": film(BitsStored=0, HighBit=0),
        "bits-stored-99.dcm": film(BitsStored=99, HighBit=98),
        "high-bit-200.dcm": film(HighBit=200),
        "representation-7.dcm": film(PixelRepresentation=7),
        "palette-without-palette.dcm": film(PhotometricInterpretation="PALETTE COLOR"),
    }


@kind("DICOM of NaN or infinity", words="NaN or infinite")
def not_finite(folder: Path) -> dict[str, Content]:
    values = np.ones((40, 48), np.float32)
    values[2, 3] = np.inf
    made = dataset(PixelData=None, BitsAllocated=32)
    made.FloatPixelData = values.tobytes()
    return {"float.dcm": written(made)}


@kind("deflated DICOM bomb", words=("too large", "memory", *DAMAGED), bomb=True)
def deflated_bomb(folder: Path) -> dict[str, Content]:
    head = sound_without_pixels(DEFLATED)
    meta = head.index(b"\x08\0\x16\0")
    elements = head[meta:] + element(0x7FE0_0010, b"OW", b"", length=3_000_000_000)
    return {"deflated.dcm": head[:meta] + raw_zeros(1200, elements)}


@kind("DICOM of two hundred thousand elements", outcome="either", words=(*DAMAGED, "memory", "stopped"), bomb=True)
def many_elements(folder: Path) -> dict[str, Content]:
    return {"elements.dcm": inserted(b"".join(element(0x0029_0000 + at % 65_000, b"LO", b"") for at in range(200_000)))}


@kind("DICOM of several frames", words="frames")
def multiframe(folder: Path) -> dict[str, Content]:
    two = film(NumberOfFrames=2, PixelData=bytes(2 * 40 * 48))
    return {"two.dcm": two}
