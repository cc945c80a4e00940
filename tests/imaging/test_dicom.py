from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut

from deepcovid.errors import ImageError
from deepcovid.imaging.luma import luma
from deepcovid.imaging.radiograph import Radiograph
from deepcovid.imaging.readers import read_radiograph
from tests.imaging.test_readers import refused

Write = Callable[..., Path]
OWN = Path(pydicom.__file__).parent / "data" / "test_files"  # shipped inside pydicom, nothing is downloaded

WINDOWED = ["MR_small.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm", "MR_small_expb.dcm", "MR_small_implicit.dcm"]
WINDOWED += ["MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_padded.dcm", "693_J2KI.dcm"]
WINDOWED += ["examples_overlay.dcm", "J2K_pixelrep_mismatch.dcm"]
PLAIN = ["CT_small.dcm", "JPEG2000.dcm", "JPEGLSNearLossless_08.dcm", "JPEGLSNearLossless_16.dcm", "JPGExtended.dcm"]
PLAIN += ["image_dfl.dcm", "liver_1frame.dcm", "liver_expb_1frame.dcm"]
COLOUR = [
    "ExplVR_BigEnd.dcm",
    "SC_rgb_rle.dcm",
    "SC_rgb_rle_16bit.dcm",
    "SC_rgb_rle_32bit.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
]
COLOUR += [
    "SC_rgb_dcmtk_+eb+cy+np.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "examples_jpeg2k.dcm",
    "SC_rgb_small_odd.dcm",
]


def dataset(name: str) -> pydicom.Dataset:
    return pydicom.dcmread(OWN / name)


def told(film: Radiograph) -> list[str]:
    """The notes of a film, without those on what its header does not say."""
    return [note for note in film.origin["notes"] if not note.startswith("the header does not say")]


def stored_range(ds: pydicom.Dataset) -> tuple[float, float]:
    """PS3.3, C.11.1: the ends of the stored range after Rescale Slope and Intercept."""
    signed, bits = ds.PixelRepresentation == 1, ds.BitsStored
    ends = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    slope, intercept = ds.get("RescaleSlope", 1), ds.get("RescaleIntercept", 0)
    return float(ends[0] * slope + intercept), float(ends[1] * slope + intercept)


@pytest.mark.filterwarnings("ignore:The pixel data is:UserWarning")  # of pydicom, called directly
@pytest.mark.parametrize("name", WINDOWED + PLAIN)
def test_grey_is_pydicoms_through_its_luts_scaled(name: str):
    ds = dataset(name)
    low, high = stored_range(ds)
    golden = (apply_voi_lut(apply_modality_lut(ds.pixel_array, ds), ds).astype(float) - low) / (high - low)
    film = read_radiograph(OWN / name)
    assert np.abs(film.pixels - golden).max() < 2e-6
    assert film.origin["bit_depth"] == ds.BitsStored
    assert film.origin["voi"].startswith("window" if name in WINDOWED else "stored range")


@pytest.mark.parametrize("name", COLOUR)
def test_colour_is_the_luma_of_pydicoms(name: str):
    ds = dataset(name)
    golden = luma(ds.pixel_array, top=2**ds.BitsStored - 1)
    film = read_radiograph(OWN / name)
    assert np.array_equal(film.pixels, golden)
    assert film.origin["photometric"] == ds.PhotometricInterpretation


def test_palette_colour():
    ds = dataset("examples_palette.dcm")
    golden = apply_color_lut(ds.pixel_array, ds)
    film = read_radiograph(OWN / "examples_palette.dcm")
    assert np.array_equal(film.pixels, luma(golden, top=np.iinfo(golden.dtype).max))


def test_thirty_two_bits_go_from_lowest_to_highest():
    values = dataset("rtdose_1frame.dcm").pixel_array.astype(float)
    film = read_radiograph(OWN / "rtdose_1frame.dcm")
    assert film.pixels == pytest.approx((values - values.min()) / np.ptp(values), abs=1e-6)
    assert film.origin["voi"] == "lowest to highest"


