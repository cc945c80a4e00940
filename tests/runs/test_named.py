"""What `predict`'s words name: a detector stays a detector, films alone go to deepcovid's own, a slip is never a film."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.errors import DetectorError, ImageError
from deepcovid.models.abnormal import NAME, shipped
from deepcovid.runs.named import named
from tests.hostile.makers_detectors import detector, folders
from tests.hostile.originals import png
from tests.models.abnormal.making import shipped_folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with films and a run, where deepcovid comes with a small detector."""
    monkeypatch.setattr(shipped, "FOLDER", shipped_folder(tmp_path / "package"))
    work = tmp_path / "work"
    (work / "films").mkdir(parents=True)
    for name in ("films/a.png", "films/b.png", "c.png"):
        (work / name).write_bytes(png())
    (work / "runs" / "first").mkdir(parents=True)
    folders(work / "runs" / "first", detector=detector())
    monkeypatch.chdir(work)
    return work


@pytest.mark.parametrize(
    ("words", "films"),
    [(["c.png"], 1), (["films"], 2), (["films", "c.png"], 3), (["films/*.png"], 2), (["c.png", "films/a.png"], 2)],
)
def test_films_alone_are_for_the_shipped_detector(words: list[str], films: int, here: Path) -> None:
    which = named(words)
    assert (which.unasked, len(which.looked.films)) == (True, films)
    assert which.own is None  # the age of each film chooses
    assert which.detector.description.positive == "abnormal"


@pytest.mark.parametrize("first", ["runs/first", "runs/first/detector"])
def test_a_detector_stands_first(first: str, here: Path) -> None:
    which = named([first, "c.png", "films"])
    assert (which.own, which.unasked, len(which.looked.films)) == (None, False, 3)
    assert which.detector.description.positive == "covid"


def test_the_name_asks_for_the_shipped_one_unless_a_folder_has_it(here: Path) -> None:
    which = named([NAME, "c.png"])
    assert which.own is not None
    assert (which.unasked, which.own.population) == (False, "adults")
    assert which.scoring is which.own
    children = named([f"{NAME}-children", "c.png"]).own
    assert children is not None
    assert children.population == "children"
    folders(here, **{NAME: detector()})
    assert named([NAME, "c.png"]).detector.description.positive == "covid"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["runs/frist", "c.png"], r"runs/frist: there is no such file or folder.*did you mean 'first'"),
        (["normal-or-abnormol", "c.png"], rf"did you mean '{NAME}'"),
        (["runs", "c.png"], r"no detector.json here, but there are detectors in folders below it \(runs/first\)"),
        (["runs/first"], "no film was named"),
        ([NAME], "no film was named"),
        (["empty", "c.png"], "there is no detector.json here, and no film either"),
        (["theirs.onnx", "c.png"], "this is a file, and a detector is a folder"),
        (["runs/first/detector/detector.json", "c.png"], "this is a file, and a detector is a folder"),
        (["broken", "c.png"], "there is no detector.json here"),
        (["altered", "c.png"], "altered"),
        (["c.png", "runs/first"], "runs/first: this is a detector's folder, and stands among the films"),
    ],
)
def test_what_was_meant_for_a_detector_is_never_taken_for_films(words: list[str], told: str, here: Path) -> None:
    (here / "empty").mkdir()
    (here / "theirs.onnx").write_bytes(b"a model")
    (here / "broken").mkdir()  # a run that was stopped before its detector was written, with a picture in it
    (here / "broken" / "run.json").write_text("{}")
    (here / "broken" / "roc.png").write_bytes(png())
    folders(here, altered=detector() | {"model.onnx": b"another"})
    with pytest.raises(DetectorError, match=told):
        named(words)


def test_other_words_that_name_nothing_stay_errors_of_films(here: Path) -> None:
    with pytest.raises(ImageError, match=r"d\.png: there is no such file"):
        named(["c.png", "d.png"])
    with pytest.raises(ImageError, match="no film matches"):
        named(["films/*.dcm"])


def test_films_are_looked_for_before_a_missing_detector_is_an_error(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "FOLDER", here)  # nothing lies there
    with pytest.raises(
        DetectorError, match=r"comes with no detector normal-or-abnormal.*deepcovid predict runs/NAME FILMS"
    ):
        named(["c.png"])
