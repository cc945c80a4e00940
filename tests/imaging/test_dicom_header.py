"""Tests of headers that are read without pixels."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from deepcovid.errors import ImageError
from deepcovid.imaging.dicom_header import header_text, read_header
from tests.datasets.sources.dicom_making import draw_dicom


def test_nothing_but_what_was_asked_for_is_there(tmp_path: Path) -> None:
    draw_dicom(tmp_path / "a.dcm", PatientID="7", PatientAge="51", WindowCenter=["40", "50"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        header = read_header(tmp_path / "a.dcm", keywords=["PatientAge", "WindowCenter", "ViewPosition"])
        assert header_text(header, "PatientAge") == "51"
    assert header_text(header, "WindowCenter") == "40"
    assert header_text(header, "ViewPosition") == header_text(header, "PatientID") == ""
    assert "Planted" not in str(header)
    assert "PixelData" not in header


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_RLE.dcm", "image_dfl.dcm", "JPEG2000.dcm"])
def test_headers_of_every_encoding_are_read(name: str) -> None:
    path = Path(str(get_testdata_file(name)))
    from pydicom import dcmread

    assert header_text(read_header(path, keywords=["Modality"]), "Modality") == dcmread(path).Modality


@pytest.mark.parametrize(
    "content", [b"", b"Planted^Name", bytes(200), bytes(128) + b"DICM", bytes(128) + b"DICM" + b"\xff" * 64]
)
def test_what_is_no_dicom_is_refused_by_its_path_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(content)
    with pytest.raises(ImageError) as caught:
        read_header(path, keywords=["PatientID"])
    assert str(caught.value) == f"{path}: this is not readable as DICOM → copy the file again"


def test_a_file_without_preamble_and_meta_header_is_read(tmp_path: Path) -> None:
    draw_dicom(tmp_path / "a.dcm", PatientID="7", ViewPosition="PA")
    whole = (tmp_path / "a.dcm").read_bytes()
    (tmp_path / "b.dcm").write_bytes(whole[144 + int.from_bytes(whole[140:144], "little") :])
    header = read_header(tmp_path / "b.dcm", keywords=["ViewPosition"])
    assert header_text(header, "ViewPosition") == "PA"


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="this is not readable as DICOM"):
        read_header(tmp_path / "a.dcm", keywords=["PatientID"])
