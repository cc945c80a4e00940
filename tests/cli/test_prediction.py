"""`deepcovid predict` without a detector, as a user sees it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from deepcovid.cli import app
from deepcovid.models.abnormal import NAME, NAMES, shipped
from deepcovid.models.abnormal.words import NEXT_STEP
from tests.datasets.dicom_making import film as dicom
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
    assert told.startswith(
        "No detector was named: deepcovid's own are used, normal or abnormal chest film, of adults and of"
    )
    assert told.index(f"What the audit of {NAME} (films of adults) says: FAIL. {SENTENCE}") < told.index(
        "0.500 film.png"
    )
    assert "What the audit of normal-or-abnormal-children" not in told
    assert told.endswith("If any is of a child: deepcovid predict normal-or-abnormal-children FILMS")
    assert "called abnormal: the score" in told
    assert f"next: {NEXT_STEP}" in told
    assert "public-health" not in told
    assert "no word that the film is normal" in told
    assert "measured on adults kept out of its training, by the threshold alone: 50 % (25–75 %; 8 patients)" in told


def test_json_names_the_detector_and_its_audit_and_stays_whole(film: Path) -> None:
    done = predicted("film.png", "--json", "-")
    (told,) = json.loads(done.stdout)["detectors"]
    assert (told["name"], told["positive"], told["films"]) == (NAME, "abnormal", 1)
    assert (told["audit"]["verdict"], told["audit"]["sentence"]) == ("FAIL", SENTENCE)
    tests = [(one["number"], one["name"], one["verdict"]) for one in told["audit"]["tests"]]
    assert tests == [(3, "blacked-out", "FAIL"), (4, "style", "FAIL"), (2, "source-probe", "CANNOT TELL")]
    assert told["audit"]["tests"][0]["finding"] == "What blacked-out found."
    assert len(told["about"]) == 5
    assert "No detector was named" in " ".join(done.stderr.split())
    folder = film.parent / "package" / "adults" / "detector"
    (named,) = json.loads(predicted(folder, "film.png", "--json", "-").stdout)["detectors"]
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


AGES = {"child": "010Y", "adult": "040Y", "none": None, "odd": "ten"}


@pytest.fixture
def ages(film: Path) -> Path:
    """A folder with a DICOM film of a child, of an adult, of nobody known and of somebody whose age cannot be read."""
    pixels = np.arange(1024, dtype=np.uint16).reshape(32, 32)
    for name, age in AGES.items():
        dicom(film.parent / "ages" / f"{name}.dcm", pixels=pixels, PatientAge=age, PatientBirthDate=None)
    return film.parent


@pytest.mark.filterwarnings("ignore:Invalid value for VR")  # of pydicom: that is the case under test
def test_the_age_in_a_films_header_chooses_the_detector(ages: Path) -> None:
    done = predicted("ages", "film.png", "--json", "s.json", "--csv", "s.csv")
    told = " ".join(done.output.split())
    for name in NAMES:
        assert told.count(f"What the audit of {name} (films of ") == 1
    assert told.count("scored by normal-or-abnormal-children (by its header child)") == 1
    assert told.count("scored by normal-or-abnormal (age unknown)") == 3
    assert "3 films tell no age and were scored as of adults (it cannot be read in 1)" in told
    whole = json.loads((ages / "s.json").read_text())
    by = {Path(one["image"]).stem: (one["detector_name"], one["age_group"]) for one in whole["predictions"]}
    unknown = (NAME, "unknown")
    assert by == {
        "child": (f"{NAME}-children", "child"), "adult": (NAME, "adult"), "none": unknown, "odd": unknown, "film": unknown,
    }  # fmt: skip
    assert [(one["name"], one["films"]) for one in whole["detectors"]] == [(NAME, 4), (f"{NAME}-children", 1)]
    assert whole["notes"][0].startswith("3 films tell no age")
    rows = list(csv.DictReader((ages / "s.csv").open()))
    assert {(Path(row["image"]).stem, row["detector_name"], row["age_group"]) for row in rows} == {
        (film, *found) for film, found in by.items()
    }
    said = told + (ages / "s.json").read_text() + (ages / "s.csv").read_text()
    assert not any(secret in said for secret in ("010Y", "040Y", "Doe", "MRN-4711", "20200312", "ACC-90210"))


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_a_film_of_another_age_than_the_named_detectors_is_scored_with_a_warning(ages: Path) -> None:
    for name, warned, which in ((NAME, "child", "a child"), (f"{NAME}-children", "adult", "an adult")):
        done = predicted(name, "ages", "--json", "s.json")
        told = json.loads((ages / "s.json").read_text())
        assert {one["detector_name"] for one in told["predictions"]} == {name}
        assert [Path(one["image"]).stem for one in told["predictions"] if one["warning"]] == [warned]
        output = " ".join(done.output.split())
        assert f"warning: this is a film of {which} by its header, and this detector was made of films of " in output
        assert "scored as of adults" not in output
        assert [note.partition(":")[0] for note in told["notes"]] == [
            "ages that cannot be read in the headers of films",
            f"films of {'children' if warned == 'child' else 'adults'} by their headers",
        ]


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
