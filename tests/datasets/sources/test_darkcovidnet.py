from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from deepcovid.datasets.sources import import_source
from tests.datasets.sources.making import cells, draw, refused

FILMS = [
    "Covid-19/1-s2.0-S0929664620300449-gr2_lrg-a.jpg",
    "Covid-19/41591_2020_819_Fig1_HTML.webp-day10.png",
    "No_findings/00001280_004.png",
    "No_findings/00001362_014.png",
    "Pneumonia/00001285_001.png",
    "Pneumonia/renamed.png",
]


def miniature(folder: Path) -> None:
    """Six films in the folder of the authors' repository."""
    draw(folder / "X-Ray Image DataSet", FILMS)


def test_every_cell(tmp_path: Path) -> None:
    miniature(tmp_path)
    frame = import_source(tmp_path, name="darkcovidnet").frame
    assert cells(frame["image"]) == [f"X-Ray Image DataSet/{film}" for film in FILMS]
    assert cells(frame["label"]) == ["covid", "covid", "normal", "normal", "pneumonia", "pneumonia"]
    assert cells(frame["patient"]) == [None, None, "1280", "1362", "1285", None]
    assert cells(frame["source"]) == ["covid-chestxray"] * 2 + ["nih-chestxray14"] * 3 + ["darkcovidnet"]
    assert cells(frame["findings"])[2] == "No_findings"
    assert cells(frame["license"])[1:3] == [None, "no restrictions (NIH Clinical Center)"]
    assert "split" not in frame.columns


def test_two_copies_side_by_side_are_asked_about(tmp_path: Path) -> None:
    miniature(tmp_path)
    draw(tmp_path / "Dataset", FILMS)
    with pytest.raises(Exception, match="several copies here: Dataset, X-Ray Image DataSet → give one of these"):
        import_source(tmp_path, name="darkcovidnet")


def test_films_of_other_folders_are_refused(tmp_path: Path) -> None:
    miniature(tmp_path)
    draw(tmp_path / "X-Ray Image DataSet", ["Normal/a.png"])
    problems = refused(tmp_path, "darkcovidnet")
    assert problems == ["Normal/a.png: the folder is no class; allowed are Covid-19, No_findings, Pneumonia"]


def test_a_file_that_is_no_image_is_refused_and_left_out_only_when_told(tmp_path: Path) -> None:
    miniature(tmp_path)
    home = tmp_path / "X-Ray Image DataSet"
    (home / FILMS[0]).write_bytes(b"")
    (home / FILMS[2]).write_bytes(b"<html>not found</html>" * 20)
    assert refused(tmp_path, "darkcovidnet") == [
        f"X-Ray Image DataSet/{film}: the file is empty or no image" for film in (FILMS[0], FILMS[2])
    ]
    assert len(import_source(tmp_path, name="darkcovidnet", allow_absent=True)) == len(FILMS) - 2


def test_a_copy_of_names_alone_is_read_and_said(tmp_path: Path) -> None:
    miniature(tmp_path)
    for film in FILMS:
        (tmp_path / "X-Ray Image DataSet" / film).write_bytes(b"")
    table = import_source(tmp_path, name="darkcovidnet")
    assert len(table) == len(FILMS)
    assert "none of the 6 files is an image: their names alone were read" in table.notes


@pytest.mark.films
def test_the_films_at_hand_that_the_paper_used(tmp_path: Path, real_films: Path) -> None:
    known = pd.read_csv(real_films / "table.csv", dtype="str").dropna(subset=["darkcovidnet"])
    folders = known["darkcovidnet"].map({"covid": "Covid-19", "no-findings": "No_findings", "pneumonia": "Pneumonia"})
    for folder, name in zip(folders, known["original"], strict=True):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_bytes(b"\xff\xd8\xff")
    frame = import_source(tmp_path, name="darkcovidnet").frame
    assert frame["label"].value_counts().to_dict() == {"normal": 500, "pneumonia": 500, "covid": 124}
    by_name = known.set_index("original")["patient"].str.removeprefix("nih-")
    of_nih = frame[frame["source"] == "nih-chestxray14"]
    assert cells(of_nih["patient"]) == cells(of_nih["image"].str.rpartition("/")[2].map(by_name))
