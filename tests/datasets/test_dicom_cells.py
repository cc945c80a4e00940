from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from deepcovid.datasets import dicom_cells as cells


def header(**elements: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(
    ("age", "born", "taken", "years"),
    [
        ("070Y", None, None, 70.0),
        ("006M", None, None, 0.5),
        ("012W", None, None, 0.23),
        ("003D", None, None, 0.01),
        ("018M", None, None, 1.5),
        ("095Y", None, None, 95.0),
        ("130Y", None, None, None),
        ("70", "19500101", "20200312", 70.0),
        (None, "19500401", "20200312", 69.0),
        (None, "20190901", "20200312", 0.53),
        (None, "20210101", "20200312", None),
        (None, "1950", "20200312", None),
        (None, "19500101", None, None),
        (None, None, "20200312", None),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR")  # of pydicom: that is the case under test
def test_age(age: str | None, born: str | None, taken: str | None, years: float | None):
    elements = {"PatientAge": age, "PatientBirthDate": born, "StudyDate": taken}
    dataset = header(**{keyword: value for keyword, value in elements.items() if value is not None})
    assert cells.age(dataset, cells.day(dataset, "StudyDate")) == years


def test_the_first_real_date_is_taken():
    dataset = header(AcquisitionDate="2020.03.12", ContentDate="20200401")
    dataset.add_new("StudyDate", "LO", "20201399")
    assert cells.day(dataset, "StudyDate", "AcquisitionDate", "ContentDate") == datetime.date(2020, 3, 12)


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
