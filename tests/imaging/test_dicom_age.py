"""Ages of a header: years for a table, and no more than child or adult for a prediction."""

from __future__ import annotations

import datetime

import pytest

from deepcovid.imaging.dicom_age import CONTRADICTION, UNREADABLE, age_group, day
from deepcovid.imaging.dicom_age import age as age_of
from tests.headers import header


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
    assert age_of(dataset, day(dataset, "StudyDate")) == years


def test_the_first_real_date_is_taken():
    dataset = header(AcquisitionDate="2020.03.12", ContentDate="20200401")
    dataset.add_new("StudyDate", "LO", "20201399")
    assert day(dataset, "StudyDate", "AcquisitionDate", "ContentDate") == datetime.date(2020, 3, 12)


@pytest.mark.parametrize(
    ("age", "born", "taken", "group", "note"),
    [
        ("017Y", None, None, "child", ""),
        ("018Y", None, None, "adult", ""),
        ("215M", None, None, "child", ""),
        ("216M", None, None, "adult", ""),
        ("012W", None, None, "child", ""),
        ("003D", None, None, "child", ""),
        (None, "20020312", "20200312", "adult", ""),  # on the birthday
        (None, "20020313", "20200312", "child", ""),
        (None, "20010301", "20190301", "adult", ""),  # 6,574 days are 17.998 years of 365.25
        (None, "20000229", "20180228", "child", ""),
        ("008Y", "19500101", "20200312", "child", CONTRADICTION),
        ("old", "19500101", "20200312", "adult", ""),
        ("old", None, None, "unknown", UNREADABLE),
        ("300Y", None, None, "unknown", UNREADABLE),
        (None, "20210101", "20200312", "unknown", UNREADABLE),
        (None, "19500101", None, "unknown", UNREADABLE),
        ("", "", "20200312", "unknown", ""),
        (None, None, None, "unknown", ""),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR")  # of pydicom: that is the case under test
def test_the_age_group(age: str | None, born: str | None, taken: str | None, group: str, note: str) -> None:
    elements = {"PatientAge": age, "PatientBirthDate": born, "StudyDate": taken}
    found = age_group(header(**{keyword: value for keyword, value in elements.items() if value is not None}))
    assert (found.group, found.note) == (group, note)
