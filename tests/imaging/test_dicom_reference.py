"""Every file that pydicom ships for its own tests: our pixels are pydicom's, through its own LUT functions, scaled.

An independent statement of the mapping to [0, 1], with nothing of `deepcovid.imaging` in it but the reader under test.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut

from deepcovid.errors import ImageError
from deepcovid.imaging.readers import read_radiograph

DATA = Path(pydicom.__file__).parent / "data"
FILES = sorted(
    path
    for folder in ("test_files", "charset_files", "palettes")
    for path in (DATA / folder).rglob("*")
    if path.is_file() and path.suffix not in (".py", ".pyc", ".txt", ".md", ".json", ".dump", ".icc")
)
NAMES = [path.relative_to(DATA).as_posix() for path in FILES]
COMPARED_AT_LEAST = 100  # pydicom 3.0.2 ships 101 that hold decodable pixels, five of them of several frames

# Refused although pixels are inside, and why. What holds no pixels is found out by the test itself.
REFUSED = {
    "test_files/JPEG-lossy.dcm": "cannot be decoded",  # no plug-in at hand decodes its non-sequential scan
    # broken on purpose; pydicom does not decode it either
    "test_files/JPEG2000-embedded-sequence-delimiter.dcm": "cannot be decoded|compressed pixels are",
    "test_files/MR_truncated.dcm": "cut off",
    "test_files/badVR.dcm": "does not say its size",  # Number of Frames is "1A"
    "test_files/meta_missing_tsyntax.dcm": "does not say its size",  # Pixel Data without Rows and Columns
    "test_files/nested_priv_SQ.dcm": "does not say its size",
    "test_files/zipMR.gz": "gzip",
}


def golden(ds: pydicom.Dataset, px: np.ndarray) -> np.ndarray:
    """What pydicom makes of stored values, in [0, 1]."""
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        colours = apply_color_lut(px, ds)
        return grey(colours, np.iinfo(colours.dtype).max)
    if px.ndim == 3:
        return grey(px, 2**ds.BitsStored - 1)
    y = apply_voi_lut(apply_modality_lut(px, ds), ds).astype(float)
    y_min, y_max = y_range(ds, y)
    x = np.clip((y - y_min) / (y_max - y_min), 0, 1)
    return 1 - x if ds.PhotometricInterpretation == "MONOCHROME1" else x


def y_range(ds: pydicom.Dataset, y: np.ndarray) -> tuple[float, float]:
    if "VOILUTSequence" in ds:
        return 0, 2 ** ds.VOILUTSequence[0].LUTDescriptor[2] - 1
    if ds.BitsStored > 16:
        return y.min(), y.max()
    ends = [-(2 ** (ds.BitsStored - 1)), 2 ** (ds.BitsStored - 1) - 1]
    if ds.PixelRepresentation == 0:
        ends = [0, 2**ds.BitsStored - 1]
    if "ModalityLUTSequence" in ds:
        return 0, 2 ** ds.ModalityLUTSequence[0].LUTDescriptor[2] - 1
    slope, intercept = float(ds.get("RescaleSlope", 1)), float(ds.get("RescaleIntercept", 0))
    return ends[0] * slope + intercept, ends[1] * slope + intercept


def grey(colours: np.ndarray, top: int) -> np.ndarray:
    """ITU-R BT.601 luma."""
    return colours[..., :3].astype(float) @ [0.299, 0.587, 0.114] / top


@pytest.fixture(autouse=True)
def _pydicom_may_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", NAMES)
def test_our_pixels_are_pydicoms(name: str):
    path = DATA / name
    if name in REFUSED:
        with pytest.raises(ImageError, match=REFUSED[name]):
            read_radiograph(path)
        return
    ds = pydicom.dcmread(path, force=True)
    if "PixelData" not in ds:
        with pytest.raises(ImageError, match=r"holds no pixels|not a film"):
            read_radiograph(path)
        return
    px, frames = ds.pixel_array, int(ds.get("NumberOfFrames") or 1)
    if frames > 1:
        with pytest.raises(ImageError, match=f"{frames} frames"):
            read_radiograph(path)
    for number in sorted({1, frames}):
        film = read_radiograph(path, frame=number)
        assert np.abs(film.pixels - golden(ds, px[number - 1] if frames > 1 else px)).max() < 2e-6
        assert (film.origin["rotated"], film.origin["mirrored"]) == (0, False)


def test_enough_was_compared():
    """Those that the test above compares: with pixels, and not refused. Each run must have at least so many."""
    with_pixels = [name for name in NAMES if name not in REFUSED and "PixelData" in header(name)]
    assert len(with_pixels) >= COMPARED_AT_LEAST
    syntaxes = {header(name).file_meta.get("TransferSyntaxUID") for name in with_pixels}
    assert len(syntaxes) == 12  # native in three forms, deflated, RLE, and seven codecs


def header(name: str) -> pydicom.Dataset:
    return pydicom.dcmread(DATA / name, force=True, defer_size=64)
