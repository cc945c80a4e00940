"""DICOM headers of a few elements."""

from __future__ import annotations

from pydicom.dataset import Dataset


def header(**elements: object) -> Dataset:
    """A data set of these elements alone, by keyword."""
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset
