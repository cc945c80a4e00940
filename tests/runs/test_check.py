"""Tests of a whole check, on phantoms with planted problems and on the real films."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from deepcovid.errors import TableError
from deepcovid.runs.check import Checked, check_table
from tests.datasets.twins import changed, phantom_films
from tests.runs.planted import clean, film, more, write

PAGE = Path(__file__).resolve().parents[2] / "docs" / "check.md"
KNOWN = [
    {"cohen-78", "cohen-201"},
    {"cohen-97", "cohen-178"},
    {"cohen-192", "cohen-196"},
    {"cohen-36", "figure1-COVID-00022"},
    {"figure1-COVID-00033", "figure1-COVID-00037"},
    {"figure1-COVID-00020", "kermany-person1004"},
]


def checked(folder: Path, frame: pd.DataFrame, **options: Any) -> Checked:
    return check_table(write(folder, frame), **{"gate": False, **options})


def verdicts(done: Checked) -> dict[str, str]:
    return {test.name: result.verdict for test, result in done.results}


@pytest.fixture
def frame(tmp_path: Path) -> pd.DataFrame:
    return clean(tmp_path)


def test_a_clean_table_passes(tmp_path: Path, frame: pd.DataFrame) -> None:
    done = checked(tmp_path, frame)
    found = verdicts(done)
    assert set(found.values()) <= {"PASS", "CANNOT TELL"}, found
    for name in (
        "table-form",
        "unreadable-files",
        "patient-sides",
        "near-duplicates",
        "conflicting-labels",
        "licences",
    ):
        assert found[name] == "PASS"
    assert done.verdict in {"PASS", "CANNOT TELL"}
    assert all(pair["verdict"] == "look" for pair in done.report["pairs"])


def test_planted_copies_are_found_with_both_patients(tmp_path: Path, frame: pd.DataFrame) -> None:
    people = phantom_films(60)
    for number, name in enumerate(("recompressed", "inverted", "mirrored", "cropped by 3 %", "brighter")):
        place = 8 * number
        image = film(tmp_path, f"x{number}.jpg", changed(people[place], name), quality=90)
        same = {key: frame[key].iloc[place] for key in ("label", "split")}
        frame = more(frame, image=image, patient=f"x{number}", **same)
    done = checked(tmp_path, frame)
    found = [pair for pair in done.report["pairs"] if pair["verdict"] == "duplicate"]
    told = {tuple(one["patient"] for one in pair["films"]): pair["transform"] for pair in found}
    transforms = {0: "same", 1: "inverse", 2: "mirror", 3: "same", 4: "same"}
    assert told == {(f"p{8 * number:03}", f"x{number}"): transforms[number] for number in range(5)}
    assert done.verdict == verdicts(done)["near-duplicates"] == "FAIL"
    assert verdicts(done)["conflicting-labels"] == "PASS"


def test_one_film_with_two_labels_on_two_sides(tmp_path: Path, frame: pd.DataFrame) -> None:
    image = film(tmp_path, "x.jpg", phantom_films(60)[0], quality=80)
    frame = more(frame, image=image, patient="p000", label="normal", split="test")
    done = checked(tmp_path, frame)
    found = verdicts(done)
    assert [found[name] for name in ("patient-sides", "near-duplicates", "conflicting-labels")] == ["FAIL"] * 3


def test_missing_and_damaged_films_and_bad_cells_are_all_listed_and_the_check_goes_on(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    for place in range(30):
        frame.loc[place, "image"] = f"images/absent-{place}.png"
    (tmp_path / "images" / "cut.png").write_bytes((tmp_path / frame["image"][40]).read_bytes()[:200])
    frame.loc[31, "image"] = "images/cut.png"
    frame["age"] = frame["age"].astype(str)
    frame.loc[50, ["split", "age"]] = ["trainig", "6O"]
    frame.loc[51, "lung_mask"] = "masks/absent.png"
    done = checked(tmp_path, frame)
    tests = {test["test"]: test for test in done.report["tests"]}
    assert len(tests["unreadable-files"]["findings"]) == 31
    assert sum("images/absent-" in finding for finding in tests["unreadable-files"]["findings"]) == 30
    assert sorted(finding.split(":")[0] for finding in tests["table-form"]["findings"]) == [
        "row 52",
        "row 52",
        "row 53",
    ]
    assert tests["few-patients"]["verdict"] == "PASS"
    assert done.verdict == "FAIL"


def test_one_source_a_class_children_and_shortcuts_warn(tmp_path: Path, frame: pd.DataFrame) -> None:
    covid = frame["label"] == "covid"
    frame["source"] = covid.map({True: "cohen", False: "kermany"})
    frame["age"] = covid.map({True: 60.0, False: 4.0})
    frame["view"] = covid.map({True: "AP", False: "PA"})
    frame["license"] = "CC BY-NC 4.0"
    done = checked(tmp_path, frame)
    found = verdicts(done)
    for name in ("source-alone", "metadata-alone", "one-source-classes", "children-and-adults", "licences"):
        assert found[name] == "WARN", name
    assert done.verdict == "WARN"
    claims = next(test for test in done.report["tests"] if test["test"] == "source-alone")["findings"]
    assert any(
        "no film of the same source supports a claim that covid is told from normal" in claim for claim in claims
    )


def test_the_second_check_reads_nothing_and_says_the_same(tmp_path: Path, frame: pd.DataFrame) -> None:
    first, second = checked(tmp_path, frame), checked(tmp_path, frame)
    assert (first.report["films_read_now"], second.report["films_read_now"]) == (60, 0)
    same = [{**done.report, "seconds": 0, "films_read_now": 0} for done in (first, second)]
    assert same[0] == same[1]
    film(tmp_path, "007.png", 1 - phantom_films(60)[7])
    assert checked(tmp_path, frame).report["films_read_now"] == 1


def test_the_gate_is_asked(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    frame = clean(tmp_path, count=3)
    frame = more(frame, image=film(tmp_path, "blank.png", phantom_films(60)[0] * 0), patient="blank")
    done = checked(tmp_path, frame, gate=True)
    wrong = next(test for test in done.report["tests"] if test["test"] == "wrong-images")
    assert "blank" in wrong["figures"]["reasons"]
    assert wrong["verdict"] == "FAIL"
    assert checked(tmp_path, frame).report["notes"] == ["the gate was not asked (--no-gate)"]


def test_what_cannot_be_checked_is_refused_with_every_reason(tmp_path: Path, frame: pd.DataFrame) -> None:
    odd = frame.assign(split="nowhere")
    odd.loc[0, "image"] = "../outside.png"
    odd.loc[1, "image"] = "/etc/hosts.png"
    with pytest.raises(TableError, match="cannot be checked") as caught:
        checked(tmp_path, odd)
    told = " ".join(caught.value.problems)
    assert all(word in told for word in ("leaves the table's folder", "is absolute"))
    with pytest.raises(TableError, match="there is no column 'label'"):
        checked(tmp_path, frame.drop(columns="label"))
    with pytest.raises(TableError, match="no film is labelled 'covd'"):
        checked(tmp_path, frame, positives=["covd"])
    with pytest.raises(TableError, match="no rows"):
        checked(tmp_path, frame.iloc[:0])


def test_a_table_without_labels_is_asked_all_that_needs_none(tmp_path: Path, frame: pd.DataFrame) -> None:
    twin = film(tmp_path, "twin.png", phantom_films(60)[7])
    done = checked(tmp_path, more(frame, image=twin, patient="somebody else").assign(label=None))
    found = verdicts(done)
    assert (found["table-form"], found["near-duplicates"], done.verdict) == ("PASS", "FAIL", "FAIL")
    for name in ("source-alone", "one-source-classes", "few-patients"):
        assert next(r.sentence for t, r in done.results if t.name == name) == "No film has a label."
    asked = (
        "source-alone",
        "metadata-alone",
        "border-alone",
        "one-source-classes",
        "children-and-adults",
        "few-patients",
    )
    assert {found[name] for name in asked} == {"CANNOT TELL"}


def test_a_link_out_of_the_folder_is_not_followed_unless_allowed(tmp_path: Path) -> None:
    frame = clean(tmp_path / "here", count=4)
    outside = tmp_path / film(tmp_path, "secret.png", phantom_films(12)[11])
    (tmp_path / "here" / "images" / "link.png").symlink_to(outside)
    frame = more(frame, image="images/link.png", patient="q")
    with pytest.raises(TableError, match="row 6: a link leads the image path out of the table's folder"):
        checked(tmp_path / "here", frame)
    assert not checked(tmp_path / "here", frame, allow_outside=True).examined.subject.films.failures


def test_another_label_column_and_asked_classes(tmp_path: Path, frame: pd.DataFrame) -> None:
    frame["finding"] = ["pneumonia", "clear", "nodule"] * 20
    done = checked(tmp_path, frame.drop(columns="label"), label_column="finding", positives=["nodule"])
    areas = next(test for test in done.report["tests"] if test["test"] == "border-alone")["figures"]["areas"]
    assert [area["label"] for area in areas] == ["nodule"]
    assert done.report["labels"] == {"pneumonia": 20, "clear": 20, "nodule": 20}


def test_every_key_of_the_json_is_documented(tmp_path: Path, frame: pd.DataFrame) -> None:
    image = film(tmp_path, "x.jpg", phantom_films(60)[0], quality=80)
    report = checked(tmp_path, more(frame, image=image, patient="x")).report
    json.dumps(report, allow_nan=False)
    page = PAGE.read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `([^`]+)` \|", page[page.index("## The JSON") :], re.M))
    there = set(report) - {"tests", "pairs"} | {"tests[]", "pairs[]", "pairs[].films[]", "pairs[].more[]"}
    there |= {f"tests[].{key}" for key in report["tests"][0]}
    there |= {f"pairs[].{key}" for key in report["pairs"][0] if key not in {"films", "more"}}
    there |= {f"pairs[].films[].{key}" for key in ("row", "image")}
    assert told == there
    assert set(report["pairs"][0]["films"][0]) == {"row", "image", "patient", "source", "split", "label"}
    assert report["format"] == 1


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real films are read once for all tests here."""
    return tmp_path_factory.mktemp("films-cache")


