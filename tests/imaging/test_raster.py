from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps, TiffImagePlugin

from deepcovid.errors import ImageError
from deepcovid.imaging.luma import luma
from deepcovid.imaging.raster import ORIENTATIONS, turned
from deepcovid.imaging.readers import read_radiograph
from tests.imaging.test_png import chunk, png

Save = Callable[..., Path]
LOSSLESS = {"film.png": {}, "film.tif": {}, "film.tiff": {"compression": "tiff_lzw"}, "film.webp": {"lossless": True}}


@pytest.mark.parametrize("name", LOSSLESS)
def test_eight_bits_are_divided_by_255(name: str, grey: np.ndarray, save: Save):
    film = read_radiograph(save(grey, name, **LOSSLESS[name]))
    assert np.array_equal(film.pixels, grey.astype(np.float32) / np.float32(255))
    assert film.origin["bit_depth"] == 8
    assert film.origin["notes"] == []


@pytest.mark.parametrize("name", ["film.png", "film.tif"])
@pytest.mark.parametrize("highest", [200, 4095, 65535])
def test_sixteen_bits_are_divided_by_65535_whatever_their_content(name: str, highest: int, save: Save):
    stored = np.random.default_rng(1).integers(0, highest + 1, (31, 20), dtype=np.uint16)
    film = read_radiograph(save(stored, name))
    assert np.array_equal(film.pixels, (stored / 65535).astype(np.float32))
    assert film.origin["bit_depth"] == 16
    assert ["12-bit" in note for note in film.origin["notes"]] == ([True] if highest == 4095 else [])


def test_big_endian_tiff(save: Save):
    stored = np.random.default_rng(1).integers(0, 65536, (31, 20), dtype=np.uint16)
    picture = Image.frombytes("I;16B", (20, 31), stored.astype(">u2").tobytes())
    film = read_radiograph(save(picture, "film.tif"))
    assert np.array_equal(film.pixels, (stored / 65535).astype(np.float32))


def test_declared_twelve_bits_count_only_if_the_pixels_keep_to_them(tmp_path: Path):
    for highest, top in ((4095, 4095), (4096, 65535)):
        stored = np.array([[[0], [highest]]], np.uint16)
        (tmp_path / "film.png").write_bytes(png(stored, colour=0, extra=chunk(b"sBIT", b"\x0c")))
        film = read_radiograph(tmp_path / "film.png")
        assert film.pixels[0, 1] == np.float32(highest / top)
        assert bool(film.origin["notes"]) == (top == 4095)


def test_sixteen_bit_colour_keeps_its_lower_byte(tmp_path: Path):
    stored = np.random.default_rng(3).integers(0, 65536, (9, 8, 3), dtype=np.uint16)
    (tmp_path / "film.png").write_bytes(png(stored, colour=2))
    assert np.array_equal(read_radiograph(tmp_path / "film.png").pixels, luma(stored, top=65535))


def test_palette_and_one_bit(grey: np.ndarray, save: Save):
    palette = Image.fromarray(grey).convert("P")
    assert np.array_equal(read_radiograph(save(palette, "p.png")).pixels, (grey / 255).astype(np.float32))
    bits = Image.fromarray(grey > 99)
    for name in ("b.png", "b.tif"):
        film = read_radiograph(save(bits, name))
        assert np.array_equal(film.pixels, (grey > 99).astype(np.float32))
        assert film.origin["bit_depth"] == 1


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparent_parts_lie_on_black_and_are_told(mode: str, grey: np.ndarray, save: Save):
    picture = Image.fromarray(grey).convert(mode)
    picture.putalpha(Image.fromarray(np.where(grey > 128, 255, 51).astype(np.uint8)))
    film = read_radiograph(save(picture, "film.png"))
    assert film.pixels == pytest.approx(grey / 255 * np.where(grey > 128, 1, 0.2), abs=1e-6)
    assert film.origin["notes"] == ["transparent parts laid on black"]
    picture.putalpha(255)
    assert read_radiograph(save(picture, "film.png")).origin["notes"] == []


def test_jpeg_grey_rgb_and_cmyk_agree(save: Save):
    y, x = np.mgrid[:64, :48]
    film = (x * 3 + y).astype(np.uint8)
    for mode in ("L", "RGB", "CMYK"):
        found = read_radiograph(save(Image.fromarray(film).convert(mode), "film.jpg", quality=98))
        assert found.pixels == pytest.approx(film / 255, abs=0.02), mode


def test_colours_become_luma(save: Save):
    colour = np.random.default_rng(2).integers(0, 256, (12, 13, 3), dtype=np.uint8)
    for name in ("film.png", "film.tif", "film.webp"):
        found = read_radiograph(save(colour, name, **LOSSLESS[name]))
        assert np.array_equal(found.pixels, luma(colour, top=255)), name