def test_monochrome1_is_inverted(dicom: Write):
    stored = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    film = read_radiograph(dicom(stored, PhotometricInterpretation="MONOCHROME1"))
    assert film.pixels == pytest.approx(1 - stored / 4095)
    assert film.origin["inverted"] is True


@pytest.mark.parametrize("kind", [np.uint16, np.int16])
@pytest.mark.parametrize("bits", [12, 16])
def test_twelve_and_sixteen_bits_signed_and_not(kind: type, bits: int, dicom: Write):
    low = 0 if kind is np.uint16 else -(2 ** (bits - 1))
    stored = (np.linspace(0, 2**bits - 1, 600).round() + low).astype(kind).reshape(20, 30)
    film = read_radiograph(dicom(stored, bits=bits))
    assert film.pixels == pytest.approx((stored.astype(float) - low) / (2**bits - 1), abs=1e-7)
    assert told(film) == []


def test_a_file_without_preamble_or_meta_header(dicom: Write):
    stored = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    path = dicom(stored, WindowCenter=2000, WindowWidth=1000)
    whole, ds = read_radiograph(path), pydicom.dcmread(path)
    for implicit in (True, False):
        del ds.file_meta
        ds.preamble = None
        bare = path.with_name("bare")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pydicom.dcmwrite(bare, ds, implicit_vr=implicit, little_endian=True)
        assert bare.read_bytes()[128:132] != b"DICM"
        assert np.array_equal(read_radiograph(bare).pixels, whole.pixels)
        ds = pydicom.dcmread(path)


def test_one_frame_of_several_is_chosen_counted_from_one():
    name = "SC_rgb_rle_2frame.dcm"
    error = refused(OWN / name)
    assert "2 frames" in error.problem
    assert "--frame 1, or frame=1" in error.mend
    frames = dataset(name).pixel_array
    for frame in (1, 2):
        film = read_radiograph(OWN / name, frame=frame)
        assert np.array_equal(film.pixels, luma(frames[frame - 1], top=255))
        assert told(film) == [f"frame {frame} of 2"]
    for frame in (0, 3):
        assert f"no frame {frame}" in refused(OWN / name, frame=frame).problem


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rtplan.dcm", "holds no pixels"),
        ("test-SR.dcm", "holds no pixels"),
        ("MR_truncated.dcm", "cut off"),
        ("JPEG-lossy.dcm", "cannot be decoded (JPEG Extended (Process 2 and 4))"),
        ("badVR.dcm", "does not say its size"),
        ("zipMR.gz", "gzip"),
    ],
)
def test_pydicoms_own_broken_files(name: str, words: str):
    assert words in refused(OWN / name).problem


@pytest.mark.parametrize("elements", [{"Rows": 60_000, "Columns": 60_000}, {"NumberOfFrames": 10_000_000}])
def test_the_header_decides_on_size(elements: dict[str, int], dicom: Write):
    error = refused(dicom(np.zeros((8, 8), np.uint16), **elements))
    assert "too large" in error.problem
    assert "smaller" in error.mend


def test_a_deflated_bomb_is_not_unpacked_whole(dicom: Write):
    path = dicom(np.zeros((8, 8), np.uint16))
    whole = path.read_bytes()
    start = 144 + int.from_bytes(whole[140:144], "little")
    plain, deflated = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99"
    meta = whole[:start].replace(b"UI\x14\0" + plain, b"UI\x16\0" + deflated)
    meta = meta[:140] + (len(meta) - 144).to_bytes(4, "little") + meta[144:]
    packer = zlib.compressobj(wbits=-15)
    path.write_bytes(meta + packer.compress(whole[start:] + bytes(80_000_000)) + packer.flush())
    assert "unpacks without end" in refused(path, max_pixels=1000).problem


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"PixelData": None}, "holds no pixels"),
        ({"Rows": None}, "does not say its size"),
        ({"BitsStored": None}, "cannot be decoded"),
        ({"PhotometricInterpretation": "CMYK"}, "photometric interpretation is none of"),
        ({"PixelData": bytes(20)}, "cut off"),
        ({"Columns": 0}, "size of 0 × 8"),
    ],
)
def test_headers_that_make_no_film(elements: dict[str, object], words: str, dicom: Write):
    assert words in refused(dicom(np.zeros((8, 8), np.uint16), **elements)).problem


