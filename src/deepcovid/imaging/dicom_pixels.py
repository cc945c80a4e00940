"""Stored values of one frame, through pydicom's decoders, and which transfer syntaxes they read here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepcovid.errors import ImageError
from deepcovid.imaging.codestream import check_codestream
from deepcovid.imaging.guards import DECODER_FAILURES

UNCOMPRESSED = "export the film again uncompressed (Explicit VR Little Endian), or as PNG"
# Where pydicom lacks a decoder, the package of ours or another that brings one (pydicom's guide to compressed data).
INSTALL = {
    "JPEG": "pip install pylibjpeg pylibjpeg-libjpeg",
    "JPEG 2000": "pip install pylibjpeg pylibjpeg-openjpeg",
    "High-Throughput": "pip install pylibjpeg pylibjpeg-openjpeg",
}


@dataclass(frozen=True)
class Syntax:
    """A transfer syntax, and whether its pixels can be decoded here.

    Attributes:
        uid: its UID.
        name: as PS3.6 calls it.
        decoders: the plug-ins at hand, in the order in which they are tried; "pydicom" decodes by itself.
        install: the line that brings a decoder; empty where there is one, or where pydicom knows none (video).
    """

    uid: str
    name: str
    decoders: tuple[str, ...]
    install: str = ""


def syntaxes() -> list[Syntax]:
    """Every transfer syntax of the Standard that pydicom knows, as its plug-ins on this machine decode it."""
    from pydicom.uid import AllTransferSyntaxes

    return [_syntax(uid) for uid in AllTransferSyntaxes]


def _syntax(uid: Any) -> Syntax:
    from pydicom.pixels import get_decoder

    try:
        decoder = get_decoder(uid)
    except NotImplementedError:
        return Syntax(str(uid), str(uid.name), ())
    if not decoder.is_available:
        line = next((INSTALL[key] for key in reversed(INSTALL) if str(uid.name).startswith(key)), "")
        return Syntax(str(uid), str(uid.name), (), line)
    plugins = _plugin(uid) or ", ".join(decoder.available_plugins) or "pydicom"
    return Syntax(str(uid), str(uid.name), tuple(plugins.split(", ")))


def stored_values(dataset: Any, index: int, *, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """The stored values of a frame: (H, W), or (H, W, 3) with YBR turned into RGB; and notes.

    What pydicom's `pixel_array` gives. Only where High Bit (0028,0102) says that the values do not lie in the lowest
    bits of their cells (PS3.5, 8.1.1, before 2014) they are shifted down, which pydicom does not do.

    Raises:
        ImageError: the pixels are cut off, damaged or of a kind that no plug-in decodes.
    """
    from pydicom.pixels import pixel_array

    shift = _shift(dataset)
    options = {} if shift == 0 else {"correct_unused_bits": False}
    plugin = _plugin(dataset.file_meta.TransferSyntaxUID)
    try:
        check_codestream(dataset, index=index, path=path)
        values = np.asarray(pixel_array(dataset, index=index, decoding_plugin=plugin, **options))
    except DECODER_FAILURES as error:
        short = "less than expected" in str(error)
    else:
        if shift == 0 or values.dtype.kind not in "iu":
            return values, ()
        note = f"the values stand {shift} bits higher in their cells (High Bit), and were shifted down"
        return _shifted(values, shift, int(dataset.BitsStored)), (note,)
    raise _refusal(dataset, short, path)


def _refusal(dataset: Any, short: bool, path: Path) -> ImageError:
    if short:
        return ImageError("this DICOM file is cut off: its pixels end early", path=path, mend="copy the file again")
    uid = dataset.file_meta.TransferSyntaxUID
    known = uid.is_valid and uid.is_transfer_syntax
    syntax = _syntax(uid) if known else None
    name = syntax.name if syntax else "an unknown transfer syntax"
    if syntax and not syntax.decoders:
        mend = f"{syntax.install}, or {UNCOMPRESSED}" if syntax.install else UNCOMPRESSED
        return ImageError(f"its pixels are encoded as {name}, for which there is no decoder here", path=path, mend=mend)
    return ImageError(
        f"its pixels cannot be decoded ({name}): they are cut off, damaged, or of a kind that is not read",
        path=path,
        mend=f"copy the file again, or {UNCOMPRESSED}",
    )


def _plugin(uid: Any) -> str:
    """pydicom's own decoder for RLE: that of pylibjpeg-rle panics on damaged data, past `except Exception`."""
    from pydicom.uid import RLELossless

    return "pydicom" if uid == RLELossless else ""


def _shift(dataset: Any) -> int:
    """By how many bits native or RLE values stand above the lowest of their cell."""
    from pydicom.uid import RLELossless

    uid = dataset.file_meta.TransferSyntaxUID
    if "HighBit" not in dataset or "PixelData" not in dataset or not (uid.is_valid and uid.is_transfer_syntax):
        return 0
    if uid.is_encapsulated and uid != RLELossless:
        return 0  # the codec counts the bits itself
    allocated, stored, high = (int(dataset.get(k) or 0) for k in ("BitsAllocated", "BitsStored", "HighBit"))
    return high + 1 - stored if 0 < stored <= high < allocated else 0


def _shifted(values: np.ndarray, shift: int, bits: int) -> np.ndarray:
    """The `bits` bits of each value above the lowest `shift`, with the sign that the type has."""
    above = values.dtype.itemsize * 8 - bits - shift
    # the shift to the right repeats the sign of signed types
    return np.right_shift(np.left_shift(values, above), above + shift).astype(values.dtype)
