"""Tests of tables made from folders of films."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.datasets.folder import import_folder
from deepcovid.datasets.splits import add_validation
from deepcovid.datasets.table import load_table, save_table
from deepcovid.errors import TableError
from tests.datasets.making import touch


def test_class_folders_are_labels_at_any_depth(tmp_path: Path) -> None:
    touch(tmp_path, ["normal/b.PNG", "covid/deep/er/c.dcm", "covid/a.jpeg", "normal/d.tif", "normal/e.webp"])
    table = import_folder(tmp_path)
    assert table.frame.to_dict("records") == [
        {"image": "covid/a.jpeg", "label": "covid"},
        {"image": "covid/deep/er/c.dcm", "label": "covid"},
        {"image": "normal/b.PNG", "label": "normal"},
        {"image": "normal/d.tif", "label": "normal"},
        {"image": "normal/e.webp", "label": "normal"},
    ]
    assert table.folder == tmp_path
    assert any("patients are not known" in note for note in table.notes)


def test_rawats_layout_gives_a_split_and_says_that_validation_is_absent(tmp_path: Path) -> None:
    films = [
        f"{split}/{label}/{label}-{split}-{number}.jpg"
        for split in ("train", "test")
        for label in ("COVID19", "NORMAL", "PNEUMONIA")
        for number in range(20)
    ]
    touch(tmp_path, films)
    table = import_folder(tmp_path, source="kaggle")
    assert table.frame.groupby(["split", "label"]).size().tolist() == [20] * 6
    assert set(table.frame["source"]) == {"kaggle"}
    assert any("no val folder" in note for note in table.notes)
    assert add_validation(table).frame["split"].value_counts().to_dict() == {"test": 60, "train": 54, "val": 6}


@pytest.mark.parametrize("name", ["val", "VALID", "Validation"])
def test_split_folders_in_any_case(tmp_path: Path, name: str) -> None:
    touch(tmp_path, ["Train/covid/a.png", f"{name}/covid/b.png", "TEST/covid/c.png"])
    frame = import_folder(tmp_path).frame
    assert dict(zip(frame["image"], frame["split"], strict=True)) == {
        "Train/covid/a.png": "train",
        f"{name}/covid/b.png": "val",
        "TEST/covid/c.png": "test",
    }


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    touch(tmp_path, ["covid/a.png", "covid/read.txt", "covid/._a.png", "covid/Thumbs.db", "loose.png", ".git/x/y.png"])
    touch(tmp_path, ["empty/notes.txt", "__MACOSX/covid/a.png", "covid/.hidden/b.png", "covid/tab\there.png"])
    table = import_folder(tmp_path)
    assert table.frame["image"].tolist() == ["covid/a.png"]
    assert set(table.notes[1:]) == {
        "all films carry the one label 'covid'",
        "4 files are no films and were left out",
        "1 films have a name that a table cannot hold (rename them) and were left out",
        f"1 films lie in {tmp_path.name} itself, without a class folder, and were left out",
        "the class folder empty holds no film",
    }


def test_a_dicom_file_without_a_suffix_is_a_film(tmp_path: Path) -> None:
    touch(tmp_path, ["covid/IM0001", "covid/README"])
    (tmp_path / "covid/IM0001").write_bytes(bytes(128) + b"DICM")
    assert import_folder(tmp_path).frame["image"].tolist() == ["covid/IM0001"]


def test_labels_that_differ_in_case_are_a_note(tmp_path: Path) -> None:
    touch(tmp_path, ["train/NORMAL/a.png", "test/Normal/b.png"])
    assert "labels that differ in case alone: normal" in import_folder(tmp_path).notes


def test_the_table_can_be_saved_in_the_folder_and_loaded(tmp_path: Path) -> None:
    touch(tmp_path, ["covid/a, b.png", 'normal/"c".png', "normal/größe.png", "normal/=d.png"])
    made = import_folder(tmp_path)
    save_table(made, tmp_path / "table.csv")
    assert load_table(tmp_path / "table.csv").hash == made.hash
    assert len(import_folder(tmp_path)) == 4


@pytest.mark.parametrize(
    ("films", "problem", "mend"),
    [
        ([], "no film lies in a class folder", "FOLDER/covid"),
        (["a.png", "b.png"], "no film lies in a class folder", "FOLDER/train/covid"),
        (["covid/a.txt"], "no film lies in a class folder", "FOLDER/covid"),
        (["train/a.png", "test/b.png"], "no film lies in a class folder", "FOLDER/train/covid"),
        (["Data/train/covid/a.png", "Data/test/covid/a.png"], "the split folder test lies inside Data", "Data itself"),
        (["train/covid/a.png", "normal/b.png"], "films lie in normal, beside the split folders train", "move them"),
    ],
)
def test_other_layouts_are_refused_with_those_allowed(
    tmp_path: Path, films: list[str], problem: str, mend: str
) -> None:
    touch(tmp_path, films)
    with pytest.raises(TableError) as caught:
        import_folder(tmp_path)
    assert problem in caught.value.problem
    assert mend in caught.value.mend
    assert str(tmp_path) in str(caught.value)


def test_a_folder_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="nowhere: there is no such folder → give a folder"):
        import_folder(tmp_path / "nowhere")
