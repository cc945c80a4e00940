from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from deepcovid.imaging.dicom_pixels import syntaxes
from deepcovid.imaging.readers import read_radiograph
from tests.imaging.test_dicom import OWN
from tests.imaging.test_readers import refused

Write = Callable[..., Path]


@pytest.mark.parametrize("kind", [np.uint16, np.int16])
@pytest.mark.parametrize(("bits", "high"), [(12, 15), (12, 13), (10, 12), (9, 15)])
@pytest.mark.parametrize("syntax", [None, RLELossless])
def test_values_that_stand_higher_in_their_cells(kind: type, bits: int, high: int, syntax: UID | None, dicom: Write):
    signed = kind is np.int16
    low = -(2 ** (bits - 1)) if signed else 0
    values = np.random.default_rng(1).integers(low, low + 2**bits, (20, 30))
    rubbish = np.random.default_rng(2).integers(0, 2 ** (high + 1 - bits), (20, 30))  # overlays lay there, once
    cells = ((values << (high + 1 - bits)) | rubbish).astype(kind)
    path = dicom(cells, bits=bits, HighBit=high)
    if syntax is not None:
        ds = dcmread(path)
        ds.compress(syntax, encoding_plugin="pydicom")
        ds.save_as(path)
    film = read_radiograph(path)
    assert film.pixels == pytest.approx((values - low) / (2**bits - 1), abs=1e-6)
    assert f"the values stand {high + 1 - bits} bits higher in their cells" in " ".join(film.origin["notes"])


def test_rubbish_above_the_stored_bits_is_cleared(dicom: Write):
    values = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    film = read_radiograph(dicom(values | np.uint16(0xF000)))
    assert film.pixels == pytest.approx(values / 4095, abs=1e-6)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, DeflatedExplicitVRLittleEndian])
@pytest.mark.parametrize("kind", [np.uint16, np.int16])
def test_lossless_codecs_change_nothing(syntax: UID, kind: type, dicom: Write):
    low = 0 if kind is np.uint16 else -2048
    path = dicom((np.random.default_rng(0).integers(0, 4096, (64, 80)) + low).astype(kind))
    before, ds = read_radiograph(path), dcmread(path)
    if syntax.is_compressed:
        ds.compress(syntax)
    ds.file_meta.TransferSyntaxUID = syntax
    ds.save_as(path)
    after = read_radiograph(path)
    assert np.array_equal(before.pixels, after.pixels)
    assert after.origin["transfer_syntax"] == syntax.name


@pytest.mark.parametrize("form", ["RLE", "jp2klossless", "jpeg_ls_lossless", "bigendian", "implicit"])
def test_one_image_in_many_encodings(form: str):
    plain, other = (read_radiograph(OWN / f"MR_small{name}.dcm").pixels for name in ("", f"_{form}"))
    assert np.array_equal(plain, other)


def test_a_codec_without_decoder_is_named_with_its_mend(dicom: Write):
    path = dicom(np.zeros((8, 8), np.uint16))
    ds = dcmread(path)
    ds.compress(RLELossless)
    ds.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.92")  # JPEG 2000 Part 2
    ds.save_as(path)
    error = refused(path)
    assert "JPEG 2000 Part 2 Multi-component" in error.problem
    assert "no decoder here" in error.problem
    assert "uncompressed" in error.mend


def test_every_codec_of_the_issue_has_a_decoder():
    names = [syntax.name for syntax in syntaxes() if syntax.decoders]
    for wanted in ("RLE", "JPEG Baseline", "JPEG Extended", "JPEG Lossless", "JPEG-LS", "JPEG 2000", "High-Throughput"):
        assert any(name.startswith(wanted) for name in names), wanted
    assert sum("Deflated" in name or "Big Endian" in name for name in names) == 2


@given(st.integers(1, 16), st.booleans(), st.data())
def test_monochrome1_of_inverted_values_is_monochrome2(bits: int, signed: bool, data: st.DataObject):
    from pydicom.dataset import Dataset

    from deepcovid.imaging.grayscale import modality, presented

    low = -(2 ** (bits - 1)) if signed else 0
    values = np.array(data.draw(st.lists(st.integers(low, low + 2**bits - 1), min_size=1, max_size=9)))
    ds = Dataset()
    ds.BitsStored, ds.PixelRepresentation = bits, int(signed)
    mirrored = 2 * low + 2**bits - 1 - values
    kind = np.int32 if signed else np.uint32
    plain = presented(modality(values.astype(kind), ds), ds, inverted=False)
    turned = presented(modality(mirrored.astype(kind), ds), ds, inverted=True)
    assert turned.pixels == pytest.approx(plain.pixels, abs=1e-6)
