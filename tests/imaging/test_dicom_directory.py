from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from deepcovid.errors import ImageError
from deepcovid.imaging.dicom_directory import directory_images
from deepcovid.imaging.finding import find_films
from tests.imaging.test_dicom import OWN

DISC = OWN / "dicomdirtests"


def index(path: Path, *ids: list[str] | str, kind: str = "IMAGE") -> Path:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    dataset.file_meta.MediaStorageSOPInstanceUID = "2.25.2"
    records = []
    for file_id in ids:
        record = Dataset()
        record.DirectoryRecordType = kind
        record.add_new("ReferencedFileID", "LO", file_id)  # LO: CS would warn of odd names
        records.append(record)
    dataset.DirectoryRecordSequence = records
    dataset.save_as(path / "DICOMDIR", enforce_file_format=True)
    return path / "DICOMDIR"


def test_pydicoms_disc():
    images = directory_images(DISC / "DICOMDIR")
    assert len(images) == 31
    assert all(image.is_file() for image in images)
    assert find_films(DISC / "DICOMDIR") == sorted(images)


def test_small_letters_on_disk(tmp_path: Path):
    (tmp_path / "cr1").mkdir()
    (tmp_path / "cr1" / "6154").touch()
    assert directory_images(index(tmp_path, ["CR1", "6154"])) == [tmp_path / "cr1" / "6154"]


@pytest.mark.parametrize("file_id", [["..", "A"], ["/etc", "A"], "../A", ["C:", "A"]])
def test_entries_that_lead_out_are_refused(file_id: list[str] | str, tmp_path: Path):
    with pytest.raises(ImageError, match=r"lead out of its folder|lists no image"):
        directory_images(index(tmp_path, ["GOOD"], file_id))


def test_an_index_of_reports_and_a_broken_one(tmp_path: Path):
    with pytest.raises(ImageError, match="lists no image"):
        directory_images(index(tmp_path, ["A"], kind="SR DOCUMENT"))
    (tmp_path / "DICOMDIR").write_bytes(b"no index at all")
    with pytest.raises(ImageError, match="is damaged"):
        directory_images(tmp_path / "DICOMDIR")
