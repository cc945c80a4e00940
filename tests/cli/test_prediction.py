"""`deepcovid predict` without a detector, as a user sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deepcovid.cli import app
from deepcovid.models.abnormal import NAME, shipped
from deepcovid.models.abnormal.words import NEXT_STEP
from tests.hostile.originals import png
from tests.models.abnormal.making import SENTENCE, shipped_folder


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A film in the working folder, where deepcovid comes with a small detector that calls everything abnormal."""
    monkeypatch.setattr(shipped, "FOLDER", shipped_folder(tmp_path / "package"))
    path = tmp_path / "film.png"
    path.write_bytes(png())
    monkeypatch.chdir(tmp_path)
    return path


def predicted(*words: object) -> Result:
    return CliRunner().invoke(app, ["predict", *map(str, words), "--no-gate"])


def test_it_says_which_detector_and_what_its_audit_says_before_the_score(film: Path) -> None:
    done = predicted("film.png")
    assert done.exit_code == 0
    told = " ".join(done.output.split())
    assert told.startswith("No detector was named: deepcovid's own is used, normal or abnormal chest film of adults;")
    assert told.partition(f" What its audit says: FAIL. {SENTENCE}")[0].endswith("name normal-or-abnormal-children.")
    assert "called abnormal: the score" in told
    assert f"next: {NEXT_STEP}" in told
    assert "public-health" not in told
    assert "no word that the film is normal" in told
    assert "measured on adults kept out of its training, by the threshold alone: 50 % (25–75 %; 8 patients)" in told


def test_json_names_the_detector_and_its_audit_and_stays_whole(film: Path) -> None:
    done = predicted("film.png", "--json", "-")
    told = json.loads(done.stdout)["detector"]
    assert (told["name"], told["positive"]) == (NAME, "abnormal")
    assert (told["audit"]["verdict"], told["audit"]["sentence"]) == ("FAIL", SENTENCE)
    tests = [(one["number"], one["name"], one["verdict"]) for one in told["audit"]["tests"]]
    assert tests == [(3, "blacked-out", "FAIL"), (4, "style", "FAIL"), (2, "source-probe", "CANNOT TELL")]
    assert told["audit"]["tests"][0]["finding"] == "What blacked-out found."
    assert len(told["about"]) == 5
    assert "No detector was named" in " ".join(done.stderr.split())
    folder = film.parent / "package" / "adults" / "detector"
    named = json.loads(predicted(folder, "film.png", "--json", "-").stdout)["detector"]
    assert (named["name"], named["about"]) == (str(folder), [])


def test_a_film_has_one_verdict_and_the_call_stands_behind_it(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "FOLDER", shipped_folder(tmp_path / "unsure", lowest=(0.4, 0.3)))
    (tmp_path / "b.png").write_bytes(png())
    (tmp_path / "c.png").write_bytes(png()[:80])
    done = predicted("film.png", "b.png", "c.png", "--json", "s.json", "--csv", "s.csv")
    lines = [line.strip() for line in done.stdout.splitlines()]
    place = lines.index("0.500  film.png")
    assert lines[place + 1].startswith("cannot tell: it could be not abnormal or abnormal (")
    assert lines[place + 2].startswith("the threshold alone: called abnormal: the score 0.500 is at or above 0.500")
    assert "3 films: 2 cannot tell, 1 could not be scored" in lines
    told = json.loads((tmp_path / "s.json").read_text())
    assert told["summary"] == {"cannot tell": 2, "failed": 1}
    assert [(one["verdict"], one["positive"]) for one in told["predictions"]] == [("cannot tell", True)] * 2
    assert (tmp_path / "s.csv").read_text().splitlines()[1].startswith("b.png,cannot tell,0.5,True,")


def test_no_heat_map_is_drawn_where_the_audit_switched_them_off(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = "Heat maps stay too much alike."
    tests = [{"test": "saliency", "verdict": "FAIL", "sentence": sentence}]
    monkeypatch.setattr(shipped, "FOLDER", shipped_folder(tmp_path / "off", tests=tests))
    done = predicted("film.png", "--heatmap", "maps")
    assert sentence in " ".join(done.output.split())
    assert not (tmp_path / "maps").exists()


def test_an_audit_by_its_name_tells_of_films_that_it_learnt_from(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "FOLDER", shipped_folder(tmp_path / "other", films=(film,)))
    (tmp_path / "table.csv").write_text("image,label,patient\nfilm.png,abnormal,p\n")
    done = CliRunner().invoke(app, ["audit", NAME, "table.csv"])
    assert "learnt from 1 of the 1 films" in " ".join(done.output.split())
    assert "1 patients have test films labelled abnormal" in " ".join(str(done.exception).split())
