from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.filereader import dcmread

from deepcovid.errors import ImageError
from deepcovid.imaging.codestream import check_codestream, size_of

X = Path("x")


@pytest.mark.parametrize("options", [{"format": "JPEG"}, {"format": "JPEG", "progressive": True}, {"format": "JPEG2000"},
                                     {"format": "JPEG2000", "no_jp2": True}])  # fmt: skip
def test_the_size_is_the_one_that_pillow_wrote(options: dict) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((30, 41), np.uint8)).save(buffer, **options)
    assert size_of(buffer.getvalue()) == (41, 30)


@pytest.mark.parametrize(
    "start", [b"", b"\xff\xd8", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ", bytes(90), b"\xff\xd8\xff\xe1\xff\xff"]
)
def test_other_bytes_have_no_size(start: bytes) -> None:
    assert size_of(start) is None


@pytest.mark.parametrize(
    "name", ["JPEG2000.dcm", "JPEG-lossy.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_RLE.dcm", "CT_small.dcm"]
)
def test_pydicoms_own_files_pass(name: str) -> None:
    path = get_testdata_file(name, download=False)
    if path is None:
        pytest.skip("this pydicom comes without the file")
    check_codestream(dcmread(path), index=0, path=X)


@pytest.mark.parametrize("name", ["JPEG2000.dcm", "MR_small_jpeg_ls_lossless.dcm"])
def test_more_than_rows_and_columns_is_refused_and_less_is_left_to_the_decoder(name: str) -> None:
    path = get_testdata_file(name, download=False)
    if path is None:
        pytest.skip("this pydicom comes without the file")
    dataset = dcmread(path)
    dataset.Rows -= 1
    with pytest.raises(ImageError, match=r"by their own header, and .* by the file's → export"):
        check_codestream(dataset, index=0, path=X)
    dataset.Rows += 2
    check_codestream(dataset, index=0, path=X)
