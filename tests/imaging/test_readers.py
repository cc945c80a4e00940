from __future__ import annotations

import hashlib
import io
import os
import struct
import threading
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from deepcovid.errors import ImageError
from deepcovid.imaging.png import SIGNATURE
from deepcovid.imaging.readers import film_hash, find_films, is_film_file, read_film, read_mask, read_radiograph
from tests.imaging.test_png import chunk

Save = Callable[..., Path]
FILMS = Path(__file__).resolve().parents[2] / "../shared/data"


def refused(path: Path, **options: int) -> ImageError:
    """The error that reading `path` ends with; it names the file and a mend, and warns of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError) as caught:
            read_radiograph(path, **options)
    assert str(path) in str(caught.value)
    assert caught.value.path == path
    assert len(caught.value.mend) > 8
    return caught.value


def test_the_hash_is_of_the_bytes_and_the_origin_is_plain(grey: np.ndarray, save: Save):
    path = save(grey, "film.png")
    film = read_radiograph(str(path))
    assert film.origin["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    keys = {"path", "format", "mode", "bit_depth", "inverted", "voi", "rotated", "mirrored", "notes", "sha256"}
    assert set(film.origin) == keys
    assert film.origin["path"] == str(path)


def test_the_content_decides_not_the_name(grey: np.ndarray, save: Save):
    path = save(grey, "film.png").rename(save(grey, "x.png").with_name("film.dcm"))
    assert read_radiograph(path).origin["format"] == "PNG"


def test_missing_folder_and_empty(tmp_path: Path):
    assert "no such file" in refused(tmp_path / "gone.png").problem
    assert "folder" in refused(tmp_path).problem
    (tmp_path / "empty.png").touch()
    assert "empty" in refused(tmp_path / "empty.png").problem


def test_a_pipe_does_not_hang(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.png")
    assert "no ordinary file" in refused(tmp_path / "pipe.png").problem


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "film.png").write_bytes(b"x")

    def denied(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", denied)
    assert "Permission denied" in refused(tmp_path / "film.png").problem


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"GIF89a" + bytes(40), "GIF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
        (b"  <svg xmlns='x'/>", "SVG"),
        (b"%PDF-1.7", "PDF"),
        (b"BM" + bytes(60), "BMP"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"patient,label\n", "no image of a known kind"),
        (bytes(400), "no image of a known kind"),
    ],
)
def test_other_files_are_named_and_the_five_formats_offered(tmp_path: Path, start: bytes, what: str):
    (tmp_path / "film.png").write_bytes(start)
    error = refused(tmp_path / "film.png")
    assert what in error.problem
    assert "PNG, JPEG, WebP, TIFF or DICOM" in error.mend


OPTIONS = {
    "film.png": {},
    "film.jpg": {},
    "film.webp": {},
    "raw.tif": {},
    "lzw.tif": {"compression": "tiff_lzw"},
    "zip.tif": {"compression": "tiff_deflate"},
}


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_half_a_file_is_no_film(name: str, share: float, grey: np.ndarray, save: Save, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)  # as careless packages do
    path = save(grey, name, **OPTIONS[name])
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    refused(path)


def test_a_header_alone_decides_on_size(tmp_path: Path):
    """Headers of gigantic images without any pixels: the size is refused, so nothing was decoded."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 16, 2, 0, 0, 0)
    (tmp_path / "bomb.png").write_bytes(
        SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )
    error = refused(tmp_path / "bomb.png")
    assert "too large" in error.problem
    assert "smaller" in error.mend


def test_between_our_limit_and_pillows(tmp_path: Path):
    header = struct.pack(">IIBBBBB", 12_000, 10_000, 8, 0, 0, 0, 0)
    (tmp_path / "large.png").write_bytes(
        SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )
    assert "12000 × 10000 is 120.0 million pixels, at most 100.0" in refused(tmp_path / "large.png").problem


@pytest.mark.parametrize("name", OPTIONS)
def test_max_pixels_is_the_callers(name: str, grey: np.ndarray, save: Save):
    path = save(grey, name, **OPTIONS[name])
    assert "too large" in refused(path, max_pixels=grey.size - 1).problem
    assert read_radiograph(path, max_pixels=grey.size).shape == grey.shape


