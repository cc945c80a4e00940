"""The one way in: any PNG, JPEG, WebP, TIFF or DICOM file as a radiograph, or an error that names file and mend."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from deepcovid.errors import ImageError
from deepcovid.imaging.archive import archive_of, member_bytes
from deepcovid.imaging.finding import FILM_SUFFIXES, find_films, is_film_name
from deepcovid.imaging.guards import quiet
from deepcovid.imaging.headers import check_tiff
from deepcovid.imaging.isolation import decode_isolated
from deepcovid.imaging.radiograph import Radiograph
from deepcovid.storage import sha256_bytes, sha256_file

__all__ = [
    "FILM_SUFFIXES",
    "MAX_PIXELS",
    "film_hash",
    "find_films",
    "is_film_name",
    "read_film",
    "read_mask",
    "read_radiograph",
]

MAX_PIXELS = 100_000_000
# A file has at most 8 bytes a pixel (four 16-bit channels) and some room for what else it carries.
BYTES_A_PIXEL, BYTES_BESIDE = 8, 64 * 2**20
FIVE = "PNG, JPEG, WebP, TIFF or DICOM"
# What is scored or trained on: no chest film is smaller, or longer than five times its width.
SHORTEST_SIDE, LONGEST_TO_SHORTEST = 16, 5
# A mask with so few values is a drawing or a map of labels, one with more is blurred by lossy compression.
LABELS_AT_MOST = 16

# First bytes of what people take for a film, to say what it is instead.
OTHERS = {
    b"GIF8": "a GIF image",
    b"BM": "a BMP image",
    b"%PDF": "a PDF document",
    b"%!PS": "PostScript",
    b"\xc5\xd0\xd3\xc6": "PostScript",
    b"\x00\x00\x00\x0cjP": "a JPEG 2000 image",
    b"\xff\x4f\xff\x51": "a JPEG 2000 image",
    b"\x1f\x8b": "a gzip archive",
    b"PK\x03\x04": "a ZIP archive",
    b"<svg": "an SVG drawing",
    b"<?xml": "an XML document",
    b"<!DOCTYPE html": "a web page",
    b"<html": "a web page",
    b"\x89HDF": "an HDF5 file",
    b"version https://git-lfs": "a Git LFS pointer, not the file itself",
}


def read_radiograph(path: Path | str, *, max_pixels: int = MAX_PIXELS, frame: int | None = None) -> Radiograph:
    """The film in a file; what kind of file it is shows from its bytes, not from its name.

    The bytes are read once: the hash in `origin["sha256"]` is of exactly what was decoded. 8 and 16-bit samples are
    divided by 255 and 65535, colours become ITU-R BT.601 luma, transparent parts lie on black, EXIF orientation is
    applied; for DICOM see `deepcovid.imaging.dicom`.

    Args:
        path: the file.
        max_pixels: an image whose header promises more is refused before it is decoded.
        frame: which frame of a multi-frame DICOM or page of a TIFF, counted from 1 as in DICOM; several frames
            without a choice are refused.

    Returns:
        A Radiograph, float32 (H, W) in [0, 1], bone bright.

    Raises:
        ImageError: missing, empty, cut off, damaged, too large, of several frames, or of another kind.
    """
    path = Path(path)
    data = _bytes_of(path, max_pixels)
    kind = kind_of(data)
    if kind is None:
        raise ImageError(f"this is {_described(data)}, not a film", path=path, mend=_mend(data))
    if _needs_child(data, kind, path, max_pixels):
        pixels, facts = decode_isolated(data, kind=kind, path=path, max_pixels=max_pixels, frame=frame)
    else:
        pixels, facts = decode(data, kind=kind, path=path, max_pixels=max_pixels, frame=frame)
    if pixels.size == 1:
        raise ImageError("this image is one pixel", path=path, mend="name a film")
    return Radiograph(pixels, {"path": str(path), **facts, "sha256": sha256_bytes(data)})


def read_film(path: Path | str, *, frame: int | None = None) -> Radiograph:
    """As `read_radiograph`, for a film that is to be scored or trained on: a strip or a speck is refused.

    Raises:
        ImageError: as for `read_radiograph`; or a side has under 16 pixels, or one has over five times the other's.
    """
    film = read_radiograph(path, frame=frame)
    height, width = film.shape
    if min(film.shape) < SHORTEST_SIDE or max(film.shape) > LONGEST_TO_SHORTEST * min(film.shape):
        raise ImageError(
            f"the image is {width} × {height} pixels: no chest film is so small or so narrow",
            path=path,
            mend="name a whole film",
        )
    return film


def read_mask(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """A drawn mask: bool (H, W), true inside.

    In a file of up to 16 grey levels (0 and 1, 0 and 255, or labels) everything above zero is inside; in one with
    more, such as a JPEG, everything above half of its highest value.

    Raises:
        ImageError: as for `read_radiograph`.
    """
    pixels = read_radiograph(path, max_pixels=max_pixels).pixels
    if np.unique(pixels).size <= LABELS_AT_MOST:
        return pixels > 0
    return pixels > 0.5 * pixels.max()


def kind_of(data: bytes) -> str | None:
    """The format that the first bytes show: "PNG", "JPEG", "WEBP", "TIFF", "DICOM", or None.

    A DICOM preamble may hold a TIFF header (PS3.10, section 7.1), so the DICOM prefix is looked for first.
    """
    if data[128:132] == b"DICM":
        return "DICOM"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        return "TIFF"
    # Without preamble: the first element is of group 0002 or 0008, in either byte order.
    if data[:4] in _FIRST_ELEMENTS or (data[:2] == b"\x08\x00" and data[3:4] == b"\x00"):
        return "DICOM"
    return None


_FIRST_ELEMENTS = {b"\x02\x00\x00\x00", b"\x02\x00\x01\x00", b"\x02\x00\x02\x00", b"\x02\x00\x10\x00"}
_FIRST_ELEMENTS |= {b"\x00\x08\x00" + bytes([element]) for element in (0, 1, 5, 6, 8, 0x12, 0x16, 0x18)}


def is_film_file(path: Path | str) -> bool:
    """Whether a file starts like a format that is read; nothing is decoded, and a file that cannot be opened is none."""
    try:
        with Path(path).open("rb") as stream:
            return kind_of(stream.read(132)) is not None
    except OSError:
        return False


def film_hash(path: Path | str) -> str:
    """The SHA-256 of a film's file, as in `Radiograph.origin`; of what is no ordinary file, or too large, nothing is read.

    Raises:
        ImageError: as for `read_radiograph`, as far as it shows without decoding.
    """
    path = Path(path)
    with _readable(path):
        _check_place(path, MAX_PIXELS)
        return sha256_file(path)


def _bytes_of(path: Path, max_pixels: int) -> bytes:
    with _readable(path):
        if not path.exists() and archive_of(path) is not None:
            return member_bytes(path, limit=BYTES_A_PIXEL * max_pixels + BYTES_BESIDE)
        _check_place(path, max_pixels)
        data = path.read_bytes()
    if not data:
        raise ImageError("the file is empty", path=path, mend="copy or export it again")
    return data


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ImageError(
            f"the file cannot be read ({reason})", path=path, mend="check its permissions and disk"
        ) from error


def _check_place(path: Path, max_pixels: int) -> None:
    if path.is_dir():
        raise ImageError("this is a folder", path=path, mend="name a file in it; find_films lists them")
    if not path.exists():
        gone = "this link leads nowhere" if path.is_symlink() else "there is no such file"
        raise ImageError(gone, path=path, mend="check the path")
    if not path.is_file():
        raise ImageError("this is no ordinary file", path=path, mend=f"name a file: {FIVE}")
    size = path.stat().st_size
    if size > BYTES_A_PIXEL * max_pixels + BYTES_BESIDE:
        raise ImageError(
            f"this file is too large for one film: {size / 1e6:,.0f} MB",
            path=path,
            mend="export one film a file, or raise max_pixels if you trust it",
        )


def decode(
    data: bytes, *, kind: str, path: Path, max_pixels: int, frame: int | None
) -> tuple[np.ndarray, dict[str, Any]]:
    """The film in these bytes, decoded in this process: float32 (H, W) in [0, 1], and the facts for its origin.

    Raises:
        ImageError: as for `read_radiograph`.
    """
    with quiet():
        if kind == "DICOM":
            from deepcovid.imaging.dicom import decode_dicom

            return decode_dicom(data, path=path, max_pixels=max_pixels, frame=frame)
        from deepcovid.imaging.raster import decode_raster

        return decode_raster(data, kind=kind, path=path, max_pixels=max_pixels, frame=frame)


def _needs_child(data: bytes, kind: str, path: Path, max_pixels: int) -> bool:
    """Whether a decoder works on it that can hang, crash or eat memory: those of DICOM, libwebp and libtiff."""
    if not sys.executable or getattr(sys, "frozen", False):  # inside another program, which would start itself
        return False
    if kind == "TIFF":
        return check_tiff(data, path=path, max_pixels=max_pixels)
    return kind in ("DICOM", "WEBP")


def _mend(data: bytes) -> str:
    if data.startswith(b"PK\x03\x04"):
        return "name a film in it, as in study.zip/film.dcm, or give the archive to `predict` or `data import-dicom`"
    return f"save the film as {FIVE}"


def _described(data: bytes) -> str:
    start = data[:256].lstrip()
    return next((name for sign, name in OTHERS.items() if start.startswith(sign)), "no image of a known kind")
