from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from deepcovid.imaging.dicom_spacing import Spacing, spacing_of


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({}, None),
        ({"PixelSpacing": [0.2, 0.1]}, Spacing(0.2, 0.1, "not said")),
        ({"ImagerPixelSpacing": [0.143, 0.143]}, Spacing(0.143, 0.143, "detector")),
        ({"PixelSpacing": [0.143, 0.143], "ImagerPixelSpacing": [0.143, 0.143]}, Spacing(0.143, 0.143, "detector")),
        ({"PixelSpacing": [0.13, 0.13], "ImagerPixelSpacing": [0.143, 0.143]}, Spacing(0.13, 0.13, "calibrated")),
        ({"PixelSpacing": [0.1, 0.1], "PixelSpacingCalibrationType": "FIDUCIAL"}, Spacing(0.1, 0.1, "calibrated")),
        ({"NominalScannedPixelSpacing": [0.17, 0.17]}, Spacing(0.17, 0.17, "scanner")),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.1, 0.1]}, Spacing(0.1, 0.1, "detector")),
        ({"PixelSpacing": [-1, 1]}, None),
        ({"PixelSpacing": 1}, None),
        ({"PixelSpacing": [143, 143]}, None),
    ],
)
def test_spacing_and_where_it_was_measured(elements: dict[str, object], expected: Spacing | None):
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    assert spacing_of(dataset) == expected


def test_square():
    assert Spacing(0.143, 0.143, "detector").square
    assert not Spacing(0.2, 0.1, "detector").square
