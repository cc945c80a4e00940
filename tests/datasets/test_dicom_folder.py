from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydicom.dataset import Dataset

from deepcovid.datasets.dicom_folder import Imported, Request, import_dicom
from deepcovid.datasets.dicom_labels import load_labels
from deepcovid.datasets.dicom_rows import Wanted
from deepcovid.datasets.pseudonyms import Key
from deepcovid.datasets.table import load_table, save_table
from deepcovid.errors import ImageError, TableError
from deepcovid.imaging.readers import read_radiograph
from tests.datasets.dicom_making import film
from tests.imaging.test_dicom import OWN

KEY = Key(bytes(range(32)), Path("none"), made=False)


def imported(place: Path, **request: object) -> Imported:
    return import_dicom(place, key=KEY, request=Request(**request))


def wanted(place: Path, **options: object) -> pd.DataFrame:
    return imported(place, wanted=Wanted(**options)).table.frame


def notes(found: Imported) -> str:
    return "\n".join(found.table.notes)


def test_a_folder_becomes_a_table_that_can_be_read_again(tmp_path: Path):
    film(tmp_path / "films" / "a" / "1.dcm")
    film(tmp_path / "films" / "b" / "2", ViewPosition="AP", SeriesDescription="chest supine", PatientAge="093Y")
    film(tmp_path / "films" / "b" / "3.dcm", PatientID="MRN-4712", PatientSex="O", PatientAge=None, Manufacturer="Acme")
    found = imported(tmp_path / "films", source="north", label="covid")
    save_table(found.table, tmp_path / "table.csv")
    frame = load_table(tmp_path / "table.csv").frame
    assert frame["image"].tolist() == ["films/a/1.dcm", "films/b/2", "films/b/3.dcm"]
    assert frame["patient"].nunique() == 2
    assert frame["patient"][0] == frame["patient"][1]
    assert frame["view"].tolist() == ["PA", "AP supine", "PA"]
    assert frame["sex"].fillna("").tolist() == ["F", "F", ""]
    assert frame["age"].tolist() == [70, 90, 70]
    assert frame["date"].tolist() == ["2020"] * 3
    assert frame["manufacturer"].tolist() == ["Fujifilm", "Fujifilm", "other"]
    for column, value in {"label": "covid", "source": "north", "modality": "X-ray", "dicom_modality": "DX"}.items():
        assert (frame[column] == value).all()
    for column, value in {"bit_depth": "12", "pixel_spacing": "0.143", "pixel_spacing_measured": "detector"}.items():
        assert (frame[column] == value).all()
    assert (frame["photometric"] == "MONOCHROME2").all()
    assert (frame["transfer_syntax"] == "Explicit VR Little Endian").all()
    assert "ages of 90 and more stand as 90: 1 film" in notes(found)
    assert found.failed == []


def test_the_same_key_gives_the_same_ids_and_another_others(tmp_path: Path):
    film(tmp_path / "1.dcm")
    one, again = imported(tmp_path).table.frame, imported(tmp_path).table.frame
    assert one.equals(again)
    other = import_dicom(tmp_path, key=Key(bytes(32), Path("none"), made=False)).table.frame
    assert one["patient"][0] != other["patient"][0]
    assert one["study"][0] != other["study"][0]


def test_what_is_no_film_is_left_out_and_counted(tmp_path: Path):
    film(tmp_path / "film.dcm")
    film(tmp_path / "ct.dcm", Modality="CT")
    film(tmp_path / "report.dcm", Modality="SR", PixelData=None)
    film(tmp_path / "state.dcm", Modality="PR", PixelData=None)
    film(tmp_path / "raw.dcm", PresentationIntentType="FOR PROCESSING")
    film(tmp_path / "cine.dcm", NumberOfFrames=3)
    film(tmp_path / "odd.dcm", Modality="JANE")
    film(tmp_path / ".hidden.dcm")
    (tmp_path / "notes.txt").write_text("for the ward")
    found = imported(tmp_path)
    assert found.table.frame["image"].tolist() == ["film.dcm"]
    assert dict(found.left_out) == {
        "CT images": 1,
        "SR objects without pixels": 1,
        "PR objects without pixels": 1,
        "films FOR PROCESSING (the detector's values; --for-processing keeps them)": 1,
        "images of several frames": 1,
        "images of an unknown modality": 1,
        "hidden files": 1,
        "files that are no DICOM": 1,
    }
    assert "1 CT images left out" in found.table.notes
    assert len(wanted(tmp_path, for_processing=True)) == 2
    assert len(wanted(tmp_path, modalities=("DX", "CT"))) == 2