@pytest.mark.parametrize("orientation", sorted(ORIENTATIONS))
@pytest.mark.parametrize("name", ["film.png", "film.jpg", "film.tif", "film.webp"])
def test_exif_orientation_is_applied_as_viewers_do(orientation: int, name: str, save: Save):
    y, x = np.mgrid[:32, :48]
    exif = Image.Exif()
    exif[274] = orientation
    stored = (x + 3 * y).astype(np.uint8)
    path = save(stored, name, exif=exif, lossless=name.endswith("webp"))
    with Image.open(save(stored, "golden.png", exif=exif)) as picture:
        upright = np.asarray(ImageOps.exif_transpose(picture))
    film = read_radiograph(path)
    assert film.pixels == pytest.approx(upright / 255, abs=2 / 255)
    assert (film.origin["rotated"], film.origin["mirrored"]) == ORIENTATIONS[orientation]


def test_turning_by_orientation_is_pillows(grey: np.ndarray):
    for orientation in ORIENTATIONS:
        exif = Image.Exif()
        exif[274] = orientation
        buffer = io.BytesIO()
        Image.fromarray(grey).save(buffer, "PNG", exif=exif)
        assert np.array_equal(turned(grey, orientation), np.asarray(ImageOps.exif_transpose(Image.open(buffer))))


def test_float_tiff_is_scaled_by_its_own_or_its_declared_range(save: Save):
    stored = np.array([[-3.0, 0.0], [2.0, 7.0]], np.float32)
    film = read_radiograph(save(stored, "film.tif"))
    assert film.pixels == pytest.approx((stored + 3) / 10)
    assert film.origin["notes"] == ["scaled by its lowest and highest value, -3 to 7"]
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in ((340, -10.0), (341, 10.0)):
        tags[tag] = value
        tags.tagtype[tag] = 11
    film = read_radiograph(save(stored, "film.tif", tiffinfo=tags))
    assert film.pixels == pytest.approx((stored + 10) / 20)
    assert film.origin["notes"] == ["scaled by the declared range, -10 to 10"]


def test_thirty_two_bit_integers_keep_their_order(save: Save):
    stored = np.array([[-70000, 0], [5, 70000]], np.int32)
    assert read_radiograph(save(stored, "film.tif")).pixels == pytest.approx((stored + 70000) / 140000)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_white_is_zero_tiff_is_inverted(kind: type, save: Save):
    seen = np.array([[0, 10], [100, 200]], kind)
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[262] = 0
    path = save(seen, "film.tif", tiffinfo=tags)
    with Image.open(path) as picture:
        assert picture.tag_v2[262] == 0
    film = read_radiograph(path)
    if kind is np.uint8:  # Pillow writes 8-bit samples inverted under this tag, and deeper ones as they are
        assert film.pixels == pytest.approx(seen / 255)
    else:
        assert film.pixels == pytest.approx(1 - seen / (200 if kind is np.float32 else 65535))
    assert film.origin["inverted"] is True


def test_nan_in_a_film_is_an_error(save: Save):
    path = save(np.array([[0.0, np.nan]], np.float32), "film.tif")
    with pytest.raises(ImageError, match=r"film\.tif: some pixels are NaN or infinite → replace"):
        read_radiograph(path)


@pytest.mark.parametrize("name", ["film.tif", "film.png", "film.webp"])
def test_several_pages_need_a_choice(name: str, grey: np.ndarray, save: Save):
    pages = [Image.fromarray(page) for page in (grey, 255 - grey)]
    options = LOSSLESS[name]
    path = save(pages[0], name, save_all=True, append_images=pages[1:], **options)
    with pytest.raises(ImageError, match=r"film\..*holds 2 pages.*→ .*frame=1"):
        read_radiograph(path)
    with pytest.raises(ImageError, match=r"no frame 3.*→ choose 1 to 2"):
        read_radiograph(path, frame=3)
    film = read_radiograph(path, frame=2)
    assert np.array_equal(film.pixels, ((255 - grey) / 255).astype(np.float32))
    assert film.origin["notes"] == ["page 2 of 2"]


def test_a_preview_page_is_not_counted(grey: np.ndarray, save: Save):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[254] = 1  # reduced-resolution version of another page
    preview = Image.fromarray(grey[::2, ::2])
    preview.encoderinfo = {"tiffinfo": tags}
    film = read_radiograph(save(Image.fromarray(grey), "film.tif", save_all=True, append_images=[preview]))
    assert film.shape == grey.shape
