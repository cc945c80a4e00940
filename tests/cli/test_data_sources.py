from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deepcovid.cli import app
from deepcovid.datasets.sources import SOURCES
from deepcovid.datasets.table import load_table
from deepcovid.errors import DeepCovidError, TableError, UnknownNameError
from tests.datasets.sources import test_covid_chestxray as covid_chestxray
from tests.datasets.sources.making import draw


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["data", *map(str, words)])


def imported(folder: Path, *words: object) -> Result:
    covid_chestxray.miniature(folder)
    return run("import", folder, "--source", "covid-chestxray", "--out", folder / "table.csv", *words)


def told(done: Result) -> str:
    return " ".join(done.output.split())


def test_a_collection_becomes_a_table_and_what_was_left_out_is_said(tmp_path: Path) -> None:
    done = imported(tmp_path)
    assert done.exit_code == 0, done.exception
    assert "covid: 2 films" in told(done)
    assert "pneumonia: 1 films" in told(done)
    assert "! 1 CT images are no X-rays and were left out" in told(done)
    assert "! the counts differ from COVID-19 Image Data Collection" in told(done)
    frame = load_table(tmp_path / "table.csv").frame
    assert frame["image"].tolist() == ["images/a.jpeg", "images/b.png", "images/c.jpg"]
    assert frame["original_view"].tolist() == ["PA", "AP Supine", "AP"]


@pytest.mark.parametrize(
    ("words", "films"),
    [
        ([], 3),
        (["--views", "pa, ap supine"], 2),
        (["--all-views"], 4),
        (["--keep-ct"], 4),
        (["--all-views", "--keep-ct"], 5),
    ],
)
def test_what_is_kept_can_be_chosen(tmp_path: Path, words: list[str], films: int) -> None:
    assert imported(tmp_path, *words).exit_code == 0
    assert len(load_table(tmp_path / "table.csv")) == films


def test_an_absent_film_is_refused_unless_told_and_no_table_is_left(tmp_path: Path) -> None:
    covid_chestxray.miniature(tmp_path)
    (tmp_path / "images" / "b.png").unlink()
    words = ("import", tmp_path, "--source", "covid-chestxray", "--out", tmp_path / "table.csv")
    done = run(*words)
    assert isinstance(done.exception, TableError)
    assert "row 3: there is no file images/b.png" in str(done.exception)
    assert "--allow-absent" in str(done.exception)
    assert not (tmp_path / "table.csv").exists()
    assert "images/b.png (row 3)" in told(run(*words, "--allow-absent"))
    assert len(load_table(tmp_path / "table.csv")) == 2


def test_the_metadata_is_not_overwritten(tmp_path: Path) -> None:
    covid_chestxray.miniature(tmp_path)
    before = (tmp_path / "metadata.csv").read_bytes()
    done = run("import", tmp_path, "--source", "covid-chestxray", "--out", tmp_path / "metadata.csv")
    assert isinstance(done.exception, DeepCovidError)
    assert "this is an input" in str(done.exception)
    assert (tmp_path / "metadata.csv").read_bytes() == before


def test_a_slip_of_the_pen_is_no_hospital(tmp_path: Path) -> None:
    draw(tmp_path, ["covid/a.png", "normal/b.png"])
    done = run("import", tmp_path, "--source", "covid-chest-xray", "--out", tmp_path / "table.csv")
    assert isinstance(done.exception, UnknownNameError)
    assert "did you mean 'covid-chestxray'" in str(done.exception)
    assert not (tmp_path / "table.csv").exists()


def test_class_folders_are_imported_as_ever_and_a_plain_name_is_said_to_be_one(tmp_path: Path) -> None:
    draw(tmp_path, ["covid/a.png", "normal/b.png"])
    done = run("import", tmp_path, "--source", "St. Elsewhere", "--out", tmp_path / "table.csv")
    assert done.exit_code == 0, done.exception
    assert "'St. Elsewhere' is no registered collection (deepcovid data list) and was taken as a plain name" in told(
        done
    )
    assert load_table(tmp_path / "table.csv").frame["source"].tolist() == ["St. Elsewhere"] * 2
    done = run("import", tmp_path, "--out", tmp_path / "other.csv")
    assert done.exit_code == 0
    assert "registered" not in told(done)
    assert "source" not in load_table(tmp_path / "other.csv").frame


@pytest.mark.parametrize("flag", [["--views", "PA"], ["--all-views"], ["--keep-ct"], ["--allow-absent"]])
def test_flags_of_collections_are_refused_for_class_folders(tmp_path: Path, flag: list[str]) -> None:
    draw(tmp_path, ["covid/a.png", "normal/b.png"])
    done = run("import", tmp_path, "--out", tmp_path / "table.csv", *flag)
    assert isinstance(done.exception, DeepCovidError)
    assert "are for registered collections" in str(done.exception)


def test_list_has_every_source() -> None:
    lines = run("list").output.splitlines()
    assert [line.split()[0] for line in lines] == SOURCES.names()
    assert [source["name"] for source in json.loads(run("list", "--json").output)] == SOURCES.names()


@pytest.mark.parametrize("name", SOURCES.names())
def test_info_says_everything(name: str) -> None:
    source, shown = SOURCES[name], told(run("info", name))
    for part in (
        source.title,
        source.home,
        source.licence,
        source.citation,
        *source.steps,
        *source.layout.splitlines(),
    ):
        assert " ".join(part.split()) in shown
    assert f"--source {name}" in shown
    assert json.loads(run("info", name, "--json").output) == source.to_dict()


def test_info_of_an_unknown_name_guesses() -> None:
    assert "did you mean 'hannover'" in str(run("info", "hanover").exception)