def test_views_are_said_and_can_be_chosen(tmp_path: Path):
    film(tmp_path / "pa.dcm")
    film(tmp_path / "lat.dcm", ViewPosition="LL")
    film(tmp_path / "none.dcm", ViewPosition=None)
    found = imported(tmp_path)
    assert found.table.frame["view"].fillna("").tolist() == ["lateral", "", "PA"]
    assert "view lateral: 1 film" in found.table.notes
    assert "1 of 3 films do not say their view" in found.table.notes
    assert len(wanted(tmp_path, frontal_only=True)) == 2


def test_copies_of_an_instance_stand_once(tmp_path: Path):
    for name in ("a.dcm", "b.dcm", "c.dcm"):
        film(tmp_path / name, SOPInstanceUID="2.25.7")
    found = imported(tmp_path)
    assert found.table.frame["image"].tolist() == ["a.dcm"]
    assert found.left_out["further copies of an instance (same SOP Instance UID)"] == 2


def test_unreadable_files_are_listed_and_the_rest_goes_on(tmp_path: Path):
    film(tmp_path / "Doe_Jane" / "good.dcm")
    broken = film(tmp_path / "Doe_Jane" / "broken.dcm")
    broken.write_bytes(broken.read_bytes()[:300])
    (tmp_path / "Doe_Jane" / "rubbish.dcm").write_bytes(bytes(128) + b"DICM" + bytes(range(256)) * 9)
    found = imported(tmp_path, keep_paths=True)
    assert len(found.table) == 1
    left = sum(found.left_out.values())
    assert len(found.failed) + left == 2
    assert not any("Doe" in name for name, _ in found.failed)


@pytest.mark.parametrize("patient_id", ["", "ANONYMOUS", "0", None])
def test_a_shared_id_is_no_patient(patient_id: str | None, tmp_path: Path):
    film(tmp_path / "1.dcm", PatientID=patient_id)
    film(tmp_path / "2.dcm", PatientID=patient_id)
    film(tmp_path / "3.dcm", PatientID=patient_id, StudyInstanceUID="1.2.3")
    film(tmp_path / "4.dcm", PatientID=patient_id, StudyInstanceUID=None)
    found = imported(tmp_path)
    first, second, third, fourth = found.table.frame["patient"]
    assert first == second != third
    assert pd.isna(fourth)
    assert "(anonymous, 0, …): 4 films; their study stands for the patient" in notes(found)
    assert "neither patient nor study is known: 1 film" in found.table.notes


def test_an_id_of_two_people_is_said(tmp_path: Path):
    film(tmp_path / "1.dcm")
    film(tmp_path / "2.dcm", PatientBirthDate="19800101")
    assert "1 patient ids stand for people of different birth date or sex" in notes(imported(tmp_path))


def test_dates(tmp_path: Path):
    film(tmp_path / "1.dcm", StudyDate="20200312")
    film(tmp_path / "2.dcm", StudyDate="20200322")
    film(tmp_path / "3.dcm", StudyDate="20200322", PatientID="", StudyInstanceUID=None)
    assert wanted(tmp_path, dates="year")["date"].tolist() == ["2020"] * 3
    assert wanted(tmp_path, dates="exact")["date"].tolist() == ["2020-03-12", "2020-03-22", "2020-03-22"]
    assert wanted(tmp_path, dates="none")["date"].isna().all()
    moved = wanted(tmp_path, dates="shifted")["date"]
    assert pd.isna(moved[2])
    first, second = pd.to_datetime(moved[:2])
    assert (second - first).days == 10
    assert 1 <= (pd.Timestamp("2020-03-12") - first).days <= 365


@pytest.mark.parametrize("name", ["Doe/1.dcm", "MRN-4711.dcm", "scans/19500101/1.dcm", "doejane.dcm", "ACC-90210/1"])
def test_paths_that_tell_who_it_is_are_refused_without_telling(name: str, tmp_path: Path):
    film(tmp_path / name)
    film(tmp_path / "plain.dcm")
    with pytest.raises(TableError, match=r"in 1 of 2 paths") as caught:
        imported(tmp_path)
    told = str(caught.value).replace(str(tmp_path), "").lower()
    assert not any(secret in told for secret in ("doe", "jane", "4711", "1950", "90210"))
    assert "--copy-to" in told
    assert len(imported(tmp_path, keep_paths=True).table) == 2


