"""Files to read: written by Pillow and pydicom, damaged by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

# The first example of a property may import SciPy or pydicom; a deadline would measure that.
settings.register_profile("imaging", deadline=None)
settings.load_profile("imaging")


@pytest.fixture
def grey() -> np.ndarray:
    """A small 8-bit film without symmetry: uint8 (30, 41)."""
    return np.random.default_rng(7).integers(0, 256, (30, 41), dtype=np.uint8)


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Write an array (or an image) with Pillow under a name in the test's folder."""

    def write(image: np.ndarray | Image.Image, name: str, **options: Any) -> Path:
        picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
        picture.save(tmp_path / name, **options)
        return tmp_path / name

    return write


@pytest.fixture
def dicom(tmp_path: Path) -> Callable[..., Path]:
    """Write a DICOM film from stored values (H, W) and any further elements by keyword."""

    def write(stored: np.ndarray, *, bits: int = 12, name: str = "film.dcm", **elements: Any) -> Path:
        from pydicom.dataset import Dataset, FileMetaDataset
        from pydicom.uid import ExplicitVRLittleEndian

        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = "2.25.1"
        dataset.PatientName, dataset.PatientID = "Doe^Jane", "MRN-4711"
        dataset.Rows, dataset.Columns = stored.shape[-2:] if stored.ndim == 2 else stored.shape[:2]
        dataset.SamplesPerPixel = 1 if stored.ndim == 2 else 3
        if stored.ndim == 3:
            dataset.PlanarConfiguration = 0
        dataset.PhotometricInterpretation = "MONOCHROME2" if stored.ndim == 2 else "RGB"
        dataset.BitsAllocated = 8 * stored.dtype.itemsize
        dataset.BitsStored, dataset.HighBit = bits, bits - 1
        dataset.PixelRepresentation = int(stored.dtype.kind == "i")
        dataset.PixelData = stored.tobytes()
        for keyword, value in elements.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)
        dataset.save_as(tmp_path / name, enforce_file_format=True)
        return tmp_path / name

    return write