def test_damaged_dicom_ends_in_a_film_or_an_error_that_names_no_patient(dicom: Write):
    rng = np.random.default_rng(5)
    stored = rng.integers(0, 4096, (16, 16)).astype(np.uint16)
    path = dicom(stored, WindowCenter="2000", WindowWidth="900", PatientBirthDate="19500101")
    whole = path.read_bytes()
    failures = 0
    for _ in range(300):
        broken = bytearray(whole)
        for place in rng.integers(128, len(broken) - 512, 4):
            broken[place] = rng.integers(256)
        path.write_bytes(bytes(broken))
        try:
            text = str(read_radiograph(path).origin)
        except ImageError as error:  # any other type would fail the test
            text, failures = str(error), failures + 1
        assert str(path) in text
        for secret in ("Doe", "Jane", "MRN-4711", "1950"):
            assert secret not in text
    assert failures > 20


def test_the_origin_names_no_patient_and_nothing_is_warned(dicom: Write):
    path = dicom(np.zeros((8, 8), np.uint16), PatientBirthDate="19500101")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        origin = str(read_radiograph(path).origin)
    assert not any(secret in origin for secret in ("Doe", "Jane", "MRN-4711", "1950"))


@pytest.mark.parametrize(
    ("photometric", "shape", "inverted", "contradiction"),
    [
        ("MONOCHROME1", "INVERSE", True, False),
        ("MONOCHROME1", None, True, False),
        ("MONOCHROME1", "IDENTITY", True, True),
        ("MONOCHROME2", "IDENTITY", False, False),
        ("MONOCHROME2", "INVERSE", True, True),
    ],
)
def test_presentation_lut_shape(photometric: str, shape: str | None, inverted: bool, contradiction: bool, dicom: Write):
    stored = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    shapes = {} if shape is None else {"PresentationLUTShape": shape}
    film = read_radiograph(dicom(stored, PhotometricInterpretation=photometric, **shapes))
    assert film.pixels == pytest.approx(1 - stored / 4095 if inverted else stored / 4095, abs=1e-6)
    assert film.origin["inverted"] is inverted
    assert any("contradict" in note for note in film.origin["notes"]) is contradiction


def test_an_index_lists_its_images():
    error = refused(OWN / "dicomdirtests" / "DICOMDIR")
    assert "an index (DICOMDIR)" in error.problem
    assert "31 images" in error.problem
    first = error.mend.removeprefix("name one of them: ").split(",")[0]
    assert read_radiograph(OWN / "dicomdirtests" / first).shape == (16, 16)
    assert "and 26 more" in error.mend


def test_raw_detector_values_and_odd_pixels_are_told(dicom: Write):
    elements = {"PresentationIntentType": "FOR PROCESSING", "ImagerPixelSpacing": [0.2, 0.1]}
    notes = " ".join(read_radiograph(dicom(np.zeros((8, 8), np.uint16), **elements)).origin["notes"])
    assert "FOR PROCESSING" in notes
    assert "not square: 0.2 mm high, 0.1 mm wide" in notes


def test_samples_beyond_their_bits_are_clipped_and_told(dicom: Write):
    colour = np.full((8, 8, 3), 255, np.uint8)
    film = read_radiograph(dicom(colour, bits=8))
    assert film.pixels.min() == 1


def test_a_damaged_element_that_decides_no_pixel_costs_no_film(dicom: Write):
    path = dicom(np.zeros((8, 8), np.uint16), ImagerPixelSpacing=["0.1", "0.1"], ViewPosition="PA")
    data = path.read_bytes()
    assert data.count(b"0.1\\0.1 ") == 1
    path.write_bytes(data.replace(b"0.1\\0.1 ", b"x.y\\z.q "))
    film = read_radiograph(path)
    assert film.origin["pixel_spacing"] is None
    assert film.origin["view"] == "PA"