def test_paths_of_files_that_were_made_anonymous_are_kept_and_said(tmp_path: Path):
    film(tmp_path / "MRN-4711.dcm", PatientIdentityRemoved="YES")
    told = "the path holds a name or number that the header holds, too: 1 film"
    assert f"{told}; kept, since the header says that identities were removed" in imported(tmp_path).table.notes
    film(tmp_path / "Doe.dcm")
    assert "the path holds a name or number that the header holds, too: 2 films" in (
        imported(tmp_path, keep_paths=True).table.notes
    )


def test_a_uid_in_a_path_is_said(tmp_path: Path):
    film(tmp_path / "2.25.123456789.dcm", SOPInstanceUID="2.25.123456789")
    assert "the path holds a UID, which the hospital's archive can trace: 1 film" in imported(tmp_path).table.notes


def test_copies_have_the_pixels_and_hashed_names(tmp_path: Path):
    pixels = np.random.default_rng(0).integers(0, 4096, (30, 20)).astype(np.uint16)
    source = film(tmp_path / "Doe" / "1.dcm", pixels=pixels, PhotometricInterpretation="MONOCHROME1")
    found = imported(tmp_path / "Doe", copy_to=tmp_path / "png")
    (name,) = found.table.frame["image"]
    copy = read_radiograph(tmp_path / "png" / name)
    assert np.abs(copy.pixels - read_radiograph(source).pixels).max() <= 0.5001 / 65535
    assert copy.origin["bit_depth"] == 16
    assert len(name) == len("0123456789abcdef.png")
    again = imported(tmp_path / "Doe", copy_to=tmp_path / "png")
    assert again.table.frame["image"].tolist() == [name]
    data = (tmp_path / "png" / name).read_bytes()
    assert b"tEXt" not in data
    assert b"Doe" not in data


def test_a_film_that_cannot_be_copied_is_listed(tmp_path: Path):
    film(tmp_path / "in" / "1.dcm")
    short = film(tmp_path / "in" / "2.dcm")
    short.write_bytes(short.read_bytes()[:-60])
    found = imported(tmp_path / "in", copy_to=tmp_path / "png")
    assert len(found.table) == 1
    ((name, reason),) = found.failed
    assert name == "2.dcm"
    assert "cut off" in reason
    assert len(list((tmp_path / "png").iterdir())) == 1


def test_a_zip_needs_copies(tmp_path: Path):
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(film(tmp_path / "1.dcm"), "ST/1.dcm")
        packed.write(film(tmp_path / "2.dcm", Modality="CT"), "ST/2.dcm")
    with pytest.raises(TableError, match="cannot point into a ZIP"):
        imported(path)
    found = imported(path, copy_to=tmp_path / "png")
    assert found.left_out["CT images"] == 1
    assert read_radiograph(tmp_path / "png" / found.table.frame["image"][0]).shape == (8, 8)
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("../../evil.dcm", b"x")
    with pytest.raises(ImageError, match="lead out of it"):
        imported(path, copy_to=tmp_path / "png")


def test_pydicoms_disc(tmp_path: Path):
    everything = Wanted(modalities=("CR", "CT", "MR"))
    disc = imported(OWN / "dicomdirtests" / "DICOMDIR", wanted=everything)
    assert len(disc.table) == 31
    assert disc.left_out == {}
    folder = imported(OWN / "dicomdirtests", wanted=everything)
    assert set(disc.table.frame["image"]) == set(folder.table.frame["image"])


def test_links_do_not_lead_out(tmp_path: Path):
    film(tmp_path / "in" / "1.dcm")
    outside = film(tmp_path / "out" / "2.dcm")
    (tmp_path / "in" / "link.dcm").symlink_to(outside)
    (tmp_path / "in" / "all").symlink_to(tmp_path / "out")
    found = imported(tmp_path / "in")
    assert found.table.frame["image"].tolist() == ["1.dcm"]
    assert dict(found.left_out) == {"links to folders": 1, "links that lead out of the folder": 1}


def test_identifiers_only_when_asked(tmp_path: Path):
    film(tmp_path / "1.dcm")
    found = imported(tmp_path, wanted=Wanted(identifiers=True))
    row = found.table.frame.iloc[0]
    assert (row["patient_name"], row["patient_id"], row["birth_date"]) == ("Doe^Jane", "MRN-4711", "1950-01-01")
    assert row["study_date"] == "2020-03-12"
    assert "THIS TABLE NAMES PATIENTS" in found.table.notes[0]


