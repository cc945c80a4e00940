from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from deepcovid.datasets import dicom_cells as cells
from tests.headers import header


@pytest.mark.parametrize(
    ("function", "keyword", "value", "told"),
    [
        (cells.manufacturer, "Manufacturer", "FUJIFILM Corporation", "Fujifilm"),
        (cells.manufacturer, "Manufacturer", "GE Healthcare", "GE"),
        (cells.manufacturer, "Manufacturer", "SIEMENS", "Siemens"),
        (cells.manufacturer, "Manufacturer", "Doe^Jane", "other"),
        (cells.manufacturer, "Manufacturer", "", None),
        (cells.body_part, "BodyPartExamined", "CHEST", "chest"),
        (cells.body_part, "BodyPartExamined", "THORAX", "chest"),
        (cells.body_part, "BodyPartExamined", "HAND", "hand"),
        (cells.body_part, "BodyPartExamined", "DOE JANE", "other"),
        (cells.modality, "Modality", "dx", "DX"),
        (cells.modality, "Modality", "JANE", "unknown"),
        (cells.modality, "SOPClassUID", "1.2.840.10008.5.1.4.1.1.1", "CR"),
        (cells.modality, "SOPClassUID", "1.2.3", "unknown"),
        (cells.sex, "PatientSex", "F", "F"),
        (cells.sex, "PatientSex", "O", None),
        (cells.burned_in, "BurnedInAnnotation", "YES", "yes"),
        (cells.burned_in, "BurnedInAnnotation", "MAYBE", None),
        (cells.photometric, "PhotometricInterpretation", "MONOCHROME1", "MONOCHROME1"),
        (cells.photometric, "PhotometricInterpretation", "JANE", None),
    ],
)
def test_words_of_closed_lists(function, keyword: str, value: str, told: str | None):
    assert function(header(**{keyword: value})) == told


@pytest.mark.parametrize(("value", "number"), [(12, 12), (0, None), (None, None)])
def test_counts(value: int | None, number: int | None):
    assert cells.count(header(BitsStored=value), "BitsStored") == number


@given(st.text(alphabet=st.characters(blacklist_characters="\\", blacklist_categories=("Cs",)), max_size=40))
def test_no_cell_repeats_what_is_not_in_its_list(said: str):
    """Whatever a header holds, each cell is one of a list that stands in the code."""
    dataset = Dataset()
    for keyword in ("Manufacturer", "BodyPartExamined", "Modality", "PatientSex", "BurnedInAnnotation"):
        dataset.add_new(keyword, "LO", said)
    makers, parts = {*cells._MAKERS.values(), "other", None}, {part.lower() for part in cells._PARTS}
    assert cells.manufacturer(dataset) in makers
    assert cells.body_part(dataset) in {*parts, "chest", "other", None}
    assert cells.modality(dataset) in {*cells.MODALITIES, "unknown"}
    assert cells.sex(dataset) in {"F", "M", None}
    assert cells.burned_in(dataset) in {"yes", "no", None}
