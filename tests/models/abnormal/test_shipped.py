"""deepcovid's own detectors: nothing of them is used that was altered, and each says which it is and how often it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.errors import DetectorError, UnknownNameError
from deepcovid.models.abnormal import NAMES, shipped_detector
from deepcovid.models.abnormal.words import miscalibrated
from deepcovid.storage import read_json, write_json
from tests.models.abnormal.making import SENTENCE, seal, shipped_folder


@pytest.mark.parametrize(("name", "population"), NAMES.items())
def test_its_words_hold_the_audit_the_population_and_the_figures(name: str, population: str, tmp_path: Path) -> None:
    own = shipped_detector(name, folder=shipped_folder(tmp_path))
    assert (own.name, own.detector.description.positive) == (name, "abnormal")
    which, audit = own.announcement()
    assert f"chest film of {population}; a demonstration for research, no medical device." in which
    (other,) = set(NAMES) - {name}
    assert which.endswith(f"name {other}.")
    said = f"says: FAIL. {SENTENCE} 2 of its tests fail: blacked-out, style."
    assert audit == f"What its audit {said}"
    assert own.verdict == f"What the audit of {name} (films of {population}) {said}"
    assert (
        f"measured on {population} kept out of its training, by the threshold alone: 50 % (25–75 %; 8 patients) of abnormal films"
        in own.about[-3]
    )
    assert "50 % (25–75 %; 8 patients) of films were decided there" in own.about[-2]
    assert own.about[-1].startswith("its probabilities were too sure there: calibration slope 0.50 (0.25–0.75;")


@pytest.mark.parametrize(
    ("low", "high", "words"), [(0.5, 1.5, ""), (0.5, 0.9, "too sure"), (1.1, 1.9, "too cautious"), (0.5, 1.0, "")]
)
def test_a_calibration_is_called_wrong_where_its_interval_says_so(low: float, high: float, words: str) -> None:
    told = miscalibrated({"slope": {"value": 1.0, "low": low, "high": high, "n": 9, "unit": "patient"}})
    assert words in told
    assert (told == "") == (words == "")
    assert miscalibrated({"slope": None}) == ""


@pytest.mark.parametrize("name", ["audit.json", "figures.json", "MODEL_CARD.md", "films.csv", "detector/detector.json"])
def test_an_altered_or_missing_file_is_refused_by_name(name: str, tmp_path: Path) -> None:
    path = shipped_folder(tmp_path) / "adults" / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(DetectorError, match=r"install deepcovid again, or name a detector of your own"):
        shipped_detector(folder=tmp_path)
    path.unlink()
    with pytest.raises(DetectorError, match=path.name):
        shipped_detector(folder=tmp_path)


def test_the_audit_of_another_detector_is_refused(tmp_path: Path) -> None:
    folder = shipped_folder(tmp_path) / "adults"
    write_json(folder / "audit.json", read_json(folder / "audit.json") | {"detector": "0" * 64})
    seal(folder)
    with pytest.raises(DetectorError, match="the audit of another detector"):
        shipped_detector(folder=tmp_path)


@pytest.mark.parametrize("damage", ["[]", "{", '{"format": 7}'])
def test_a_damaged_manifest_is_an_error_with_a_mend(damage: str, tmp_path: Path) -> None:
    (shipped_folder(tmp_path) / "adults" / "abnormal.json").write_text(damage)
    with pytest.raises(DetectorError, match=r"abnormal\.json"):
        shipped_detector(folder=tmp_path)


def test_a_version_without_one_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="normal-or-abnormal-children"):
        shipped_detector("abnormal")
    with pytest.raises(DetectorError, match="comes with no detector normal-or-abnormal"):
        shipped_detector(folder=tmp_path)


def test_films_that_it_learnt_from_are_known_by_their_bytes(tmp_path: Path) -> None:
    seen, new = tmp_path / "seen.png", tmp_path / "new.png"
    seen.write_bytes(b"a film")
    new.write_bytes(b"another")
    own = shipped_detector(folder=shipped_folder(tmp_path / "own", films=(seen,)))
    assert own.learnt([seen, new, tmp_path / "gone.png"]) == 1


@pytest.mark.parametrize("name", NAMES)
def test_what_comes_with_deepcovid_is_whole_small_and_says_what_was_found(name: str) -> None:
    from deepcovid.datasets.phantom import render_phantom

    own = shipped_detector(name)
    told = own.detector.description
    assert max(path.stat().st_size for path in own.card.parent.rglob("*") if path.is_file()) <= 5_000_000
    assert 0 <= own.detector.score(render_phantom(seed=7).film) <= 1
    assert told.conformal is not None
    assert own.detector.operating_point.chosen_on == "validation"
    assert own.audit["sentence"] in " ".join(own.announcement())
    card = own.card.read_text(encoding="utf-8")
    assert own.detector.hash in card
    assert card.splitlines()[2].startswith(f"> **Audit: {own.audit['verdict']}.** {own.audit['sentence']}")
    assert own.figures["detector"] == own.detector.hash
    assert own.figures["test"]["auc"] == own.audit["tests"][0]["figures"]["auc"]["all test films"]
