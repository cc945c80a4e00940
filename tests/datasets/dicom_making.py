"""DICOM films for the tests of the import: a chest film with a patient's particulars, and what may lie beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

DX = "1.2.840.10008.5.1.4.1.1.1.1"


def film(path: Path, *, pixels: np.ndarray | None = None, **elements: Any) -> Path:
    """Write a DX film of Jane Doe; an element that is None is left out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = header(**elements)
    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8) if pixels is None else pixels
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    if "PixelData" not in elements:
        dataset.PixelData = pixels.tobytes()
    dataset.save_as(path, enforce_file_format=True)
    return path


def header(**elements: Any) -> Dataset:
    """The header of that film, without size and pixels."""
    plain: dict[str, Any] = {
        "SOPClassUID": DX, "SOPInstanceUID": generate_uid(), "StudyInstanceUID": "1.2.826.0.1.3680043.9.77",
        "Modality": "DX", "PatientName": "Doe^Jane", "PatientID": "MRN-4711", "AccessionNumber": "ACC-90210",
        "PatientBirthDate": "19500101", "PatientSex": "F", "PatientAge": "070Y", "StudyDate": "20200312",
        "Manufacturer": "FUJIFILM Corporation", "BodyPartExamined": "CHEST", "ViewPosition": "PA",
        "ReferringPhysicianName": "Strangelove^Otto", "ImagerPixelSpacing": [0.143, 0.143], "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2", "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11,
        "PixelRepresentation": 0,
    }  # fmt: skip
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for keyword, value in (plain | elements).items():
        if value is not None and keyword != "PixelData":
            setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID") or DX
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID") or generate_uid()
    return dataset