@pytest.mark.parametrize("by", ["SOPInstanceUID", "accession_number", "Patient ID", "file"])
def test_labels_are_joined(by: str, tmp_path: Path):
    film(tmp_path / "in" / "a.dcm", SOPInstanceUID="2.25.71111111111", AccessionNumber="A-111", PatientID="P-1111")
    film(tmp_path / "in" / "b.dcm", SOPInstanceUID="2.25.72222222222", AccessionNumber="A-222", PatientID="P-2222")
    keys = {"SOPInstanceUID": "2.25.72222222222", "accession_number": "A-222", "Patient ID": "P-2222", "file": "b.dcm"}
    (tmp_path / "labels.csv").write_text(f"{by},Label\n{keys[by]},covid\nnobody,normal\n")
    found = imported(tmp_path / "in", label=load_labels(tmp_path / "labels.csv"))
    assert found.table.frame["label"].fillna("").tolist() == ["", "covid"]
    assert "1 of 2 films have no label" in notes(found)
    assert ("1 labels belong to no film here" in notes(found)) == (by != "file")


def test_labels_that_cannot_be_joined_are_refused_by_row_number(tmp_path: Path):
    path = tmp_path / "labels.csv"
    path.write_text("patient_id,label\nMRN-4711,covid\nMRN-4711,normal\n")
    with pytest.raises(TableError, match="rows 2, 3 name the same film") as caught:
        load_labels(path)
    assert "4711" not in str(caught.value)
    path.write_text("name,class\nx,y\n")
    with pytest.raises(TableError, match="there is no column label"):
        load_labels(path)


def test_nothing_there(tmp_path: Path):
    with pytest.raises(TableError, match="no such file or folder"):
        imported(tmp_path / "gone")
    with pytest.raises(TableError, match="there is no film here"):
        imported(tmp_path)
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(TableError, match="this is no DICOM file"):
        imported(tmp_path / "x.txt")
    film(tmp_path / "ct.dcm", Modality="CT")
    with pytest.raises(TableError, match="1 CT images left out"):
        imported(tmp_path)


def test_views_of_code_sequences(tmp_path: Path):
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "399067008", "SCT", "lateral"
    film(tmp_path / "1.dcm", ViewPosition=None, ViewCodeSequence=[code])
    assert imported(tmp_path).table.frame["view"].tolist() == ["lateral"]


def test_a_person_is_one_whether_the_issuer_is_written_or_not(tmp_path: Path):
    film(tmp_path / "1.dcm", IssuerOfPatientID="north")
    film(tmp_path / "2.dcm")
    assert imported(tmp_path).table.frame["patient"].nunique() == 1


def test_where_every_film_is_broken_the_reasons_are_told(tmp_path: Path):
    for name in ("1.dcm", "2.dcm"):
        short = film(tmp_path / "in" / name)
        short.write_bytes(short.read_bytes()[:-60])
    with pytest.raises(TableError, match=r"none of 2 films could be read\n  1.dcm: this DICOM file is cut off"):
        imported(tmp_path / "in", copy_to=tmp_path / "png")


def test_archives_in_a_folder_are_said(tmp_path: Path):
    film(tmp_path / "1.dcm")
    (tmp_path / "more.zip").write_bytes(b"PK")
    assert imported(tmp_path).left_out == {"ZIP archives (import each by itself)": 1}


def test_ten_thousand_deep_sequences_are_a_failure(tmp_path: Path):
    film(tmp_path / "1.dcm")
    deep = film(tmp_path / "2.dcm", PixelData=None)
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + b"\x54\x00\x20\x02SQ\x00\x00\xff\xff\xff\xff"
    deep.write_bytes(deep.read_bytes() + item[8:] + item * 10_000)
    found = imported(tmp_path)
    assert len(found.table) == 1
    assert len(found.failed) + sum(found.left_out.values()) == 1


def test_failures_whose_names_are_hidden_are_all_counted(tmp_path: Path):
    film(tmp_path / "in" / "Doe" / "1.dcm")
    for name in ("Doe1.dcm", "Doe2.dcm", "Doe-Jane.dcm", "Jane Doe.dcm"):
        short = film(tmp_path / "in" / "Doe" / name)
        short.write_bytes(short.read_bytes()[:-60])
    found = imported(tmp_path / "in", copy_to=tmp_path / "png")
    assert len(found.failed) == 4
    assert sum(name == "[…]/[…]" for name, _ in found.failed) == 2
