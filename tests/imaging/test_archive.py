from __future__ import annotations

import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from deepcovid.errors import ImageError
from deepcovid.imaging.archive import archive_of, is_archive, member_bytes, members
from deepcovid.imaging.readers import find_films, read_radiograph
from tests.imaging.test_readers import refused

Write = Callable[..., Path]


@pytest.fixture
def study(dicom: Write, tmp_path: Path) -> Path:
    """A zip with two films, one of them without a suffix, an index, a note and Apple's shadow files."""
    film = dicom(np.arange(4096, dtype=np.uint16).reshape(64, 64))
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(film, "ST1/film.dcm")
        packed.write(film, "ST1/6154")
        packed.writestr("README", "for the ward")
        packed.writestr("DICOMDIR", b"x")
        packed.writestr("__MACOSX/._film.dcm", b"x")
    return path


def test_a_zip_of_a_study_is_read_as_a_folder(study: Path, tmp_path: Path):
    films = find_films(study)
    assert [film.relative_to(study).as_posix() for film in films] == ["ST1/6154", "ST1/film.dcm"]
    plain = read_radiograph(tmp_path / "film.dcm")
    for film in films:
        read = read_radiograph(film)
        assert np.array_equal(read.pixels, plain.pixels)
        assert read.origin["sha256"] == plain.origin["sha256"]
        assert read.origin["path"] == str(film)


def test_nothing_is_unpacked(study: Path, tmp_path: Path):
    before = sorted(tmp_path.rglob("*"))
    read_radiograph(find_films(study)[0])
    assert sorted(tmp_path.rglob("*")) == before


def test_the_archive_itself_is_no_film(study: Path):
    assert "study.zip/film.dcm" in refused(study).mend
    assert "no such member" in refused(study / "gone.dcm").problem


@pytest.mark.parametrize("name", ["../evil.dcm", "/etc/evil.dcm", "a/../../evil.dcm", "C:\\evil.dcm", "..\\evil.dcm"])
def test_a_slip_is_refused_whole(name: str, tmp_path: Path):
    path = tmp_path / "slip.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("good.dcm", b"x")
        packed.writestr(name, b"x")
    with pytest.raises(ImageError, match="1 members of this ZIP archive have names that lead out"):
        find_films(path)


def test_a_bomb_is_unpacked_to_its_limit_alone(tmp_path: Path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("film.dcm", bytes(30_000_000))
    with pytest.raises(ImageError, match="unpacks to more than 1 MB"):
        member_bytes(path / "film.dcm", limit=1_000_000)
    assert path.stat().st_size < 100_000


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_zipfile_unpacks_without_a_bound_are_refused(method: int, tmp_path: Path):
    """A kilobyte of bzip2 became 3 GB in memory, when its first 132 bytes were asked for."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", method) as packed:
        packed.writestr("film", bytes(1_000_000))
    with pytest.raises(ImageError, match="packed by a method that is not read"):
        member_bytes(path / "film", limit=2_000_000)
    with pytest.raises(ImageError, match="packed by a method that is not read"):
        find_films(path)  # which looks at its first bytes


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_half_an_archive(share: float, study: Path):
    study.write_bytes(study.read_bytes()[: int(share * study.stat().st_size)])
    with pytest.raises(ImageError, match="damaged"):
        find_films(study)


def test_altered_members_are_noticed(study: Path):
    film = find_films(study)[0]
    data = bytearray(study.read_bytes())
    data[data.index(b"ST1/6154") + 60] ^= 0xFF
    study.write_bytes(bytes(data))
    with pytest.raises(ImageError, match=r"damaged|no such member"):
        read_radiograph(film)


def test_an_archive_without_films(tmp_path: Path):
    path = tmp_path / "empty.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("notes.txt", "none")
    with pytest.raises(ImageError, match="holds no film"):
        find_films(path)
    assert is_archive(path)
    assert not is_archive(tmp_path)
    assert archive_of(path) is None
    assert members(path) == [path / "notes.txt"]


def test_members_that_were_found_can_be_named(study: Path):
    films = find_films(study)
    assert find_films(films) == films


@pytest.mark.parametrize("wide", [False, True])
def test_an_endless_index_is_refused_before_it_is_read(wide: bool, study: Path):
    data = bytearray(study.read_bytes())
    at = data.rindex(b"PK\x05\x06")
    size = (10**9).to_bytes(8, "little")
    if wide:
        data[at + 12 : at + 16] = b"\xff" * 4
        data[at:at] = b"PK\x06\x06" + bytes(36) + size + bytes(8)
    else:
        data[at + 12 : at + 16] = size[:4]
    study.write_bytes(bytes(data))
    with pytest.raises(ImageError, match="too long to be one"):
        find_films(study)


def test_threads_read_one_archive_together(study: Path):
    films = find_films(study) * 20
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda film: member_bytes(film, limit=10**6), films))) == 1
