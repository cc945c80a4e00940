from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deepcovid.errors import ImageError
from deepcovid.imaging.dicom_survey import survey
from deepcovid.imaging.guards import quiet
from tests.imaging.test_dicom import OWN

Write = Callable[..., Path]
WANTED = ("Rows", "PatientID", "Modality")


def test_only_what_was_asked_for_and_no_pixels(dicom: Write):
    found = survey(dicom(np.zeros((8, 9), np.uint16)), keywords=WANTED)
    assert found is not None
    assert (found.dataset.Rows, found.dataset.PatientID) == (8, "MRN-4711")
    assert "PatientName" not in found.dataset
    assert "PixelData" not in found.dataset
    assert (found.has_pixels, found.is_index, found.syntax) == (True, False, "Explicit VR Little Endian")


@pytest.mark.parametrize(
    ("name", "has_pixels", "is_index", "syntax"),
    [
        ("test-SR.dcm", False, False, "Explicit VR Little Endian"),
        ("dicomdirtests/DICOMDIR", False, True, "Explicit VR Little Endian"),
        ("image_dfl.dcm", True, False, "Deflated Explicit VR Little Endian"),
        ("MR_small_RLE.dcm", True, False, "RLE Lossless"),
        ("MR_small_bigendian.dcm", True, False, "Explicit VR Big Endian"),
        ("rtstruct.dcm", False, False, "not said"),
    ],
)
def test_kinds(name: str, has_pixels: bool, is_index: bool, syntax: str):
    found = survey(OWN / name, keywords=WANTED)
    assert found is not None
    assert (found.has_pixels, found.is_index, found.syntax) == (has_pixels, is_index, syntax)


def test_members_of_an_archive(dicom: Write, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.write(dicom(np.zeros((8, 9), np.uint16)), "x/y")
        packed.writestr("z", "no DICOM")
    found = survey(tmp_path / "a.zip" / "x" / "y", keywords=WANTED)
    assert found is not None
    assert found.dataset.Rows == 8
    assert survey(tmp_path / "a.zip" / "z", keywords=WANTED) is None


def test_the_film_behind_the_header_is_not_read(dicom: Write):
    path = dicom(np.zeros((8, 9), np.uint16))
    with path.open("r+b") as stream:
        stream.truncate(10**10)  # sparse
    found = survey(path, keywords=WANTED)
    assert found is not None
    assert found.has_pixels


def test_gone_and_damaged(tmp_path: Path, dicom: Write):
    with pytest.raises(ImageError, match="cannot be read"):
        survey(tmp_path / "gone", keywords=WANTED)
    whole = dicom(np.zeros((8, 8), np.uint16)).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(200):
        broken = bytearray(whole[: rng.integers(140, len(whole))])
        for place in rng.integers(128, len(broken), 4):
            broken[place] = rng.integers(256)
        (tmp_path / "x").write_bytes(bytes(broken))
        try:
            with quiet():
                told = ""
                survey(tmp_path / "x", keywords=WANTED)
        except ImageError as error:  # any other type would fail the test
            told = str(error)
        assert not any(secret in told for secret in ("Doe", "Jane", "MRN-4711"))
