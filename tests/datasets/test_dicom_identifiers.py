from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from pydicom.dataset import Dataset

from deepcovid.datasets.dicom_identifiers import HIDDEN, Identifiers, masked


def jane(**elements: object) -> Identifiers:
    dataset = Dataset()
    plain: dict[str, object] = {
        "PatientName": "Dœ-Müller^Jane^^Dr",
        "PatientID": "MRN-4711/2",
        "AccessionNumber": "90210",
    }
    plain |= {"PatientBirthDate": "19500131", "SOPInstanceUID": "1.2.826.0.1.3680043.8.498.1"}
    for keyword, value in (plain | elements).items():
        setattr(dataset, keyword, value)
    return Identifiers(dataset)


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("ward/film.dcm", set()),
        ("Muller/film.dcm", {"name"}),
        ("scans/MÜLLER_JANE/1.dcm", {"name"}),
        ("janemuller.dcm", {"name"}),
        ("x-jane.dcm", {"name"}),
        ("janet.dcm", set()),
        ("mrn47112/1.dcm", {"number"}),
        ("MRN_4711_2.dcm", {"number"}),
        ("acc90210.dcm", {"number"}),
        ("890210341.dcm", {"number"}),
        ("1950-01-31/1.dcm", {"date"}),
        ("31.01.1950.dcm", {"date"}),
        ("1.2.826.0.1.3680043.8.498.1.dcm", {"uid"}),
        ("muller/4711/19500131.dcm", {"name", "date"}),
        ("1950/film.dcm", set()),
    ],
)
def test_what_a_path_tells(path: str, kinds: set[str]):
    assert jane().kinds_in(PurePosixPath(path)) == kinds


def test_words_that_stand_for_a_removed_name_are_none():
    people = jane(PatientName="Anonymous^Patient", PatientID="UNKNOWN", AccessionNumber="")
    assert people.kinds_in(PurePosixPath("anonymous/unknown/patient.dcm")) == set()


def test_all_people_of_a_header_count():
    people = jane(ReferringPhysicianName="Strangelove^Otto", OperatorsName=["Kong^T", "Ripper^Jack"])
    for name in ("strangelove", "otto", "kong", "ripper"):
        assert people.kinds_in(PurePosixPath(f"films/{name}.dcm")) == {"name"}


def test_masked_paths_hide_whole_parts():
    secrets = jane().secrets()
    assert masked(PurePosixPath("a/Müller, Jane/b/mrn-4711-2.dcm"), secrets) == f"a/{HIDDEN}/b/{HIDDEN}"
    assert masked(PurePosixPath("a/film.dcm"), secrets) == "a/film.dcm"
