"""DICOM films for tests, written with pydicom."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid


def draw_dicom(path: Path, **elements: str) -> None:
    """A film of 16 by 16 pixels, 8 bits, whose header has these elements; one that is "" is written empty."""
    pixels = np.random.default_rng(len(str(path))).integers(0, 255, (16, 16), dtype=np.uint8)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    meta.MediaStorageSOPInstanceUID = generate_uid()
    film = Dataset()
    film.file_meta = meta
    film.SOPClassUID, film.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    film.Modality, film.PatientName = "CR", "Planted^Name"
    film.Rows, film.Columns, film.BitsAllocated, film.BitsStored, film.HighBit = 16, 16, 8, 8, 7
    film.SamplesPerPixel, film.PixelRepresentation, film.PhotometricInterpretation = 1, 0, "MONOCHROME2"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # collections hold values that the Standard does not allow
        for keyword, value in elements.items():
            setattr(film, keyword, value)
    film.PixelData = pixels.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    film.save_as(path, enforce_file_format=True)
