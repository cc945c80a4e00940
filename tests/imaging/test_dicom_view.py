from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from deepcovid.imaging.dicom_view import VIEWS, view_in_words, view_of
from deepcovid.imaging.readers import read_radiograph
from tests.headers import header


def item(code: str, scheme: str = "SCT", **more: list[Dataset]) -> Dataset:
    dataset = Dataset()
    dataset.CodeValue, dataset.CodingSchemeDesignator = code, scheme
    for keyword, value in more.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("PA", "PA"),
        ("CHEST P.A.", "PA"),
        ("W Chest pa", "PA"),
        ("Thorax postero-anterior", "PA"),
        ("Tórax AP", "AP"),
        ("Chest AP portable", "AP"),
        ("AP_SUPINE", "AP supine"),
        ("Thorax a.p. liegend", "AP supine"),
        ("TÓRAX AP DECÚBITO SUPINO", "AP supine"),
        ("LL", "lateral"),
        ("LATERAL", "lateral"),
        ("Thorax seitlich", "lateral"),
        ("Rx tórax perfil", "lateral"),
        ("AP LLD", "decubitus"),
        ("left lateral decubitus", "decubitus"),
        ("LAO", "oblique"),
        ("AP AXIAL", "lordotic"),
        ("frontal", "frontal"),
        ("PA and LAT", None),
        ("AP/PA", None),
        ("CHEST", None),
        ("Japan map", None),
        ("", None),
    ],
)
def test_words(text: str, view: str | None):
    assert view_in_words(text) == view


# CID 4010 as pydicom has it from PS3.16
CODES = {"PosteroAnterior": "PA", "AnteroPosterior": "AP", "LateralProjection": "lateral", "LeftLateral": "lateral"}
CODES |= {"RightLateral": "lateral", "Sagittal": "lateral", "ObliqueProjection": "oblique"}
CODES |= {"LeftAnteriorOblique": "oblique", "RightPosteriorOblique": "oblique", "AnteroPosteriorOblique": "oblique"}


@pytest.mark.parametrize("name", CODES)
def test_codes_of_the_standard(name: str):
    code = getattr(codes.cid4010, name)
    assert view_of(header(ViewCodeSequence=[item(code.value)])).name == CODES[name]


def test_older_codes():
    from pydicom.sr._snomed_dict import mapping

    for name, view in CODES.items():
        old = mapping["SCT"][getattr(codes.cid4010, name).value]
        assert view_of(header(ViewCodeSequence=[item(old, "SRT")])).name == view


def test_the_order_of_what_is_believed():
    everything = {"ViewCodeSequence": [item("399067008")], "SeriesDescription": "Chest PA"}
    assert view_of(header(**everything)).said_by == "ViewCodeSequence"
    found = view_of(header(ViewPosition="AP", **everything))
    assert (found.name, found.said_by) == ("AP", "ViewPosition")
    assert found.note == "ViewPosition says AP, another element PA and lateral; taken as AP"
    assert view_of(header(SeriesDescription="CHEST", ProtocolName="Thorax pa")).said_by == "ProtocolName"


def test_the_study_says_nothing_of_one_film():
    assert view_of(header(StudyDescription="Chest PA")).name is None


LYING = [item("102538003", PatientOrientationModifierCodeSequence=[item("40199007")])]  # recumbent: supine


@pytest.mark.parametrize(
    "elements",
    [
        {"ViewPosition": "AP", "SeriesDescription": "chest supine"},
        {"ViewPosition": "AP", "PatientOrientationCodeSequence": LYING},
        {"ViewCodeSequence": [item("399348003")], "PatientOrientationCodeSequence": [item("F-10340", "SRT")]},
    ],
)
def test_lying_patients(elements: dict[str, object]):
    assert view_of(header(**elements)).name == "AP supine"


def test_frontal_without_more_is_no_view_of_ours():
    found = view_of(header(ViewCodeSequence=[item("399033003")]))
    assert found.name is None
    assert "whether PA or AP is not said" in found.note
    assert view_of(header(ViewCodeSequence=[item("399033003")], SeriesDescription="PA")).name == "PA"


@given(st.text(max_size=60))
def test_no_word_of_the_header_is_repeated(text: str):
    dataset = Dataset()
    dataset.add_new("SeriesDescription", "LO", text.replace("\\", ""))
    found = view_of(dataset)
    assert found.name in (*VIEWS, None)
    assert not any(word in found.note for word in text.split() if len(word) > 8)


def test_the_film_says_its_view(dicom: Callable[..., Path]):
    pixels = np.zeros((8, 8), np.uint16)
    film = read_radiograph(dicom(pixels, ViewPosition="LL", Modality="DX"))
    assert (film.origin["view"], film.origin["view_said_by"]) == ("lateral", "ViewPosition")
    assert "the view is lateral, not frontal" in film.origin["notes"]
    assert film.origin["modality"] == "DX"
    film = read_radiograph(dicom(pixels))
    assert film.origin["view"] is None
    assert "the header does not say the view" in film.origin["notes"]