@pytest.mark.films
def test_the_known_duplicates_of_the_real_films(
    real_films: Path, shared_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPCOVID_CACHE", str(shared_cache))
    done = check_table(real_films / "table.csv", gate=False)
    pairs = done.report["pairs"]
    same = [pair for pair in pairs if pair["verdict"] == "duplicate"]
    patients = [{one["patient"] for one in pair["films"]} for pair in same]
    assert all(known in patients for known in KNOWN)
    assert len(pairs) <= 30
    assert len(same) <= 12, "a pair that nobody has looked at"
    clash = next(pair for pair in same if {one["patient"] for one in pair["films"]} == KNOWN[-1])
    assert {one["label"] for one in clash["films"]} == {"covid", "other"}
    tests = {test["test"]: test for test in done.report["tests"]}
    assert tests["conflicting-labels"]["figures"]["pairs"] == 1
    source = tests["source-alone"]["figures"]["areas"][0]
    assert source["label"] == "covid"
    assert 0.94 < source["auc"]["low"] < source["auc"]["value"] < source["auc"]["high"] < 0.98
    assert done.verdict == "FAIL"


@pytest.mark.films
def test_the_published_darkcovidnet_set_has_no_film_of_the_same_source(
    real_films: Path, shared_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPCOVID_CACHE", str(shared_cache))
    done = check_table(real_films / "table.csv", gate=False, label_column="darkcovidnet", positives=["covid"])
    source = next(test for test in done.report["tests"] if test["test"] == "source-alone")
    assert [claim["support"] for claim in source["figures"]["claims"]] == ["none", "none"]
    assert source["figures"]["areas"][0]["auc"]["value"] == 1.0