def test_a_huge_file_is_not_even_read(tmp_path: Path):
    with (tmp_path / "huge.png").open("wb") as stream:
        stream.truncate(10**10)  # sparse
    assert "10,000 MB" in refused(tmp_path / "huge.png").problem


def test_damaged_bytes_end_in_a_film_or_an_image_error(grey: np.ndarray, save: Save):
    rng = np.random.default_rng(0)
    for name, options in OPTIONS.items():
        path = save(grey, name, **options)
        whole = path.read_bytes()
        for _ in range(25):
            broken = bytearray(whole)
            for place in rng.integers(0, min(len(broken), 400), 3):
                broken[place] = rng.integers(256)
            path.write_bytes(bytes(broken))
            try:
                said = str(read_radiograph(path).origin)
            except ImageError as error:
                said = str(error)
            assert str(path) in said


def test_threads_read_together(grey: np.ndarray, save: Save):
    path = save(grey, "film.png")
    filters = list(warnings.filters)
    found: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: found.append(read_radiograph(path).pixels)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert warnings.filters == filters


def test_masks_of_few_values_and_blurred_ones(save: Save):
    y, x = np.mgrid[:40, :40]
    inside = (x - 20) ** 2 + (y - 20) ** 2 < 150
    for values in (inside.astype(np.uint8), inside * np.uint8(255), inside * (1 + (x > 20)).astype(np.uint8)):
        assert np.array_equal(read_mask(save(values, "mask.png")), inside)
    assert np.array_equal(read_mask(save(Image.fromarray(inside), "mask.png")), inside)
    blurred = read_mask(save(inside * np.uint8(255), "mask.jpg", quality=60))
    assert blurred.dtype == bool
    assert (blurred != inside).mean() < 0.02


def test_an_empty_mask_is_empty(save: Save):
    assert not read_mask(save(np.zeros((4, 4), np.uint8), "mask.png")).any()


def test_altered_pixels_are_noticed_by_their_checksum(tmp_path: Path):
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[45] ^= 0xFF  # in the pixel data; Pillow alone reads on
    (tmp_path / "film.png").write_bytes(bytes(data))
    assert "checksum" in refused(tmp_path / "film.png").problem


@pytest.mark.films
@pytest.mark.skipif(not FILMS.is_dir(), reason="the real films under ../shared are absent")
def test_real_films_are_read():
    films = find_films(FILMS / "cxr-512" / "images")[::40] + find_films(FILMS / "covid-chestxray-2a99173")[::15]
    for path in films:
        film = read_radiograph(path)
        assert min(film.shape) > 100
        assert np.ptp(film.pixels) > 0.3, path


def test_the_hash_of_a_file_is_that_of_its_film_and_of_no_film_none(grey: np.ndarray, save: Save, tmp_path: Path):
    path = save(grey, "film.png")
    assert film_hash(path) == read_radiograph(path).origin["sha256"]
    with (tmp_path / "huge.png").open("wb") as stream:
        stream.truncate(10**10)  # sparse; reading it all would take half a minute
    for name, words in (("huge.png", "too large"), ("gone.png", "no such file")):
        with pytest.raises(ImageError, match=words):
            film_hash(tmp_path / name)


@pytest.mark.parametrize("shape", [(15, 40), (40, 15), (20, 101), (101, 20)])
def test_a_strip_or_a_speck_is_read_but_is_no_film_to_score(shape: tuple[int, int], save: Save):
    path = save(np.zeros(shape, np.uint8), "film.png")
    assert read_radiograph(path).shape == shape
    with pytest.raises(ImageError, match=r"no chest film is so small or so narrow → name a whole film"):
        read_film(path)
    assert read_film(save(np.zeros((16, 80), np.uint8), "film.png")).shape == (16, 80)


@pytest.mark.parametrize(
    ("data", "film"), [(b"\xff\xd8\xff\xe0", True), (bytes(128) + b"DICM", True), (b"", False), (b"<html>", False)]
)
def test_a_film_is_told_by_its_first_bytes(tmp_path: Path, data: bytes, film: bool) -> None:
    path = tmp_path / "film.jpg"
    path.write_bytes(data)
    assert is_film_file(path) is film
    assert not is_film_file(tmp_path / "none.jpg")
