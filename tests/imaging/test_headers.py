from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deepcovid.errors import ImageError
from deepcovid.imaging.headers import PAGES_AT_MOST, SCANS_AT_MOST, check_jpeg, check_tiff, check_webp

Save = Callable[..., Path]
X = Path("x")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}, {"comment": b"\xff\xda" * 60}])
def test_ordinary_jpeg_passes_and_its_size_is_the_one_that_pillow_finds(
    options: dict, grey: np.ndarray, save: Save
) -> None:
    data = save(grey, "film.jpg", **options).read_bytes()
    check_jpeg(data, path=X, max_pixels=grey.size)
    with pytest.raises(ImageError, match="41 × 30 is"):
        check_jpeg(data, path=X, max_pixels=grey.size - 1)


def test_scans_are_counted_behind_the_header(grey: np.ndarray, save: Save) -> None:
    data = save(grey, "film.jpg", progressive=True).read_bytes()
    scan = data[data.rindex(b"\xff\xda") : -2]
    check_jpeg(data[:-2] + scan * 20 + data[-2:], path=X, max_pixels=10**6)
    with pytest.raises(ImageError, match="scans, more than any film"):
        check_jpeg(data[:-2] + scan * SCANS_AT_MOST + data[-2:], path=X, max_pixels=10**6)


def test_a_jpeg_of_fewer_bits_than_blocks_is_too_short(save: Save) -> None:
    flat = save(np.full((2000, 3000), 77, np.uint8), "flat.jpg", quality=1, optimize=True).read_bytes()
    check_jpeg(flat, path=X, max_pixels=10**8)  # the shortest that there is of this size
    at = flat.index(b"\xff\xc0") + 5
    taller = flat[:at] + struct.pack(">HH", 9000, 9000) + flat[at + 4 :]
    with pytest.raises(ImageError, match="too short for its size"):
        check_jpeg(taller[: len(taller) // 2], path=X, max_pixels=10**8)


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"}])
def test_the_size_of_a_webp_is_the_one_that_pillow_finds(options: dict, grey: np.ndarray, save: Save) -> None:
    data = save(grey, "film.webp", **options).read_bytes()
    check_webp(data, path=X, max_pixels=grey.size)
    with pytest.raises(ImageError, match="41 × 30 is"):
        check_webp(data, path=X, max_pixels=grey.size - 1)
    with pytest.raises(ImageError, match="cut off"):
        check_webp(data[:-1], path=X, max_pixels=grey.size)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate", "packbits"])
@pytest.mark.parametrize("big", [False, True])
def test_a_tiff_is_compressed_or_not_in_either_layout(
    compression: str | None, big: bool, grey: np.ndarray, save: Save
) -> None:
    data = save(grey, "film.tif", compression=compression, big_tiff=big).read_bytes()
    assert check_tiff(data, path=X, max_pixels=grey.size) == (compression is not None)
    with pytest.raises(ImageError, match="41 × 30 is"):
        check_tiff(data, path=X, max_pixels=grey.size - 1)


def test_big_endian_short_numbers_stand_at_the_left(tmp_path: Path) -> None:
    entries = [(256, 3, 1, 41 << 16), (257, 3, 1, 30 << 16), (259, 3, 1, 5 << 16)]
    page = struct.pack(">H", len(entries)) + b"".join(struct.pack(">HHLL", *entry) for entry in entries) + bytes(4)
    data = b"MM\0*" + struct.pack(">L", 8) + page
    assert check_tiff(data, path=X, max_pixels=41 * 30)
    with pytest.raises(ImageError, match="41 × 30 is"):
        check_tiff(data, path=X, max_pixels=41 * 30 - 1)


def test_a_tiff_of_many_pages_and_one_in_a_circle(grey: np.ndarray, save: Save) -> None:
    pages = [Image.fromarray(grey)] * 3
    data = save(pages[0], "film.tif", save_all=True, append_images=pages[1:]).read_bytes()
    assert not check_tiff(data, path=X, max_pixels=grey.size)
    one = struct.pack("<HHHLLL", 1, 256, 4, 1, 41, 0)[:-4]
    chain = b"".join(one + struct.pack("<L", 8 + (at + 1) * 18) for at in range(PAGES_AT_MOST + 1))
    with pytest.raises(ImageError, match="more than 1,000 pages"):
        check_tiff(b"II*\0\x08\0\0\0" + chain, path=X, max_pixels=10**6)
    with pytest.raises(ImageError, match="circle"):
        check_tiff(b"II*\0\x08\0\0\0" + one + struct.pack("<L", 8), path=X, max_pixels=10**6)
