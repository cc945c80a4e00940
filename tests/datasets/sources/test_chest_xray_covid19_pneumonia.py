from __future__ import annotations

from pathlib import Path

from deepcovid.datasets.sources import import_source
from tests.datasets.sources.making import cells, draw, refused

FILMS = [
    "test/COVID19/COVID19(460).jpg",
    "test/NORMAL/NORMAL(1266).jpg",
    "test/PNEUMONIA/PNEUMONIA(3418).jpg",
    "train/COVID19/COVID19(0).jpg",
    "train/COVID19/COVID19(1).jpg",
    "train/NORMAL/NORMAL(0).jpg",
    "train/PNEUMONIA/PNEUMONIA(0).jpg",
]


def miniature(folder: Path) -> None:
    """Seven films under Data/."""
    draw(folder / "Data", FILMS)


def test_every_cell(tmp_path: Path) -> None:
    miniature(tmp_path)
    frame = import_source(tmp_path, name="chest-xray-covid19-pneumonia").frame
    assert cells(frame["image"]) == [f"Data/{film}" for film in FILMS]
    assert cells(frame["label"]) == ["covid", "normal", "pneumonia", "covid", "covid", "normal", "pneumonia"]
    assert cells(frame["split"]) == ["test"] * 3 + ["train"] * 4
    assert cells(frame["findings"])[0] == "COVID19"
    assert set(frame["source"]) == {"chest-xray-covid19-pneumonia"}
    assert frame[["patient", "view", "age", "sex"]].isna().all(axis=None)


def test_what_cannot_be_known_is_said(tmp_path: Path) -> None:
    miniature(tmp_path)
    notes = import_source(tmp_path / "Data", name="chest-xray-covid19-pneumonia").notes
    assert any("patients are not published" in note for note in notes)
    assert any("Kermany's children" in note for note in notes)
    assert "7 of 7 films have no view" in notes
    assert any("images 7 instead of 6,432" in note or "7 images instead of 6,432" in note for note in notes)


def test_other_classes_are_refused_by_their_films(tmp_path: Path) -> None:
    draw(tmp_path, ["train/COVID19/a.jpg", "train/COVID/b.jpg", "test/c.jpg", "elsewhere/d.jpg"])
    assert refused(tmp_path, "chest-xray-covid19-pneumonia") == [
        "test/c.jpg: the folder is no class; allowed are COVID19, NORMAL, PNEUMONIA",
        "train/COVID/b.jpg: the folder is no class; allowed are COVID19, NORMAL, PNEUMONIA",
    ]
