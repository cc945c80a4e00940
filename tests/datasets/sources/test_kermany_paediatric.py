from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from deepcovid.datasets.sources import SOURCES, import_source
from tests.datasets.sources.making import cells, draw, refused

FILMS = {
    "test/NORMAL/IM-0001-0001.jpeg": ("IM-0001", "normal", "NORMAL"),
    "test/PNEUMONIA/person80_bacteria_389.jpeg": ("person80_bacteria", "pneumonia", "PNEUMONIA|bacteria"),
    "train/NORMAL/IM-0115-0001 (1).jpeg": ("IM-0115", "normal", "NORMAL"),
    "train/NORMAL/NORMAL2-IM-0539-0001-0002.jpeg": ("NORMAL2-IM-0539", "normal", "NORMAL"),
    "train/NORMAL/mystery.jpeg": (None, "normal", "NORMAL"),
    "train/PNEUMONIA/person1223_bacteria_3178.jpeg": ("person1223_bacteria", "pneumonia", "PNEUMONIA|bacteria"),
    "train/PNEUMONIA/person1223_virus_2073.jpeg": ("person1223_virus", "pneumonia", "PNEUMONIA|virus"),
    "train/PNEUMONIA/person447_virus_921_1.jpeg": ("person447_virus", "pneumonia", "PNEUMONIA|virus"),
    "train/PNEUMONIA/person80_virus_150.jpeg": ("person80_virus", "pneumonia", "PNEUMONIA|virus"),
    "val/PNEUMONIA/person1946_bacteria_4874.jpeg": ("person1946_bacteria", "pneumonia", "PNEUMONIA|bacteria"),
}


def miniature(folder: Path) -> None:
    """Ten films as Kaggle's copy names them, with what a Mac's archive adds."""
    draw(folder / "chest_xray", FILMS)
    draw(folder, ["chest_xray/__MACOSX/train/NORMAL/._IM-0115-0001.jpeg"])
    (folder / "chest_xray/train/.DS_Store").write_bytes(b"Bud1")


def test_every_cell(tmp_path: Path) -> None:
    miniature(tmp_path)
    frame = import_source(tmp_path, name="kermany-paediatric").frame
    assert cells(frame["image"]) == [f"chest_xray/{film}" for film in FILMS]
    assert list(zip(*(cells(frame[name]) for name in ("patient", "label", "findings")), strict=True)) == list(
        FILMS.values()
    )
    assert cells(frame["split"]) == [film.partition("/")[0] for film in FILMS]
    assert set(frame["view"]) == {"AP"}
    assert set(frame["license"]) == {"CC BY 4.0"}
    assert set(frame["age_group"]) == {"children, 1-5 years"}
    assert frame[["age", "sex"]].isna().all(axis=None)


def test_the_children_are_said(tmp_path: Path) -> None:
    miniature(tmp_path)
    notes = import_source(tmp_path / "chest_xray", name="kermany-paediatric").notes
    assert "every film is of a child of one to five years; the age of each is not published" in notes
    assert "1 of 10 films have no patient" in notes


def test_version_3_names_disease_and_patient(tmp_path: Path) -> None:
    films = {
        "test/NORMAL/NORMAL-1049278-0001.jpeg": "1049278_normal",
        "train/PNEUMONIA/BACTERIA-1008087-0001.jpeg": "1008087_bacteria",
        "train/PNEUMONIA/BACTERIA-1008087-0002.jpeg": "1008087_bacteria",
        "train/PNEUMONIA/VIRUS-1018311-0003.jpeg": "1018311_virus",
    }
    draw(tmp_path, films)
    frame = import_source(tmp_path, name="kermany-paediatric").frame
    assert dict(zip(frame["image"], frame["patient"], strict=True)) == films
    assert cells(frame["findings"])[3] == "PNEUMONIA|virus"


def test_a_name_that_contradicts_its_folder_and_an_unknown_class_are_refused_together(tmp_path: Path) -> None:
    draw(tmp_path, ["train/NORMAL/person1_virus_6.jpeg", "train/PNEUMONIA/IM-0001-0001.jpeg", "test/COVID/a.jpeg"])
    assert refused(tmp_path, "kermany-paediatric") == [
        "test/COVID/a.jpeg: the folder is no class; allowed are NORMAL, PNEUMONIA",
        "train/NORMAL/person1_virus_6.jpeg: the name says virus, the folder NORMAL; allowed is one of them",
        "train/PNEUMONIA/IM-0001-0001.jpeg: the name says normal, the folder PNEUMONIA; allowed is one of them",
    ]


def test_a_child_on_two_sides_takes_the_split_away(tmp_path: Path) -> None:
    draw(tmp_path, ["train/PNEUMONIA/person1_virus_6.jpeg", "test/PNEUMONIA/person1_virus_7.jpeg"])
    table = import_source(tmp_path, name="kermany-paediatric")
    assert "split" not in table.frame.columns
    assert cells(table.frame["published_split"]) == ["test", "train"]


@pytest.mark.films
def test_the_films_at_hand_have_the_patients_of_their_table(tmp_path: Path, real_films: Path) -> None:
    known = pd.read_csv(real_films / "table.csv", dtype="str")
    known = known[known["source"] == "kermany-paediatric"].set_index("original")
    folders = known["label"].map({"normal": "NORMAL", "other": "PNEUMONIA"})
    for name, folder in folders.items():
        (tmp_path / "train" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "train" / folder / str(name)).touch()
    frame = SOURCES["kermany-paediatric"].read(tmp_path).frame
    names = frame["image"].str.rpartition("/")[2]
    assert sorted(names) == sorted(known.index)
    theirs = names.map(known["patient"])
    assert frame.groupby(theirs.to_numpy())["patient"].nunique().max() == 1, "films that stood together stand together"
    assert frame["patient"].notna().all()
    assert frame.groupby("patient")["image"].count().sum() == len(known) == 217
    assert set(known["view"]) == set(frame["view"]) == {"AP"}
